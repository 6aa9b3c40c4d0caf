"""Whatever happens, in whatever order: the shops come to have what the ERP says, and never offer what is sold."""

from __future__ import annotations

import os

import pytest
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.article_machine import AnyDayInTheShops
from tests.stateful.test_any_order import FIRST, settings_of
from tests.stateful.workers import TALLY

pytestmark = pytest.mark.thorough

#: As for orders: `STATEFUL=2000x50` looks deeper, `STATEFUL_FROM=7000` elsewhere.
EXAMPLES, STEPS = (int(number) for number in os.environ.get("STATEFUL", "2x20").split("x"))
#: Examples of articles take longer than those of orders.
ROUND = 2


@pytest.mark.django_db
@pytest.mark.parametrize("number", range(FIRST, FIRST + EXAMPLES // ROUND))
def test_the_shops_have_what_the_erp_says_whatever_happens_in_whatever_order(number: int) -> None:
    TALLY.clear()
    machine = seed(number)(type("Seeded", (AnyDayInTheShops,), {}))
    try:
        run_state_machine_as_test(machine, settings=settings_of(STEPS, ROUND))
    finally:
        print("\n".join(f"{times:7} {what}" for what, times in sorted(TALLY.items())))
    for what in ("puts", "sold", "documents", "stock done"):
        assert TALLY[what], f"it never came to: {what}"
    assert any(what.startswith(("killed at", "frozen at")) for what in TALLY), "no worker was killed or frozen"
