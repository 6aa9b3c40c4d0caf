"""Workers that are killed in the middle of a run of articles or statuses: the target ends as the source says, once."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connectors.base import Direction, Register
from connectors.progress import Milestone
from tests.faults.conftest import Stage

pytestmark = pytest.mark.thorough

COUNT = 7
POINTS = ["captured", "before_write", "after_write", "before_settle_commit", "settled"]
FEW = {"captured", "after_write"}


def kill(stage: Stage, point: str) -> None:
    """One worker that dies at `point`, and then others until everything is done."""
    stage.kill(point)
    stage.until_settled()


EACH = [pytest.param(point, marks=() if point in FEW else pytest.mark.deep) for point in POINTS]


@pytest.mark.parametrize("point", EACH)
@pytest.mark.parametrize("direction", list(Direction))
def test_articles_are_created_once_whenever_a_worker_is_killed(stage: Stage, direction: Direction, point: str) -> None:
    source, target = (stage.shop, stage.erp) if direction == Direction.TO_ERP else (stage.erp, stage.shop)
    numbers = [f"K-{n}" for n in range(COUNT)]
    for number in numbers:
        source.add_article(number, name=f"Vara {number}", vat_rate=Decimal(25))
    kill(stage.beside(Register.PRODUCTS, direction), point)
    assert sorted(a.article_number for a in target.articles() if a.article_number in numbers) == numbers
    assert target.violations == []


@pytest.mark.parametrize("point", EACH)
@pytest.mark.parametrize("register", [Register.STOCK, Register.PRICES])
def test_stock_and_prices_end_right_whenever_a_worker_is_killed(stage: Stage, register: Register, point: str) -> None:
    for n in range(COUNT):
        stage.erp.add_article(f"K-{n}", name="Vara", quantity=Decimal(n + 1), regular=Decimal(80 + 4 * n), vat_rate=Decimal(25))
        stage.shop.add_article(f"K-{n}", name="Vara", quantity=Decimal(0), regular=Decimal(1), vat_rate=Decimal(25))
    kill(stage.beside(register, Direction.TO_SHOP), point)
    held = {a.article_number: a for a in stage.shop.articles()}
    for n in range(COUNT):
        if register is Register.STOCK:
            assert held[f"K-{n}"].quantity == n + 1
        else:
            assert held[f"K-{n}"].regular == Decimal(100 + 5 * n)
    assert stage.shop.violations == []


@pytest.mark.parametrize("point", ["before_write", "after_write", pytest.param("before_settle_commit", marks=pytest.mark.deep)])
def test_a_buyer_is_told_once_whenever_a_worker_is_killed(stage: Stage, point: str) -> None:
    rules = {"delivered_status": "completed", "delivered_message": "Order {number} är på väg."}
    status = stage.beside(Register.STATUS, Direction.TO_SHOP, rules=rules)
    status.run()
    placed = [stage.shop.place_order() for _ in range(3)]
    stage.until_settled()
    for source_id in placed:
        stage.erp.advance(f"{stage.code}-{source_id}", Milestone.DELIVERED)
    status.run()
    status.make_due()
    kill(status, point)
    for source_id in placed:
        mails = stage.shop.mails(source_id)
        assert sum("är på väg" in mail for mail in mails) == 1
        assert sum("complete" in mail for mail in mails) == 1
    assert {order.status for order in stage.shop.seen_orders() if order.source_id in placed} == {"completed"}
