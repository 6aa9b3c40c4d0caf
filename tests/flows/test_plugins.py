"""Plugins at work: whatever one does stops the record that it was given, with its name, and nothing else."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import OperationalError, connection
from pytest_django.fixtures import Settings

from billing.models import Term
from connectors.base import Register
from connectors.errors import TimedOut
from flows import engine, rework, services
from flows.models import ConnectionPlugin, Event, Flow, Run, Transfer
from flows.plugins import installed, pool, process
from sharespine.lib import checkpoints
from sharespine.lib.text import Text
from tests.flows.conftest import Rig
from tests.plugins.packaging import EXAMPLE, NAUGHTY, install

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("packages")
    install(EXAMPLE, target)
    install(NAUGHTY, target)
    return target


@pytest.fixture(autouse=True)
def _installed(packages: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(packages))
    yield
    installed._told.clear()


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sessions of all processes of plugins that are started, for tests that look what is left of them."""
    started: list[int] = []

    class Watched(process.Process):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            super().__init__(*arguments, **more)
            started.append(self.pid)

    monkeypatch.setattr(pool, "Process", Watched)
    return started


def alive(sessions: list[int]) -> list[int]:
    """The processes that belong to one of `sessions` and do not end by themselves within a few seconds."""
    patience = time.monotonic() + 5
    while (left := _alive(sessions)) and time.monotonic() < patience:
        time.sleep(0.1)
    return left


def _alive(sessions: list[int]) -> list[int]:
    left = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if fields[0] != "Z" and int(fields[3]) in sessions:
                    left.append(int(folder.name))
    return left


def choose(rig: Rig, name: str, *, limit: str = "2", secrets: dict[str, str] | None = None, **options: Any) -> ConnectionPlugin:
    return ConnectionPlugin.objects.create(
        connection=rig.flow.connection, name=name, time_limit=Decimal(limit), options=options, secrets=secrets or {}
    )


def place(rig: Rig, *numbers: str, **changes: Any) -> None:
    for number in numbers:
        rig.world.place(number, **changes)


# --- the example --------------------------------------------------------------------------------------------------------------


def test_the_example_leaves_test_orders_out_notes_large_ones_and_holds_back_the_largest(rig: Rig) -> None:
    choose(rig, "large-orders", above="1000", most="50000", tester="Test@Ull.example")
    rig.world.place("1")
    rig.world.place("2", total="2500.00")
    rig.world.place("3", buyer="test@ull.example")
    rig.world.place("4", total="75000.00")
    notes: dict[str, str] = {}
    rig.world.on_prepare = lambda order: notes.update({order.number: order.note})
    rig.run()
    assert rig.states() == {"1": "sent", "2": "sent", "3": "skipped", "4": "stopped"}
    assert notes["1"] == ""
    assert notes["2"] == "Large order: call before it is delivered."
    assert str(rig.transfer("3").message) == "The plugin “large-orders” leaves it out: it is a test order."
    held = rig.transfer("4")
    assert str(held.message) == "The plugin “large-orders” does not let it be sent: it comes to more than 50000 SEK."
    assert held.acts == "staff"
    assert not ConnectionPlugin.objects.get().failure.message


def test_an_order_that_was_left_out_takes_no_room_and_goes_when_its_plugin_is_switched_off(rig: Rig) -> None:
    Term.objects.update(order_cap=1)
    plugin = choose(rig, "large-orders", tester="test@ull.example")
    rig.world.place("1", buyer="test@ull.example")
    rig.world.place("2")
    rig.run()
    assert rig.states() == {"1": "skipped", "2": "sent"}
    Term.objects.update(order_cap=2)
    plugin.active = False
    plugin.save()
    services.retry(Transfer.objects.filter(source_id="1"), actor="siv")
    rig.run()
    assert rig.states() == {"1": "sent", "2": "sent"}


def test_one_that_was_left_out_is_asked_about_again_when_it_changes_in_the_shop(rig: Rig) -> None:
    choose(rig, "large-orders", tester="test@ull.example")
    order = rig.world.place("1", buyer="test@ull.example")
    rig.run()
    rig.run()
    assert rig.states() == {"1": "skipped"}
    assert [event.kind for event in rig.transfer("1").events.all()] == ["captured", "skipped"]
    rig.world.change("1", buyer=replace(order.buyer, email="a@kund.example"))
    rig.run()
    assert rig.states() == {"1": "sent"}


# --- what it does wrong -------------------------------------------------------------------------------------------------------

#: What stops the order, and what is said of it.
STOPPING = {
    "loop": "did not answer within 1.5 seconds",
    "sleep": "did not answer within 1.5 seconds",
    "fail": "RuntimeError: the cat sat on the keyboard",
    "leave": "SystemExit: enough",
    "die": "ended in the middle",
    "eat": "more memory than the 512 MB",
    "babble": "no answer",
    "close": "ended in the middle",
    "flood": "RuntimeError: xxx",
    "stubborn": "Stubborn",
}
#: Those that are waited for until the time limit: the others have time, also on a machine that does much else.
PATIENCE = {"loop": "1.5", "sleep": "1.5"}


#: All that it may do wrong in one place, and the two worst of it in the others.
DEEDS = [
    pytest.param(hook, deed, id=f"{hook}-{deed}", marks=[] if hook == "map" or deed in ("loop", "die") else pytest.mark.deep)
    for hook in ("filter", "map", "before_write")
    for deed in STOPPING
]


@pytest.mark.thorough
@pytest.mark.parametrize(("hook", "deed"), DEEDS)
def test_a_plugin_that_misbehaves_stops_that_order_with_its_name_and_the_others_go(rig: Rig, hook: str, deed: str) -> None:
    choose(rig, "naughty", limit=PATIENCE.get(deed, "5"), does=deed, at=hook)
    place(rig, "1", "2", "3", "4", "5")
    run = rig.run()
    assert run is not None
    assert run.state == Run.State.DONE
    assert rig.states() == {"1": "sent", "2": "stopped", "3": "sent", "4": "sent", "5": "sent"}
    stopped = rig.transfer("2")
    assert (stopped.error_code, stopped.acts) == ("PluginFailed", "us")
    assert f"“naughty” failed at “{hook}” on order 2" in str(stopped.message)
    assert STOPPING[deed] in str(stopped.message)
    assert len(str(stopped.message)) < 700
    assert rig.world.references() == [reference for reference in rig.world.references() if not reference.endswith("-2")]
    plugin = ConnectionPlugin.objects.get()
    assert plugin.failure == stopped.message
    assert plugin.failed_at is not None
    rig.flow.connection.erp.refresh_from_db()
    assert rig.flow.connection.erp.failures == 0


@pytest.mark.parametrize("deed", ["shout", "fork"])
def test_what_a_plugin_prints_or_starts_beside_its_work_disturbs_nothing(rig: Rig, sessions: list[int], deed: str) -> None:
    choose(rig, "naughty", limit="5", does=deed)
    place(rig, "1", "2", "3")
    rig.run()
    assert set(rig.states().values()) == {"sent"}
    assert len(rig.world.writes) == 3
    assert sessions
    assert alive(sessions) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("total", "the total is 126.00 in place of 125.00"),
        ("vat", "the VAT is"),
        ("currency", "the currency is EUR in place of SEK"),
        ("number", "the number is 0 in place of 2"),
        ("id", "the id is 0 in place of 2"),
        ("rows", "the sum of the rows is 0"),
        ("row vat", "the sum of the rows is 99.00 in place of 100.00"),
        ("email", "the buyer's e-mail is other@example.se"),
        ("type", "values of the wrong type"),
        ("nan", "not a finite number"),
        ("nothing", "no record: NoneType"),
        ("text", "no record: str"),
    ],
)
def test_a_plugin_that_changes_what_it_may_not_stops_the_order(rig: Rig, change: str, said: str) -> None:
    choose(rig, "naughty", does=change)
    place(rig, "1", "2", "3")
    rig.run()
    assert rig.states() == {"1": "sent", "2": "stopped", "3": "sent"}
    assert said in str(rig.transfer("2").message)


def test_an_order_that_a_plugin_stopped_goes_when_it_is_mended_and_tried_again(rig: Rig) -> None:
    plugin = choose(rig, "naughty", does="fail")
    place(rig, "2")
    rig.run()
    assert rig.states() == {"2": "stopped"}
    plugin.options = {}
    plugin.save()
    services.retry(Transfer.objects.all(), actor="siv")
    rig.run()
    assert rig.states() == {"2": "sent"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("broken", "ImportError"),
        ("future", "It is made for version 2 of the interface, and this is version 1."),
        ("gone", "It is not installed here."),
        ("alias", "it calls itself 'naughty'"),
    ],
)
def test_without_a_plugin_that_was_chosen_nothing_is_sent(rig: Rig, name: str, said: str) -> None:
    choose(rig, name)
    place(rig, "1", "2")
    run = rig.run()
    assert run is not None
    assert run.state == Run.State.DONE
    assert rig.states() == {"1": "stopped", "2": "stopped"}
    assert said in str(rig.transfer("1").message)
    assert rig.world.writes == []


def test_an_answer_too_many_is_not_taken_for_the_answer_to_what_is_asked_next(rig: Rig) -> None:
    choose(rig, "naughty", does="forge", at="filter")
    notes = {number: f"Nr {number}" for number in map(str, range(1, 9))}
    for number, note in notes.items():
        rig.world.place(number, note=note)
    seen: dict[str, str] = {}
    rig.world.on_prepare = lambda order: seen.update({order.number: order.note})
    rig.run()
    # Its own order may suffer.
    assert {number for number, state in rig.states().items() if state != "sent"} <= {"2"}
    assert {**seen, "2": ""} == {**notes, "2": ""}


def test_one_that_does_not_get_ready_is_waited_for_once_a_run(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STARTING", 1.0)
    choose(rig, "sleeper")
    place(rig, *map(str, range(12)))
    began = time.monotonic()
    rig.run()
    assert time.monotonic() - began < 5
    assert set(rig.states().values()) == {"stopped"}


# --- after the write ----------------------------------------------------------------------------------------------------------


def diary(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_plugin_is_told_what_was_sent_and_finds_nothing_of_ours_around_it(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://kanarie@example/db")
    choose(rig, "diary", path=str(tmp_path / "diary"), secrets={"password": "hemligt-1"})
    place(rig, "1")
    rig.run()
    [entry] = diary(tmp_path / "diary")
    assert (entry["record"], entry["document"]) == ("1", rig.transfer("1").target_id)
    assert entry["key"] == rig.transfer("1").key
    assert entry["environment"] == {}
    assert entry["modules"] == []
    # Its three, two pipes, and the listing and the diary themselves.
    assert entry["files"] <= 7
    assert entry["password"] == "hemligt-1"


@pytest.mark.parametrize(
    "deed", ["loop", "die", *(pytest.param(deed, marks=pytest.mark.deep) for deed in ("fail", "eat", "babble"))]
)
def test_a_plugin_that_fails_after_the_write_loses_nothing_and_somebody_is_told_once(rig: Rig, deed: str) -> None:
    choose(rig, "naughty", limit=PATIENCE.get(deed, "5"), does=deed, at="after_write")
    place(rig, "1", "2", "3")
    rig.run()
    rig.run()
    assert set(rig.states().values()) == {"sent"}
    assert sorted(rig.world.writes) == sorted(rig.world.references())
    assert {t.number for t in Transfer.objects.filter(attention=True)} == {"2"}
    assert [event.kind for event in rig.transfer("2").events.all()] == ["captured", "sending", "sent", "notice"]
    notice = rig.transfer("2").events.get(kind=Event.Kind.NOTICE)
    assert "“naughty” failed at “after_write” on order 2" in str(notice.text)
    services.mark_handled(Transfer.objects.all(), actor="siv")
    assert (rig.transfer("2").attention, rig.transfer("2").message) == (False, Text(""))


def test_what_a_plugin_says_of_its_password_is_not_kept(rig: Rig, tmp_path: Path) -> None:
    choose(rig, "diary", path=str(tmp_path / "diary"), fails=True, secrets={"password": "hemligt-1"})
    place(rig, "1")
    rig.run()
    assert "cannot log in as •••" in str(rig.transfer("1").message)
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - our own tables
            assert "hemligt-1" not in str(cursor.fetchall()), table


def test_an_order_whose_outcome_was_unknown_is_told_of_when_it_is_found_under_the_same_key(rig: Rig, tmp_path: Path) -> None:
    choose(rig, "diary", path=str(tmp_path / "diary"))
    rig.world.after_write = timing_out
    place(rig, "1")
    rig.run()
    assert rig.states() == {"1": "uncertain"}
    assert not (tmp_path / "diary").exists()
    rig.make_due()
    rig.run()
    assert rig.states() == {"1": "sent"}
    assert [entry["key"] for entry in diary(tmp_path / "diary")] == [rig.transfer("1").key]


@pytest.mark.django_db(transaction=True)
def test_an_order_that_was_told_of_but_not_saved_is_told_of_once_more_under_the_same_key(rig: Rig, tmp_path: Path) -> None:
    choose(rig, "diary", path=str(tmp_path / "diary"))
    place(rig, "1")
    failed: list[str] = []

    def fail_once() -> None:
        if (tmp_path / "diary").exists() and not failed:
            failed.append("")
            raise OperationalError("the server is gone")

    checkpoints.listen("before_settle_commit", fail_once)
    try:
        rig.run()
    finally:
        checkpoints.arm("")
    assert rig.states() == {"1": "uncertain"}
    rig.make_due()
    rig.run()
    assert rig.states() == {"1": "sent"}
    assert [entry["key"] for entry in diary(tmp_path / "diary")] == 2 * [rig.transfer("1").key]
    assert len(rig.world.writes) == 1


def test_an_order_in_doubt_is_settled_before_a_plugin_is_asked_whether_it_goes(rig: Rig) -> None:
    rig.world.after_write = timing_out
    place(rig, "2")
    rig.run()
    choose(rig, "naughty", does="leave out")
    rig.make_due()
    rig.run()
    assert rig.states() == {"2": "sent"}
    assert len(rig.world.writes) == 1


def test_an_order_that_was_sent_long_ago_is_not_told_of(rig: Rig, tmp_path: Path) -> None:
    place(rig, "1")
    rig.run()
    Transfer.objects.all().delete()
    Flow.objects.update(cursor=None, look_up_before=rig.world.clock + timedelta(days=1))
    choose(rig, "diary", path=str(tmp_path / "diary"))
    rig.run()
    assert rig.states() == {"1": "sent"}
    assert not (tmp_path / "diary").exists()


def timing_out(_: str) -> None:
    raise TimedOut(outcome_unknown=True)


# --- several, and none --------------------------------------------------------------------------------------------------------


def test_plugins_are_asked_in_their_order_and_each_sees_what_the_one_before_made(rig: Rig) -> None:
    second = choose(rig, "large-orders", above="0", note="Andra.")
    place(rig, "1", note="Från kunden.")
    notes: list[str] = []
    rig.world.on_prepare = lambda order: notes.append(order.note)
    rig.run()
    assert notes == ["Från kunden.\nAndra."]
    first = choose(rig, "naughty", does="leave out")
    ConnectionPlugin.objects.filter(pk=first.pk).update(position=second.position - 1)
    place(rig, "2")
    rig.run()
    assert "“naughty”" in str(rig.transfer("2").message)


def test_runs_without_plugins_start_no_process_and_import_nothing_of_them(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = choose(rig, "naughty", does="fail")
    plugin.active = False
    plugin.save()
    for name in ("flows.plugins.chosen", "flows.plugins.pool", "flows.plugins.process"):
        monkeypatch.setitem(sys.modules, name, None)
    place(rig, "1", "2")
    rig.run()
    assert rig.states() == {"1": "sent", "2": "sent"}


def test_without_the_package_that_has_plugins_a_flow_with_one_does_not_run_and_says_which_has(rig: Rig) -> None:
    choose(rig, "naughty")
    term = Term.objects.get()
    term.features = [feature for feature in term.features if feature != "plugins"]
    term.save()
    place(rig, "1")
    assert rig.run() is None
    rig.flow.refresh_from_db()
    assert "Plugins" in str(rig.flow.hindrance)
    ConnectionPlugin.objects.update(active=False)
    Flow.objects.update(next_run_at=None)
    assert rig.run() is not None
    assert rig.states() == {"1": "sent"}


def test_a_dry_run_and_a_preview_show_what_the_plugins_would_do(rig: Rig) -> None:
    choose(rig, "large-orders", above="1000", most="50000", tester="test@ull.example")
    rig.world.place("1")
    rig.world.place("2", buyer="test@ull.example")
    rig.world.place("3", total="75000.00")
    run = engine.run(rig.flow.pk, kind=Run.Kind.DRY)
    assert run is not None
    outcomes = {entry["number"]: entry["outcome"] for entry in run.report}
    assert outcomes == {"1": "would be sent", "2": "would be skipped", "3": "would stop"}
    assert rig.world.writes == []
    rig.run()
    with pytest.raises(Exception, match="does not let it be sent"):
        services.preview(rig.transfer("3"))


def test_no_process_is_left_when_a_run_is_over(rig: Rig, sessions: list[int]) -> None:
    choose(rig, "large-orders")
    place(rig, *map(str, range(20)))
    rig.run()
    assert set(rig.states().values()) == {"sent"}
    assert sessions
    assert alive(sessions) == []


#: A worker that begins a call which does not end.
WORKER = """
import threading
from flows.plugins.process import Process
from connectors.plugin_wire import pack
from tests.twins.world import order_of
running = Process("naughty", "naughty.orders:Naughty", {"does": "%s", "to": "2"})
threading.Thread(target=running.call, args=("map", 1.0), kwargs={"record": pack(order_of("2"))}, daemon=True).start()
print(running.pid, flush=True)
input()
"""


@pytest.mark.thorough
@pytest.mark.parametrize("deed", ["loop", "sleep", ""])
def test_when_the_worker_is_killed_its_plugins_end(packages: Path, deed: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WORKER % deed],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{packages}:{Path.cwd()}", "DJANGO_SETTINGS_MODULE": "sharespine.settings"},
    ) as worker:
        assert worker.stdout is not None
        pid = int(worker.stdout.readline())
        assert _alive([pid]) == [pid]
        worker.kill()
    assert alive([pid]) == []


# --- articles -----------------------------------------------------------------------------------------------------------------


def stocked(rig: Rig, **quantities: int) -> Rig:
    for number, quantity in quantities.items():
        rig.world.in_erp.add(number, quantity=Decimal(quantity))
        rig.world.in_shop.add(number, quantity=Decimal(0))
    return rig.another(Register.STOCK)


def test_articles_are_changed_left_out_held_back_and_stopped_one_by_one(rig: Rig) -> None:
    plugin = choose(rig, "relabel", keep="3", but="A-2", bad="A-3", stop="A-4")
    stock = stocked(rig, **{"A-1": 10, "A-2": 10, "A-3": 10, "A-4": 10, "A-5": 2})
    stock.run()
    assert stock.items() == {"A-1": "done", "A-2": "skipped", "A-3": "stopped", "A-4": "stopped", "A-5": "done"}
    in_shop = {number: rig.world.in_shop.of(number).quantity for number in ("A-1", "A-2", "A-3", "A-4", "A-5")}
    assert in_shop == {"A-1": 7, "A-2": 0, "A-3": 0, "A-4": 0, "A-5": 0}
    assert "“relabel” leaves it out: not sold there." in str(stock.item("A-2").message)
    assert "“relabel” failed at “map” on article A-3: It says: ValueError: no such thing." in str(stock.item("A-3").message)
    assert "does not let it be sent: not today." in str(stock.item("A-4").message)
    plugin.refresh_from_db()
    assert "A-3" in str(plugin.failure)


def test_articles_follow_when_the_settings_of_a_plugin_change(rig: Rig) -> None:
    plugin = choose(rig, "relabel", keep="3")
    stock = stocked(rig, **{"A-1": 10})
    stock.run()
    writes = len(rig.world.in_shop.puts)
    stock.run()
    assert len(rig.world.in_shop.puts) == writes
    plugin.options = {"keep": "5"}
    plugin.save()
    assert rework.plugins_changed(rig.flow.connection) == 1
    stock.run()
    assert rig.world.in_shop.of("A-1").quantity == 5


def test_products_are_created_as_a_plugin_makes_them(rig: Rig) -> None:
    choose(rig, "relabel")
    rig.world.in_shop.add("A-1", name="Ullstrumpa")
    products = rig.another(Register.PRODUCTS, Flow.Direction.TO_ERP)
    products.run()
    assert products.items() == {"A-1": "done"}
    assert rig.world.in_erp.of("A-1").product.name == "ULLSTRUMPA"


def test_an_article_is_told_of_when_it_was_written_and_not_when_it_was_so_already(rig: Rig, tmp_path: Path) -> None:
    choose(rig, "diary", path=str(tmp_path / "diary"), fails=True)
    stock = stocked(rig, **{"A-1": 10, "A-2": 0})
    stock.run()
    stock.run()
    assert stock.items() == {"A-1": "done", "A-2": "done"}
    assert [entry["record"] for entry in diary(tmp_path / "diary")] == [stock.item("A-1").source_id]
    assert "failed at “after_write” on article A-1" in str(stock.item("A-1").message)


def test_a_dry_run_of_articles_shows_what_the_plugins_would_do(rig: Rig) -> None:
    choose(rig, "relabel", keep="3", but="A-2", bad="A-3", stop="A-4")
    stock = stocked(rig, **{"A-1": 10, "A-2": 10, "A-3": 10, "A-4": 10})
    run = engine.run(stock.flow.pk, kind=Run.Kind.DRY)
    assert run is not None
    outcomes = {entry["number"]: (entry["outcome"], entry["words"]) for entry in run.report}
    assert outcomes == {
        "A-1": ("would be written", "7"),
        "A-2": ("would be skipped", ""),
        "A-3": ("would stop", ""),
        "A-4": ("would stop", ""),
    }


def test_a_plugin_that_hangs_on_articles_keeps_neither_the_claim_nor_the_other_articles(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(rig, "relabel", limit="3", slow="A-3")
    stock = stocked(rig, **{f"A-{number}": 10 for number in range(8)})
    beats: list[float] = []
    monkeypatch.setattr(engine.Session, "beat", lambda _: beats.append(time.monotonic()))
    stock.run()
    assert stock.items() == {f"A-{number}": "stopped" if number == 3 else "done" for number in range(8)}
    # Every second, also while it hung.
    assert max(later - earlier for earlier, later in itertools.pairwise(beats)) < 2


# --- commands -----------------------------------------------------------------------------------------------------------------


def test_the_doctor_says_which_plugins_cannot_be_used_on_this_machine(rig: Rig) -> None:
    for name in ("large-orders", "gone", "broken"):
        choose(rig, name)
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=out, no_color=True)
    found = {line.split()[2]: line for line in out.getvalue().splitlines() if line.split()[1] == "plugin"}
    assert found["large-orders"].startswith("ok")
    assert "sharespine-example 1.0.0" in found["large-orders"]
    assert found["gone"].startswith("WRONG")
    assert "ImportError" in found["broken"]


def test_the_passwords_of_plugins_are_encrypted_anew_with_the_others(rig: Rig, settings: Settings) -> None:
    plugin = choose(rig, "diary", secrets={"password": "hemligt-1"})
    new = Fernet.generate_key().decode()
    settings.SHARESPINE_KEYS = [new, *settings.SHARESPINE_KEYS]
    call_command("rotate_keys", stdout=StringIO())
    settings.SHARESPINE_KEYS = [new]
    assert ConnectionPlugin.objects.get(pk=plugin.pk).secrets == {"password": "hemligt-1"}
