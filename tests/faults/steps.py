"""What a fault test does in processes of its own, on the database of the environment: `set_up`, `run` and `settle`."""

from __future__ import annotations

import io
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sharespine.settings")
django.setup()

from django import db  # noqa: E402 - after django.setup()
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from django.utils.module_loading import import_string  # noqa: E402
from django_q.models import OrmQ  # noqa: E402
from django_q.tasks import async_task  # noqa: E402

from flows import engine, services, watermark  # noqa: E402
from flows.models import Connection, Endpoint, Flow, Item, Run, Transfer, Worker  # noqa: E402
from sharespine.lib import checkpoints  # noqa: E402
from tests.customers import subscribed  # noqa: E402


def set_up(given: dict[str, Any]) -> dict[str, object]:
    """A flow between two simulators, given as {"shop": {"system", "options"}, "erp": {…}, "source": {}, "target": {}}.

    With "beside", the id of another flow, it goes to the ERP endpoint of that one.
    """
    beside = Flow.objects.get(pk=given["beside"]) if "beside" in given else None
    customer = beside.connection.customer if beside else subscribed("Ullbutiken AB")
    made = {"erp": beside.connection.erp} if beside else {}
    for role in {"shop", "erp"} - made.keys():
        options = given[role]["options"]
        endpoint = Endpoint.objects.create(customer=customer, system=str(given[role]["system"]), name=role, secrets=options)
        made[role] = services.check_endpoint(endpoint, actor="test")
        assert made[role].health == Endpoint.Health.WORKING, str(made[role].trouble)
    connection = (
        beside.connection
        if beside
        else Connection.objects.create(customer=customer, name="c", erp=made["erp"], state=Connection.State.ACTIVE)
    )
    flow = Flow.objects.create(
        connection=connection,
        shop=made["shop"],
        state=Flow.State.ACTIVE,
        trigger_statuses=["processing", "completed"],
        source_options=given["source"],
        target_options=given["target"],
    )
    return {"flow": flow.pk, "code": made["shop"].code}


def set_up_beside(given: dict[str, Any]) -> dict[str, object]:
    """A further flow between the systems of the flow "beside", with the columns "columns"."""
    beside = Flow.objects.get(pk=given["beside"])
    flow = Flow.objects.create(connection=beside.connection, shop=beside.shop, state=Flow.State.ACTIVE, **given["columns"])
    return {"flow": flow.pk}


def make_due(flow: int) -> dict[str, object]:
    """Whatever a flow waits for to be looked at is due now."""
    return {"due": Item.objects.filter(flow=flow, due_at__isnull=False).update(due_at=timezone.now())}


def run(flow: int) -> dict[str, object]:
    """One run of the flow, and where its transfers are then."""
    this = engine.run(flow)
    return {
        "run": this.state if this else None,
        "live": Run.objects.filter(flow=flow, state=Run.State.RUNNING).count(),
        "states": dict(Transfer.objects.filter(flow=flow).values_list("source_id", "state")),
        "messages": {t.source_id: str(t.message) for t in Transfer.objects.filter(flow=flow) if t.message.message},
        "attention": list(Transfer.objects.filter(flow=flow, attention=True).values_list("source_id", flat=True)),
        "due": Transfer.objects.filter(flow=flow, due_at__isnull=False).count()
        + Item.objects.filter(flow=flow, state__in=[Item.State.WAITING, Item.State.RETRYING]).count(),
        "items": dict(Item.objects.filter(flow=flow).values_list("number", "state")),
    }


def settle(flow: int, seconds: float = 40) -> dict[str, object]:
    """Run again and again, as workers would, until nothing is due any more."""
    ends = time.monotonic() + seconds
    result = run(flow)
    while time.monotonic() < ends:
        if result["run"] is not None and not result["due"]:
            return result
        time.sleep(0.2)
        result = run(flow)
    raise SystemExit(f"not settled after {seconds} s: {result}")


def crowd(given: dict[str, Any]) -> dict[str, object]:
    """So many "workers" at the same time, each of which settles all "flows", in an order of its own."""
    children = []
    for number in range(given["workers"]):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                turn = number % len(given["flows"])
                for flow in given["flows"][turn:] + given["flows"][:turn]:
                    settle(flow)
                code = 0
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(code)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0] * len(children), codes
    return {"sent": sum(Transfer.objects.filter(flow=flow, state="sent").count() for flow in given["flows"])}


def look(flow: int) -> dict[str, object]:
    """Where the transfers are, without running anything."""
    return {"states": dict(Transfer.objects.filter(flow=flow).values_list("source_id", "state"))}


def command(name: str) -> dict[str, object]:
    """What a management command said."""
    out = io.StringIO()
    call_command(name, stdout=out)
    return {"said": out.getvalue()}


def notice(_: None) -> dict[str, object]:
    """Look whether the database is older than it was, as a worker does."""
    return {"older": watermark.notice()}


def wake(flow: int) -> dict[str, object]:
    """Ask for a run, as the admin does: a worker carries it out."""
    services.start_flow(Flow.objects.get(pk=flow), actor="test")
    return {}


def chore(given: dict[str, str]) -> dict[str, object]:
    """Put a chore (`tests.faults.chores`) into the queue."""
    async_task(f"tests.faults.chores.{given['name']}", given["file"])
    return {}


def queue(_: None) -> dict[str, object]:
    """How many tasks wait in the queue, and how many somebody has taken from it."""
    taken = OrmQ.objects.filter(lock__gt=timezone.now()).count()
    return {"waiting": OrmQ.objects.count() - taken, "taken": taken}


def migrate_ahead(_: None) -> dict[str, object]:
    """What the migrations of the next release might do: see `tests/project/test_migrations.py`."""
    with db.connection.cursor() as cursor:
        cursor.execute("CREATE TABLE next_release (id integer PRIMARY KEY)")
        for table in ("flows_transfer", "flows_run", "flows_flow", "flows_event"):
            cursor.execute(f"ALTER TABLE {table} ADD COLUMN next_release integer NOT NULL DEFAULT 0")
    return {}


def claimed(flow: int) -> dict[str, object]:
    """How many orders somebody still holds."""
    return {"claimed": Transfer.objects.filter(flow=flow, lease_until__isnull=False).count()}


def empty_queue(_: None) -> dict[str, object]:
    OrmQ.objects.all().delete()
    return {}


def workers(_: None) -> dict[str, object]:
    """The worker commands that there are or were, newest first."""
    return {
        "rows": [
            {"pid": row.pid, "restarts": row.restarts, "stopped": str(row.stopped_at or "")} for row in Worker.objects.all()
        ]
    }


STEPS: dict[str, Callable[[Any], dict[str, object]]] = {
    "set_up": set_up,
    "set_up_beside": set_up_beside,
    "make_due": make_due,
    "run": run,
    "settle": settle,
    "crowd": crowd,
    "look": look,
    "command": command,
    "notice": notice,
    "wake": wake,
    "chore": chore,
    "queue": queue,
    "migrate_ahead": migrate_ahead,
    "claimed": claimed,
    "empty_queue": empty_queue,
    "workers": workers,
}


def step_named(name: str) -> Callable[[Any], dict[str, object]]:
    """One of `STEPS`, or what a dotted name stands for."""
    step: Callable[[Any], dict[str, object]] = STEPS.get(name) or import_string(name)
    return step


def main() -> None:
    """Carry out steps given line by line as JSON, each in a fork of this process that dies alone."""
    for line in sys.stdin:
        order = json.loads(line)
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            checkpoints.arm(order["crash_at"])
            code = 1
            try:
                print(json.dumps({"answer": step_named(order["step"])(order["argument"])}), flush=True)
                code = 0
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"exit": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    main()
