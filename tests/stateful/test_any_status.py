"""Whatever happens, in whatever order: a buyer hears of each thing once, in order, and the ERP hears nothing of it again."""

from __future__ import annotations

import os

import pytest
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.status_machine import AnyFateOfOrders
from tests.stateful.test_any_order import FIRST, settings_of
from tests.stateful.workers import TALLY

pytestmark = pytest.mark.thorough

#: As for orders: `STATEFUL=2000x50` looks deeper, `STATEFUL_FROM=7000` elsewhere.
EXAMPLES, STEPS = (int(number) for number in os.environ.get("STATEFUL", "4x20").split("x"))
ROUND = 4


@pytest.mark.django_db
@pytest.mark.parametrize("number", range(FIRST, FIRST + EXAMPLES // ROUND))
def test_a_buyer_hears_of_each_thing_once_whatever_happens_in_whatever_order(number: int) -> None:
    TALLY.clear()
    machine = seed(number)(type("Seeded", (AnyFateOfOrders,), {}))
    try:
        run_state_machine_as_test(machine, settings=settings_of(STEPS, ROUND))
    finally:
        print("\n".join(f"{times:7} {what}" for what, times in sorted(TALLY.items())))
    for what in ("mails", "documents"):
        assert TALLY[what], f"it never came to: {what}"
    assert any(what.startswith(("killed at", "frozen at")) for what in TALLY), "no worker was killed or frozen"
