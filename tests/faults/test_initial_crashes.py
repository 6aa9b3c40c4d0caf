"""Workers that are killed in the middle of an initial sync: each article is created once, and its time is drawn once."""

from __future__ import annotations

import time
from typing import Any

import pytest

from connectors.base import Direction, Register
from tests.faults.conftest import LEASE, Stage

pytestmark = pytest.mark.thorough

COUNT = 7
POINTS = ["captured", "before_write", "after_write", "before_settle_commit", "settled"]
FEW = {"captured", "after_write"}
EACH = [pytest.param(point, marks=() if point in FEW else pytest.mark.deep) for point in POINTS]


def step(stage: Stage, name: str, argument: Any, *, crash_at: str = "") -> Any:
    return stage.processes.carry_out(f"tests.faults.initial.{name}", argument, crash_at=crash_at)


def begun(stage: Stage, direction: Direction, *, dry_run: bool = False) -> tuple[int, list[str], Any]:
    """An initial sync of so many articles: its id, their numbers, and the side that they go to."""
    source, target = (stage.shop, stage.erp) if direction == Direction.TO_ERP else (stage.erp, stage.shop)
    numbers = [f"K-{n}" for n in range(COUNT)]
    for number in numbers:
        source.add_article(number, name=f"Vara {number}")
    flow = stage.beside(Register.PRODUCTS, direction).flow
    return step(stage, "start", {"flow": flow, "dry_run": dry_run})["sync"], numbers, target


@pytest.mark.parametrize("point", EACH)
@pytest.mark.parametrize("direction", list(Direction))
def test_articles_are_created_once_whenever_a_worker_is_killed_and_also_when_it_is_stopped(
    stage: Stage, direction: Direction, point: str
) -> None:
    sync, numbers, target = begun(stage, direction)
    assert step(stage, "work", sync, crash_at=point) is None, f"the worker never came to {point}"
    time.sleep(LEASE + 0.5)
    step(stage, "stop", sync)
    over = step(stage, "until_over", sync)
    # Whoever died after it had settled may have settled all of them at once: then nothing is left to be stopped.
    if point != "settled" or over["state"] != "done":
        assert over["state"] == "stopped"
        step(stage, "resume", sync)
        over = step(stage, "until_over", sync)
    assert sorted(a.article_number for a in target.articles() if a.article_number in numbers) == numbers
    assert (over["state"], over["entries"], over["left"], over["refused"]) == ("done", 1, 0, 0)
    # What a worker had created just before it was killed is found there, and told so.
    assert over["created"] + over["there"] >= COUNT
    assert target.violations == []


def test_a_dry_run_of_which_a_worker_is_killed_goes_on_and_writes_nothing(stage: Stage) -> None:
    sync, numbers, target = begun(stage, Direction.TO_SHOP, dry_run=True)
    assert step(stage, "work", sync, crash_at="captured") is None
    time.sleep(LEASE + 0.5)
    over = step(stage, "until_over", sync)
    assert (over["state"], over["entries"]) == ("done", 0)
    assert over["created"] >= COUNT
    assert not [a for a in target.articles() if a.article_number in numbers]


def test_its_time_is_drawn_once_however_many_end_it_at_the_same_moment(stage: Stage) -> None:
    sync, _, _ = begun(stage, Direction.TO_SHOP)
    step(stage, "stop", sync)
    assert step(stage, "until_over", sync)["state"] == "stopped"
    over = step(stage, "end_together", {"sync": sync, "workers": 6})
    assert (over["state"], over["entries"]) == ("done", 1)
