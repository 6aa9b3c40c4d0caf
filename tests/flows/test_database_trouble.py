"""The database fails at any statement or commit of a run. No order is lost or doubled, and nobody is told of a bug."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db import OperationalError, connection

from flows import engine, tasks
from flows.models import Run, Transfer
from flows.trouble import TROUBLE
from tests.flows.conftest import Rig, make_rig

pytestmark = pytest.mark.django_db(transaction=True)

PAST = "2026-01-01T00:00:00Z"
FULL = "database or disk is full"


class Failing:
    """Fails the `at`-th statement, and all after it if it `lasts`."""

    def __init__(self, at: int, *, lasts: bool = False) -> None:
        self.left, self.lasts, self.failed = at, lasts, 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.left -= 1
        if self.left == 0 or (self.left < 0 and self.lasts):
            self.failed += 1
            raise OperationalError(FULL)
        return execute(sql, params, many, context)


@contextmanager
def failing_commit(at: int, *, after: bool) -> Iterator[list[int]]:
    """The `at`-th commit fails, before or `after` the database carried it out. Who asked cannot tell which."""
    commit, left = connection.commit, [at]
    failed: list[int] = []

    def committed() -> None:
        left[0] -= 1
        if left[0] == 0:
            failed.append(at)
            if after:
                commit()
            raise OperationalError("server closed the connection unexpectedly")
        commit()

    connection.commit = committed  # type: ignore[method-assign]
    try:
        yield failed
    finally:
        connection.commit = commit  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PATIENCE", (0.0, 0.0))


def rig_with_orders() -> Rig:
    rig = make_rig()
    # What was sent must be found, since the ERP remembers no keys.
    rig.world.keeps_keys = False
    for number in range(4):
        rig.world.place(str(number), buyer="marta@kund.example" if number < 2 else "")
    return rig


def assert_all_arrive_once(rig: Rig) -> None:
    """With time passing in between, as workers would."""
    for _ in range(8):
        Transfer.objects.filter(flow=rig.flow, lease_until__isnull=False).update(lease_until=PAST)
        Run.objects.filter(flow=rig.flow, state=Run.State.RUNNING).update(lease_until=PAST)
        rig.make_due()
        rig.run()
        if set(rig.states().values()) == {"sent"}:
            break
    assert sorted(rig.world.references()) == sorted(f"{rig.flow.shop.code}-{number}" for number in range(4))
    assert rig.states() == dict.fromkeys("0123", "sent")
    assert not Run.objects.filter(flow=rig.flow, evidence__contains="Traceback").exists()


def number_of_places(fails_at: Callable[[int], bool], *, step: int = 1) -> int:
    """Fail at the first place, then at the next one, until there is none any more. Returns about how many there were."""
    at = 1
    while fails_at(at):
        at += step
    return at


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("lasts", "step"), [(False, 5), (True, 9), pytest.param(False, 1, marks=pytest.mark.deep)], ids=["once", "for long", "each"]
)
def test_no_statement_of_a_run_can_fail_so_that_an_order_is_lost_or_doubled(lasts: bool, step: int) -> None:
    def fails_at(at: int) -> bool:
        rig, failing = rig_with_orders(), Failing(at, lasts=lasts)
        with connection.execute_wrapper(failing), suppress(*TROUBLE):
            rig.run()
        assert_all_arrive_once(rig)
        return failing.failed > 0

    assert number_of_places(fails_at, step=step) > 20


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("after", "step"),
    [(False, 3), (True, 2), pytest.param(False, 1, marks=pytest.mark.deep), pytest.param(True, 1, marks=pytest.mark.deep)],
)
def test_no_commit_of_a_run_can_fail_so_that_an_order_is_lost_or_doubled(after: bool, step: int) -> None:
    def fails_at(at: int) -> bool:
        rig = rig_with_orders()
        with failing_commit(at, after=after) as failed, suppress(*TROUBLE):
            rig.run()
        assert_all_arrive_once(rig)
        return failed != []

    assert number_of_places(fails_at, step=step) > 5


def test_an_intent_that_cannot_be_saved_is_not_sent() -> None:
    rig = rig_with_orders()

    def no_space_for_intents(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if many or "sending" in str(params):
            raise OperationalError(FULL)
        return execute(sql, params, many, context)

    for _ in range(3):
        rig.make_due()
        with connection.execute_wrapper(no_space_for_intents), suppress(*TROUBLE):
            rig.run()
    assert rig.world.writes == []
    assert_all_arrive_once(rig)


def test_a_failed_database_is_said_in_one_line_and_blames_neither_the_order_nor_us(caplog: pytest.LogCaptureFixture) -> None:
    rig = rig_with_orders()

    def fail_to_settle(reference: str) -> None:
        failing.left = 1

    failing = Failing(0)
    rig.world.after_write = fail_to_settle
    with caplog.at_level(logging.INFO), connection.execute_wrapper(failing):
        run = rig.run()
    assert run is not None
    assert run.state == Run.State.FAILED
    assert "It is made again" in str(run.error)
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.levelno for record in said] == [logging.WARNING]
    assert FULL in said[0].getMessage()
    assert said[0].exc_info is None
    assert set(Transfer.objects.values_list("crashes", flat=True)) == {0}
    assert not Transfer.objects.filter(lease_until__isnull=False).exists()
    assert_all_arrive_once(rig)


def test_a_worker_bears_a_database_that_stays_away_and_goes_on_when_it_is_back(caplog: pytest.LogCaptureFixture) -> None:
    rig = rig_with_orders()
    with caplog.at_level(logging.INFO), connection.execute_wrapper(Failing(1, lasts=True)):
        assert tasks.work() == 0
    assert [record.exc_info for record in caplog.records if record.levelno >= logging.WARNING] == [None]
    assert tasks.work() > 0
    assert_all_arrive_once(rig)
