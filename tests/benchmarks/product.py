"""The product in a process of its own, on the database of its environment: sets up customers and carries out their flows."""

from __future__ import annotations

import cProfile
import os
import pstats
import sys
import threading
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sharespine.settings")
django.setup()

from django.db import connection as database  # noqa: E402 - after django.setup()
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from billing.models import Customer  # noqa: E402
from flows import engine, mapping_changes, mapping_rules, mapping_trial, services, tasks  # noqa: E402
from flows.ledger import claims  # noqa: E402
from flows.models import (  # noqa: E402
    Connection,
    ConnectionPlugin,
    Endpoint,
    Event,
    Flow,
    Item,
    LookUpTable,
    Run,
    Transfer,
)
from flows.shaping import Shaping  # noqa: E402
from tests.benchmarks.wire import obey  # noqa: E402
from tests.customers import subscribed  # noqa: E402
from tests.faults import initial  # noqa: E402

ACTOR = "benchmark"
#: What a transfer has from its order.
FACTS = (
    *("flow_id", "customer_id", "erp_id", "buyer", "party_key", "email_key", "currency", "total"),
    *("placed_at", "modified_at", "content_hash", "document_hash"),
)


def set_up(shop: dict[str, Any], erp: dict[str, Any], in_flight: int, shops: int = 1, live: bool = True) -> dict[str, Any]:
    """A customer with an ERP endpoint that bears `in_flight` calls at once, and `shops` shop endpoints with a flow each.

    Orders count as new: those of the last day are not looked up in the ERP before they are sent.
    """
    customer = subscribed(f"Kund {Customer.objects.count() + 1} AB")
    target = _endpoint(customer, erp, "Bokföringen", in_flight)
    modules = [module.key for module in target.connector_class.manifest.modules]
    connection = Connection.objects.create(customer=customer, name="Till bokföringen", erp=target, modules=modules)
    services.activate_connection(connection, actor=ACTOR)
    flows, codes = [], []
    for number in range(shops):
        source = _endpoint(customer, shop, f"Butik {number + 1}", None)
        flow = Flow.objects.create(
            connection=connection,
            shop=source,
            trigger_statuses=["processing", "completed"],
            source_options=shop["flow"],
            target_options=erp["flow"],
            look_up_before=timezone.now() - timedelta(days=1),
        )
        if live:
            services.resume_flow(flow, actor=ACTOR)
        flows.append(flow.pk)
        codes.append(source.code)
    return {"customer": customer.pk, "flows": flows, "codes": codes}


def beside(flow: int, register: str, direction: str, shop: dict[str, Any], erp: dict[str, Any]) -> int:
    """A flow of another register between the two systems of `flow`. Returns its id."""
    of_orders = Flow.objects.select_related("connection", "shop").get(pk=flow)
    source, target = (shop, erp) if direction == Flow.Direction.TO_ERP else (erp, shop)
    made = Flow.objects.create(
        connection=of_orders.connection,
        shop=of_orders.shop,
        register=register,
        direction=direction,
        state=Flow.State.ACTIVE,
        source_options=source["flows"][register],
        target_options=target["flows"][register],
    )
    return made.pk


def choose_plugin(flow: int, name: str, options: dict[str, Any]) -> int:
    """Have the connection of `flow` use a plugin. Returns the id of the choice."""
    connection = Connection.objects.get(flows=flow)
    return ConnectionPlugin.objects.create(connection=connection, name=name, options=options).pk


def _endpoint(customer: Customer, given: dict[str, Any], name: str, in_flight: int | None) -> Endpoint:
    endpoint = Endpoint(customer=customer, system=given["system"], name=name, max_in_flight=in_flight)
    secret = endpoint.connector_class.manifest.secret_keys
    endpoint.options = {key: value for key, value in given["options"].items() if key not in secret}
    endpoint.secrets = {key: value for key, value in given["options"].items() if key in secret}
    endpoint.save()
    services.check_endpoint(endpoint, actor=ACTOR)
    if endpoint.health != Endpoint.Health.WORKING:
        raise RuntimeError(f"{name}: {endpoint.trouble}")
    return endpoint


def carry_out(flow: int, patience: float = 600, profile: str = "") -> dict[str, Any]:
    """Run `flow`, as a worker would, until nothing of it is due. `profile` is a file that a table of the time is written to."""
    profiler = Profiler() if profile else None
    started, cpu, ends = time.perf_counter(), time.process_time(), time.monotonic() + patience
    while True:
        tasks.run_flow(flow)
        waiting = [model.objects.filter(flow=flow, due_at__isnull=False).exists() for model in (Transfer, Item)]
        if not (any(waiting) or _is_due(flow)):
            break
        if time.monotonic() > ends:
            raise RuntimeError(f"not done after {patience} s: {states(flow)}")
    result = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    if profiler is not None:
        Path(profile).write_text(profiler.table())
    return {**result, "database_cpu": _database_cpu(), "states": states(flow), "memory": memory()}


def begin_initial(flow: int) -> int:
    """Start an initial sync of `flow`, and no other flow runs beside it. Returns its id."""
    sync: Any = initial.start({"flow": flow, "dry_run": False})["sync"]
    return int(sync)


def carry_initial(sync: int, patience: float = 3000) -> dict[str, Any]:
    """Carry an initial sync on, as workers would, until it is done or stopped. Returns where it is then."""
    return initial.until_over(sync, patience)


def stop_initial(sync: int) -> None:
    initial.stop(sync)


def resume_initial(sync: int) -> None:
    initial.resume(sync)


def look_initial(sync: int) -> dict[str, Any]:
    return initial.look(sync)


def _is_due(flow: int) -> bool:
    """Whether the last run had to end before the shop was read to its end."""
    return Flow.objects.filter(pk=flow, next_run_at__lte=timezone.now()).exists()


def pause(flows: list[int]) -> None:
    for flow in Flow.objects.filter(pk__in=flows):
        services.pause_flow(flow, actor=ACTOR)


def resume(flows: list[int]) -> None:
    """All at once: workers that look see none of them or all."""
    with transaction.atomic():
        for flow in Flow.objects.filter(pk__in=flows):
            services.resume_flow(flow, actor=ACTOR)


def slow_down(flow: int, minutes: int) -> None:
    """Poll only so often, from now on."""
    following = timezone.now() + timedelta(minutes=minutes)
    Flow.objects.filter(pk=flow).update(interval_minutes=minutes, next_run_at=following)


def make_due(flow: int) -> None:
    """The next poll is due now."""
    Flow.objects.filter(pk=flow).update(next_run_at=timezone.now())


def spread() -> None:
    """All flows live, as if they had run for a while: everything was read, their polls are spread over the interval."""
    now = timezone.now()
    for number, flow in enumerate(flows := list(Flow.objects.order_by("?"))):
        flow.state, flow.cursor, flow.swept_at = Flow.State.ACTIVE, now, now
        flow.next_run_at = now + timedelta(minutes=flow.interval_minutes) * number / len(flows)
    Flow.objects.bulk_update(flows, ["state", "cursor", "swept_at", "next_run_at"], batch_size=200)


def pile_up(flow: int, count: int) -> None:
    """`count` more orders that wait, each by a buyer of its own: the last one that was captured, over and over."""
    pattern = Transfer.objects.filter(flow=flow).latest("pk")
    first = Event.objects.filter(transfer=pattern).earliest("pk")
    for start in range(0, count, 1000):
        transfers = [_another(pattern, number) for number in range(start, min(start + 1000, count))]
        with transaction.atomic():
            Transfer.objects.bulk_create(transfers)
            Event.objects.bulk_create([Event(transfer=t, at=first.at, kind=first.kind, text=first.text) for t in transfers])


def _another(pattern: Transfer, number: int) -> Transfer:
    source_id, email = str(10_000_000 + number), f"kund{10_000_000 + number}@kund.example"
    transfer = Transfer(**{name: getattr(pattern, name) for name in FACTS})
    transfer.payload = {**pattern.payload, "source_id": source_id, "number": source_id}
    transfer.payload["buyer"] = {**pattern.payload["buyer"], "number": "", "email": email}
    transfer.source_id = transfer.number = source_id
    transfer.reference = pattern.reference.removesuffix(pattern.source_id) + source_id
    for name in ("party_key", "email_key"):
        if kept := getattr(pattern, name):
            setattr(transfer, name, f"{kept[:-8]}{number:08}")
    transfer.due_at = transfer.created_at = timezone.now()
    return transfer


def work(flow: int) -> dict[str, Any]:
    """One run of `flow`: seconds of each claim, how many were sent, and the most memory that this process had, in MB."""
    taken: list[float] = []
    claim = claims.claim

    def timed(*arguments: Any, **options: Any) -> Any:
        started = time.perf_counter()
        try:
            return claim(*arguments, **options)
        finally:
            taken.append(time.perf_counter() - started)

    sent = Transfer.objects.filter(flow=flow, state=Transfer.State.SENT)
    before, started = sent.count(), time.perf_counter()
    with mock.patch.object(claims, "claim", timed):
        tasks.run_flow(flow)
    seconds = time.perf_counter() - started
    return {"claims": taken, "sent": sent.count() - before, "seconds": seconds, "memory": memory()}


def map_fields(flow: int, rules: list[tuple[str, str]], tables: dict[str, list[list[str]]]) -> None:
    """Have a change of the field mapping of `flow` wait for its trial."""
    changed = Flow.objects.select_related("connection__erp", "shop").get(pk=flow)
    for name, pairs in tables.items():
        LookUpTable.objects.create(customer=changed.connection.customer, name=name, rows=pairs)
    rows = [{"target": target, "expression": expression, "active": True} for target, expression in rules]
    mapping_changes.edit(changed, rows, actor=ACTOR)


def try_mapping(flow: int) -> dict[str, Any]:
    """Seconds of the trial of that change, of preparing the same orders once as a transfer does, and of its rules alone."""
    started = time.perf_counter()
    run = engine.run(flow, kind=Run.Kind.TRIAL)
    trial = time.perf_counter() - started
    assert run is not None
    report: Any = run.report
    changed = Flow.objects.select_related("connection__erp", "shop").get(pk=flow)
    started = time.perf_counter()
    with changed.target.connect(changed.target_options) as target:
        past: list[Any] = mapping_trial.past(changed)
        for start in range(0, len(past), mapping_trial.TOGETHER):
            batch = past[start : start + mapping_trial.TOGETHER]
            target.look_ahead([each.record for each in batch])
            for each in batch:
                target.prepare(each.record, reference=each.reference)
    own = time.perf_counter() - started
    shaping = Shaping(changed, mapping_rules.pairs(mapping_rules.edited(changed)))
    started = time.perf_counter()
    for each in past:
        shaping.of(each.record)
    rules = time.perf_counter() - started
    return {"trial": trial, "own": own, "rules": rules, "tried": report["tried"], "counts": report["counts"]}


def memory() -> float:
    """The most memory that this process ever had, in MB."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def states(flow: int) -> dict[str, int]:
    """How many transfers of `flow` are in which state."""
    found: dict[str, int] = {}
    for state in Transfer.objects.filter(flow=flow).values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def _database_cpu() -> float:
    """Seconds of CPU time of this connection's process of PostgreSQL since it began; 0 where that cannot be seen."""
    if database.vendor != "postgresql":
        return 0.0
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Profiler:
    """Profiles this thread, which speaks to the database, and every thread that begins from now on: those speak HTTP.

    Counted is CPU time, so that waiting costs nothing. The profiler itself makes small functions look dearer than they are.
    """

    def __init__(self) -> None:
        self._others: list[cProfile.Profile] = []
        threading.setprofile(self._begin)
        self._own = cProfile.Profile(time.thread_time)
        self._own.enable()

    def _begin(self, *_: Any) -> None:
        sys.setprofile(None)
        profile = cProfile.Profile(time.thread_time)
        self._others.append(profile)
        profile.enable()

    def table(self) -> str:
        self._own.disable()
        threading.setprofile(None)
        out = StringIO()
        for title, profiles in (("The thread that speaks to the database", [self._own]), ("HTTP threads", self._others)):
            out.write(f"\n=== {title}\n")
            together = pstats.Stats(profiles[0], stream=out)
            together.add(*profiles[1:])
            together.sort_stats("cumulative").print_stats(r"sharespine|flows|connectors|billing|db/|requests/|json", 45)
            together.sort_stats("tottime").print_stats(25)
        return out.getvalue()


def main() -> None:
    verbs = (set_up, beside, choose_plugin, carry_out, pause, resume, slow_down, make_due, spread, pile_up, work, states)
    of_initial = (begin_initial, carry_initial, stop_initial, resume_initial, look_initial)
    obey({verb.__name__: verb for verb in (*verbs, *of_initial, map_fields, try_mapping)})


if __name__ == "__main__":
    main()
