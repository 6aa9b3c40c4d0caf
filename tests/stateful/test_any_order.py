"""Whatever happens, in whatever order: each order arrives once, or says why not."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.machine import AnyOrderOfEvents
from tests.stateful.workers import PLACES, TALLY

ROOT = Path(__file__).resolve().parents[2]
#: `STATEFUL=2000x50` looks deeper than `make test`: so many examples of so many steps. `STATEFUL_FROM=7000` takes other ones.
EXAMPLES, STEPS = (int(number) for number in os.environ.get("STATEFUL", "6x30").split("x"))
FIRST = int(os.environ.get("STATEFUL_FROM", "0"))
#: Fewer than ten: after them Hypothesis begins to vary those that it had, six times each, which finds less than new ones do.
ROUND = 6


@pytest.mark.django_db
@pytest.mark.parametrize("number", range(FIRST, FIRST + EXAMPLES // ROUND))
def test_each_order_arrives_once_whatever_happens_in_whatever_order(number: int) -> None:
    TALLY.clear()
    machine = seed(number)(type("Seeded", (AnyOrderOfEvents,), {}))
    try:
        run_state_machine_as_test(machine, settings=settings_of(STEPS))
    finally:
        print("\n".join(f"{times:7} {what}" for what, times in sorted(TALLY.items())))
    # A machine that meets nothing proves nothing.
    for what in ("documents", "event sent", "event skipped", "run lost"):
        assert TALLY[what], f"it never came to: {what}"
    assert any(what.startswith(("killed at", "frozen at")) for what in TALLY), "no worker was killed or frozen"


def settings_of(steps: int, examples: int = ROUND) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


def test_workers_can_be_killed_at_every_place_that_the_engine_names() -> None:
    # What sends to webhooks moves no order, and is killed at its own places in tests/faults/test_outgoing.py.
    paths = [path for path in (ROOT / "flows").rglob("*.py") if path.parent.name != "outgoing"]
    sources = [path.read_text(encoding="utf-8") for path in paths]
    named = {name for source in sources for name in re.findall(r'\breach\("([^"]+)"\)', source)}
    assert named <= set(PLACES)
