"""Every register through both simulators: what one side has is in the other, and nothing is written twice."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from connectors.base import Register
from connectors.progress import Milestone
from connectors.sandbox import Fault
from flows.models import Flow, Transfer
from tests.acceptance.conftest import Rig
from tests.acceptance.registers import beside

pytestmark = pytest.mark.django_db

TO_ERP = Flow.Direction.TO_ERP


def test_the_range_of_the_shop_becomes_articles_in_the_erp_each_variant_its_own(rig: Rig) -> None:
    products = beside(rig, Register.PRODUCTS, TO_ERP)
    parent = rig.shop.add_article("TR", name="Tröja", vat_rate=Decimal(25))
    for colour in ("Röd", "Blå"):
        rig.shop.add_article(f"TR-{colour}", name="Tröja", part_of=parent, options=(("Färg", colour),))
    rig.shop.add_article("BOK-1", name="Kokbok", vat_rate=Decimal(6), ean="7310865004703")
    products.runs()
    held = products.in_erp()
    assert held["TR-Röd"].name == "Tröja - Röd"
    assert (held["BOK-1"].vat_rate, held["BOK-1"].ean, held["TR-Blå"].vat_rate) == (Decimal(6), "7310865004703", Decimal(25))
    assert "TR" not in held
    before = products.writes(rig.erp)
    assert products.runs().written == 0
    assert products.writes(rig.erp) == before
    assert rig.erp.violations == []


def test_the_range_of_the_erp_becomes_products_in_the_shop(rig: Rig) -> None:
    products = beside(rig, Register.PRODUCTS)
    for number, rate in (("E-1", 25), ("E-2", 12), ("E-3", 6)):
        rig.erp.add_article(number, name=f"Artikel {number}", vat_rate=Decimal(rate), ean="")
    products.runs()
    held = products.in_shop()
    assert {number: held[number].vat_rate for number in ("E-1", "E-2", "E-3")} == {
        "E-1": Decimal(25),
        "E-2": Decimal(12),
        "E-3": Decimal(6),
    }
    before = products.writes(rig.shop)
    products.runs()
    assert products.writes(rig.shop) == before
    rig.erp.change_article("E-2", name="Nytt namn")
    products.runs()
    assert products.in_shop()["E-2"].name == "Nytt namn"
    assert rig.shop.violations == []


def test_an_article_that_is_barred_in_the_erp_is_not_sold_in_the_shop(rig: Rig) -> None:
    products = beside(rig, Register.PRODUCTS)
    rig.erp.add_article("E-1", name="Mössa", vat_rate=Decimal(25))
    products.runs()
    rig.erp.change_article("E-1", active=False)
    products.runs()
    assert products.in_shop()["E-1"].active is False


def test_stock_arrives_and_a_second_run_writes_nothing(rig: Rig) -> None:
    stock = beside(rig, Register.STOCK)
    for n in range(1, 8):
        rig.erp.add_article(f"L-{n}", name=f"Vara {n}", quantity=Decimal(10 * n))
        if n < 7:
            rig.shop.add_article(f"L-{n}", name=f"Vara {n}", regular=Decimal(100), quantity=Decimal(1))
    stock.runs()
    assert {n: stock.in_shop()[f"L-{n}"].quantity for n in range(1, 7)} == {n: Decimal(10 * n) for n in range(1, 7)}
    assert stock.items()["L-7"] == "skipped"
    before = stock.writes(rig.shop)
    stock.runs()
    assert stock.writes(rig.shop) == before
    assert rig.shop.violations == []


def test_an_article_that_sells_while_it_is_synced_ends_right(rig: Rig) -> None:
    """The shop sells one between our look and our write. The write hides that, and the next runs put it right."""
    stock = beside(rig, Register.STOCK)
    rig.erp.add_article("L-1", name="Vara", quantity=Decimal(10), regular=Decimal(80), vat_rate=Decimal(25))
    rig.shop.add_article("L-1", name="Vara", regular=Decimal(100), quantity=Decimal(3), vat_rate=Decimal(25))
    rig.shop.faults.add(Fault("delay_before", method="POST|PUT", path="batch", seconds=0.0))
    look = rig.shop.handle
    sold: list[str] = []

    def sell(request):  # type: ignore[no-untyped-def]
        if request.method != "GET" and "batch" in request.path and not sold:
            sold.append(rig.shop.sell("L-1"))
        return look(request)

    rig.shop.handle = sell  # type: ignore[method-assign]
    stock.runs()
    rig.shop.handle = look  # type: ignore[method-assign]
    assert sold
    assert stock.in_shop()["L-1"].quantity == 10
    rig.placed.append(sold[0])
    rig.run()
    rig.settle()
    Transfer.objects.update(sent_at=timezone.now() - timedelta(minutes=5))
    stock.runs(2)
    assert (stock.in_erp()["L-1"].quantity, stock.in_shop()["L-1"].quantity) == (Decimal(9), Decimal(9))


def test_prices_without_vat_in_the_erp_are_prices_with_vat_in_the_shop(rig: Rig) -> None:
    prices = beside(rig, Register.PRICES)
    for number, amount, rate in (("P-1", "79.20", 25), ("P-2", "100.00", 12), ("P-3", "94.34", 6)):
        rig.erp.add_article(number, name=number, regular=Decimal(amount), vat_rate=Decimal(rate))
        rig.shop.add_article(number, name=number, regular=Decimal(1), vat_rate=Decimal(rate))
    prices.runs()
    assert [prices.in_shop()[f"P-{n}"].regular for n in (1, 2, 3)] == [Decimal("99.00"), Decimal("112.00"), Decimal("100.00")]
    before = prices.writes(rig.shop)
    prices.runs()
    assert prices.writes(rig.shop) == before
    rig.erp.change_article("P-1", regular=Decimal("63.36"))
    prices.runs()
    assert prices.in_shop()["P-1"].regular == Decimal("79.20")


def test_the_price_list_of_the_shop_and_its_campaign_come_from_price_groups(rig: Rig) -> None:
    options = {**rig.erp.flow_options(Register.PRICES), "price_group": "1", "campaign_price_group": "2"}
    prices = beside(rig, Register.PRICES, source_options=options)
    rig.erp.add_article("P-1", name="P-1", regular=Decimal(100), vat_rate=Decimal(25))
    rig.shop.add_article("P-1", name="P-1", regular=Decimal(1), vat_rate=Decimal(25))
    rig.erp.price_in_group("P-1", 1, amount=Decimal(80))
    rig.erp.price_in_group("P-1", 2, amount=Decimal(60))
    prices.runs()
    held = prices.in_shop()["P-1"]
    assert (held.regular, held.sale) == (Decimal("100.00"), Decimal("75.00"))


STATUS = {"delivered_status": "completed", "delivered_message": "Order {number} är på väg.", "paid_status": "completed"}


def test_what_happens_to_an_order_in_the_erp_is_told_to_the_buyer_once(rig: Rig) -> None:
    status = beside(rig, Register.STATUS, rules=STATUS)
    status.runs()
    source_id = rig.place()
    rig.settle()
    rig.erp.advance(f"{rig.flow.shop.code}-{source_id}", Milestone.DELIVERED)
    for _ in range(3):
        status.runs()
    (order,) = [order for order in rig.shop.seen_orders() if order.source_id == source_id]
    mails = rig.shop.mails(source_id)
    assert order.status == "completed"
    assert sum("är på väg" in mail for mail in mails) == 1
    assert sum("complete" in mail for mail in mails) == 1
    assert rig.told(source_id, "status")
    rig.run()
    assert rig.everything_arrived_once()
    assert not rig.transfer(source_id).attention


def test_a_refund_in_the_shop_becomes_a_credit_note_to_the_ore(rig: Rig) -> None:
    Flow.objects.filter(pk=rig.flow.pk).update(rules={"refunds": "credit", "cancellations": "credit"})
    rig.flow.refresh_from_db()
    source_id = rig.place()
    rig.settle()
    total = next(order.total for order in rig.shop.seen_orders() if order.source_id == source_id)
    rig.shop.refund_order(source_id, total / 2)
    for _ in range(3):
        rig.settle()
    totals = sorted(document.total for document in rig.erp.documents())
    assert totals == [-total / 2, total]
    assert rig.erp.violations == []
    assert not rig.transfer(source_id).attention
