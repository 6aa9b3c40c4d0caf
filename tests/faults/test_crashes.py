"""A worker that dies at any step of a transfer loses no order and doubles none. The ERP's own history is what counts."""

from __future__ import annotations

import pytest

from tests.faults.conftest import Stage

pytestmark = pytest.mark.slow

#: Every named place in the life of a transfer, the first time and once work is under way.
POINTS = [
    "captured",
    "captured:2",
    "claimed",
    "looked_up",
    "before_write",
    "before_write:4",
    "after_write",
    "after_write:5",
    "before_settle_commit",
    "before_settle_commit:4",
    "settled",
    "settled:3",
]
#: Where it is not known what the ERP has is where an order is lost or doubled first.
EVERY_DAY = {"after_write"}


def _marks(point: str) -> list[pytest.MarkDecorator]:
    if point[-1].isdigit() and point != "captured:2":
        return [pytest.mark.deep]
    return [] if point in EVERY_DAY else [pytest.mark.thorough]


@pytest.mark.parametrize("point", [pytest.param(point, marks=_marks(point)) for point in POINTS])
def test_a_worker_killed_at_any_step_loses_no_order_and_doubles_none(stage: Stage, point: str) -> None:
    orders = sorted(stage.shop.place_order() for _ in range(7))
    if point == "captured:2":
        stage.run()
        orders = sorted([*orders, stage.shop.place_order()])
        point = "captured"
    if point == "looked_up":
        # Only what an earlier attempt left in doubt is looked up.
        stage.kill("after_write")
    stage.kill(point)
    stage.until_settled()
    assert stage.references() == orders
    assert set(stage.last["states"].values()) == {"sent"}


@pytest.mark.deep
def test_a_worker_killed_again_and_again_loses_no_order_and_doubles_none(stage: Stage) -> None:
    orders = sorted(stage.shop.place_order() for _ in range(7))
    for point in ("captured", "after_write:2", "before_settle_commit:3", "looked_up"):
        stage.kill(point)
    stage.until_settled()
    assert stage.references() == orders


@pytest.mark.thorough
def test_an_erp_that_forgot_its_keys_gets_no_order_twice(stage: Stage) -> None:
    """The remote keeps keys for an hour only: after that, the look-up by reference is all there is."""
    orders = sorted(stage.shop.place_order() for _ in range(5))
    stage.kill("after_write:3")
    stage.wait_hours(2)
    stage.until_settled()
    assert stage.references() == orders
