"""Several shops in one connection, each with its own result unit, articles, triggers and price list; and channels as shops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from connectors.base import Register
from connectors.economic.sandbox import Simulator as Erp
from connectors.progress import Milestone
from connectors.sandbox import SeenDocument
from connectors.woocommerce.sandbox import Simulator as Shop
from flows.models import Flow, Transfer
from tests.acceptance.conftest import Rig, _endpoint, rig_of
from tests.acceptance.registers import beside

pytestmark = pytest.mark.django_db

STATUS = {"delivered_status": "completed", "delivered_message": "Order {number} är på väg."}


@dataclass
class Two:
    """Two shops of one merchant, and the ERP that both share."""

    retail: Rig
    trade: Rig
    erp: Erp

    @property
    def both(self) -> tuple[Rig, Rig]:
        return self.retail, self.trade

    def document(self, rig: Rig, source_id: str) -> SeenDocument:
        (found,) = [d for d in self.erp.documents() if d.reference == f"{rig.flow.shop.code}-{source_id}"]
        return found

    def departments(self, rig: Rig, source_id: str) -> set[int]:
        """The result units on the rows of the order's document."""
        (held,) = [d for d in self.erp.agreement.documents if d.reference == f"{rig.flow.shop.code}-{source_id}"]
        return {row["departmentalDistribution"]["departmentalDistributionNumber"] for row in held.body["lines"]}

    def articles(self, rig: Rig, source_id: str) -> set[str]:
        return {line.article_number for line in self.document(rig, source_id).lines}


@pytest.fixture
def two(db: None) -> Iterator[Two]:
    retail, trade, erp = Shop(), Shop(), Erp(token_limit=10**9)
    with rig_of(retail, erp, department="1", freight_article="FRAKT", fee_article="AVGIFT") as first, trade.serve() as address:
        second = Flow.objects.create(
            connection=first.connection,
            shop=_endpoint(first.connection.customer, trade, address),
            state=Flow.State.ACTIVE,
            trigger_statuses=["completed"],
            source_options=trade.flow_options(),
            target_options={
                **erp.flow_options(),
                "department": "2",
                "freight_article": "FRAKT-B2B",
                "fee_article": "AVGIFT-B2B",
                "heading": "Butik 2: {number}",
            },
        )
        yield Two(first, Rig(trade, erp, address, first.erp_address, second), erp)


def test_the_range_and_the_stock_of_the_erp_go_to_both_shops(two: Two) -> None:
    for number, quantity in (("E-1", 10), ("E-2", 4)):
        two.erp.add_article(number, name=f"Artikel {number}", quantity=Decimal(quantity), vat_rate=Decimal(25))
    for rig in two.both:
        beside(rig, Register.PRODUCTS).runs()
        for number in ("E-1", "E-2"):
            # The shop's staff have it keep stock of what is new.
            rig.shop.change_article(number, quantity=Decimal(0))
        stock = beside(rig, Register.STOCK)
        stock.runs()
        held = stock.in_shop()
        assert {n: (held[n].name, held[n].quantity) for n in ("E-1", "E-2")} == {
            "E-1": ("Artikel E-1", Decimal(10)),
            "E-2": ("Artikel E-2", Decimal(4)),
        }
        before = stock.writes(rig.shop)
        assert stock.runs().written == 0
        assert stock.writes(rig.shop) == before
        assert rig.shop.violations == []


def test_each_shop_has_its_own_result_unit_articles_and_heading_in_the_erp(two: Two) -> None:
    ids = [rig.place(status="completed") for rig in two.both]
    for rig in two.both:
        rig.settle()
    (first, second) = ids
    assert two.departments(two.retail, first) == {1}
    assert two.departments(two.trade, second) == {2}
    assert "FRAKT" in two.articles(two.retail, first)
    assert "FRAKT-B2B" not in two.articles(two.retail, first)
    assert "FRAKT-B2B" in two.articles(two.trade, second)
    assert len(two.erp.documents()) == 2
    assert two.erp.violations == []
    totals = {rig.flow.shop.code: order.total for rig in two.both for order in rig.shop.seen_orders()}
    assert {d.reference.partition("-")[0]: d.total for d in two.erp.documents()} == totals


def test_each_shop_has_its_own_statuses_that_trigger_the_transfer(two: Two) -> None:
    for rig in two.both:
        rig.place(status="processing")
        rig.settle()
    assert len(two.retail.arrived()) == 1
    assert two.trade.arrived() == []
    assert list(two.trade.states().values()) == ["skipped"]
    two.trade.shop.change_order(two.trade.placed[0], status="completed")
    two.trade.settle()
    assert two.trade.arrived() == two.trade.placed


def test_each_shop_has_the_price_list_of_its_own(two: Two) -> None:
    two.erp.add_article("P-1", name="Vara", regular=Decimal(100), vat_rate=Decimal(25))
    two.erp.price_in_group("P-1", 1, amount=Decimal(80))
    two.erp.price_in_group("P-1", 2, amount=Decimal(60))
    prices = {}
    for rig, group in zip(two.both, ("1", "2"), strict=True):
        rig.shop.add_article("P-1", name="Vara", regular=Decimal(1), vat_rate=Decimal(25))
        options = {**two.erp.flow_options(Register.PRICES), "price_group": group}
        flow = beside(rig, Register.PRICES, source_options=options)
        flow.runs()
        prices[rig.flow.pk] = flow.in_shop()["P-1"].regular
    assert list(prices.values()) == [Decimal("100.00"), Decimal("75.00")]


def test_what_happens_to_an_order_is_told_to_its_own_shop_alone(two: Two) -> None:
    followed = [beside(rig, Register.STATUS, rules=STATUS) for rig in two.both]
    for flow in followed:
        flow.runs()
    # Both shops number their orders alike: the code of the shop tells them apart.
    ids = [rig.place(status="completed" if rig is two.trade else "processing") for rig in two.both]
    assert ids[0] == ids[1]
    for rig in two.both:
        rig.settle()
    two.erp.advance(f"{two.retail.flow.shop.code}-{ids[0]}", Milestone.DELIVERED)
    for _ in range(3):
        for flow in followed:
            flow.runs()
    first, second = (rig.shop.mails(source_id) for rig, source_id in zip(two.both, ids, strict=True))
    assert sum("är på väg" in mail for mail in first) == 1
    assert not any("är på väg" in mail for mail in second)
    assert next(order.status for order in two.retail.shop.seen_orders()) == "completed"


def test_what_is_sold_in_one_shop_is_not_offered_in_the_other_before_the_erp_counts_it(two: Two) -> None:
    two.erp.add_article("L-1", name="Vara", quantity=Decimal(10), regular=Decimal(80), vat_rate=Decimal(25))
    stocks = []
    for rig in two.both:
        rig.shop.add_article("L-1", name="Vara", regular=Decimal(100), quantity=Decimal(0), vat_rate=Decimal(25))
        stocks.append(beside(rig, Register.STOCK))
        stocks[-1].runs()
    two.retail.placed.append(two.retail.shop.sell("L-1", 3, status="pending"))
    two.retail.run()
    assert list(two.retail.states().values()) == ["skipped"]
    for stock in stocks:
        stock.runs()
    assert stocks[0].in_erp()["L-1"].quantity == 10
    assert [stock.in_shop()["L-1"].quantity for stock in stocks] == [7, 7]
    two.retail.shop.change_order(two.retail.placed[0], status="processing")
    two.retail.settle()
    Transfer.objects.update(sent_at=timezone.now() - timedelta(minutes=5))
    for stock in stocks:
        stock.runs(2)
    assert stocks[0].in_erp()["L-1"].quantity == 7
    assert [stock.in_shop()["L-1"].quantity for stock in stocks] == [7, 7]


def test_the_channels_of_one_shop_are_shops_of_their_own(rig: Rig) -> None:
    """The shop's own buyers and its resellers: two result units, each order once, and what nobody takes is to be seen."""
    rig.configure(rig.flow.shop, channel_field="_kanal")
    Flow.objects.filter(pk=rig.flow.pk).update(channel="butik", target_options={**rig.flow.target_options, "department": "1"})
    rig.flow = Flow.objects.select_related("connection", "shop").get(pk=rig.flow.pk)
    resellers = Flow.objects.create(
        connection=rig.connection,
        shop=rig.flow.shop,
        channel="b2b",
        state=Flow.State.ACTIVE,
        trigger_statuses=["processing"],
        source_options=rig.flow.source_options,
        target_options={**rig.flow.target_options, "department": "2"},
    )
    other = Rig(rig.shop, rig.erp, rig.shop_address, rig.erp_address, resellers)
    channels = ["butik", "b2b", "butik", "b2b", "norge"]
    placed = [rig.place(meta_data=[{"id": n, "key": "_kanal", "value": name}]) for n, name in enumerate(channels, 1)]
    for _ in range(2):
        rig.settle()
        other.settle()
    two = Two(rig, other, rig.erp)
    assert rig.arrived() == sorted(placed[:4])
    assert [two.departments(rig, source_id) for source_id in placed[:4]] == [{1}, {2}, {1}, {2}]
    states = {**rig.states(), **other.states()}
    assert len(rig.states()) + len(other.states()) == len(placed)
    assert states == {**dict.fromkeys(placed[:4], "sent"), placed[4]: "skipped"}
    assert "norge" in {**rig.messages(), **other.messages()}[placed[4]]
    assert rig.erp.violations == []
