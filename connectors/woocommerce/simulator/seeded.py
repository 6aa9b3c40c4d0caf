"""The 500 orders of the simulated shop, October and November 2026: orders as they are. The same seed gives the same orders.

180 of them are placed in the night when the clock goes back, one in each minute from 00:00 to 02:59 UTC of 2026-10-25.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from connectors.woocommerce.simulator import people
from connectors.woocommerce.simulator.cart import Cart, Coupon, Fee, GiftCard, Item
from connectors.woocommerce.simulator.catalogue import Article
from connectors.woocommerce.simulator.orders import Orders
from connectors.woocommerce.simulator.people import ORGANISATION_NUMBER_FIELD

__all__ = ["GIFT_CARD_FEE", "ORGANISATION_NUMBER_FIELD", "STATUSES", "seed"]

#: The last but one comes from a plugin.
STATUSES = {
    "pending": "Pending payment",
    "processing": "Processing",
    "on-hold": "On hold",
    "completed": "Completed",
    "cancelled": "Cancelled",
    "refunded": "Refunded",
    "failed": "Failed",
    "packas": "Packas &amp; skickas",
    "checkout-draft": "Draft",
}
GIFT_CARD_FEE = "Presentkort"

_COUNT = 500
_NIGHT = datetime(2026, 10, 25, tzinfo=UTC)
_NIGHT_MINUTES = 180
_FIRST = datetime(2026, 10, 1, 6, tzinfo=UTC)
_DAYS = 50
_ARRIVES = "arrives"
_ZERO = Decimal(0)


@dataclass
class _Plan:
    """An order to place. `expected` is what becomes of it in a flow with the statuses processing and completed."""

    cart: Cart
    who: dict[str, Any]
    expected: str = _ARRIVES
    fields: dict[str, Any] = field(default_factory=dict)
    refund: Decimal | None = None
    at: datetime = _FIRST


def seed(orders: Orders, articles: list[Article], random: Random, count: int) -> dict[str, str]:
    """Place the first `count` orders; what is expected of each, by id."""
    makers = _Makers(articles, random)
    plans = list(makers.odd())
    for minute in range(_NIGHT_MINUTES):
        plan = makers.ordinary()
        plan.at = _NIGHT + timedelta(minutes=minute, seconds=random.randrange(60))
        plans.append(plan)
    while len(plans) < _COUNT:
        plans.append(makers.ordinary())
    for plan in plans:
        if plan.at == _FIRST:
            plan.at = _FIRST + timedelta(days=random.randrange(_DAYS), seconds=random.randrange(16 * 3600))
    plans.sort(key=lambda plan: plan.at)
    return dict(_placed(orders, plan, random) for plan in plans[:count])


def _placed(orders: Orders, plan: _Plan, random: Random) -> tuple[str, str]:
    order = orders.place(plan.cart, at=plan.at, overrides={**plan.who, **plan.fields})
    status = order["status"]
    if plan.refund is not None:
        orders.give_back(order, plan.refund, "Ångrat köp", at=plan.at + timedelta(days=3))
        status = order["status"]
    elif random.random() < 0.3 and plan.at.date() != _NIGHT.date():
        orders.touch(order, plan.at + timedelta(seconds=random.randrange(48 * 3600)))
    expected = plan.expected
    if status not in ("processing", "completed"):
        expected = f"excluded: the status is {status}"
    return str(order["id"]), expected


class _Makers:
    """Makes the orders, ordinary ones and odd ones."""

    def __init__(self, articles: list[Article], random: Random) -> None:
        self._random = random
        self._all = articles
        self._sold = [article for article in articles if article.sku and not article.deleted and article.price]

    def ordinary(self) -> _Plan:
        """One to four articles for a person or a company, now and then with a coupon, a fee or free freight."""
        random = self._random
        items = self._items(random.choice((1, 1, 2, 2, 3, 4)))
        worth = sum((item.article.price * item.quantity for item in items), _ZERO)
        is_free = worth > 1000
        cart = Cart(
            items=items,
            freight=_ZERO if is_free else Decimal("39.20"),
            freight_title="Fri frakt" if is_free else "PostNord Ombud",
            coupon=random.choice(
                (None,) * 6 + (Coupon("HOST10", "percent", Decimal(10)), Coupon("Minus50", "fixed_cart", Decimal(50)))
            ),
            fees=random.choice(
                ((),) * 8 + ((Fee("Presentinslagning", Decimal("23.20")),), (Fee("Fakturaavgift", Decimal(29), None),))
            ),
            prices_include_tax=random.random() < 0.85,
        )
        number = random.randrange(1, 140)
        who = people.company(random, number) if random.random() < 0.12 else people.person(random, number)
        return _Plan(cart, who, fields={"status": random.choice(("processing", "processing", "completed"))})

    def odd(self) -> Iterator[_Plan]:
        yield from self._amounts()
        yield from self._countries()
        yield from self._names()
        yield from self._articles()
        yield from self._statuses()

    def _items(self, count: int) -> tuple[Item, ...]:
        random = self._random
        return tuple(Item(article, random.choice((1, 1, 1, 2, 3, 7))) for article in random.sample(self._sold, count))

    def _plan(self, expected: str = _ARRIVES, /, *, who: dict[str, Any] | None = None, **cart: Any) -> _Plan:
        number = self._random.randrange(1, 140)
        given = {"items": self._items(2), **cart}
        return _Plan(Cart(**given), who or people.person(self._random, number), expected)

    def _with(self, plan: _Plan, **fields: Any) -> _Plan:
        plan.fields |= fields
        return plan

    def _amounts(self) -> Iterator[_Plan]:
        one_of_each = tuple(
            Item(next(article for article in self._sold if article.tax_class == tax_class), 3)
            for tax_class in ("", "reduced-rate", "bocker-6", "zero-rate")
        )
        for include in (True, False):
            yield self._plan(items=one_of_each, prices_include_tax=include)
            yield self._plan(items=one_of_each, prices_include_tax=include, coupon=Coupon("host10", "percent", Decimal(10)))
            yield self._plan(
                items=one_of_each, prices_include_tax=include, coupon=Coupon("minus99", "fixed_cart", Decimal("99.99"))
            )
            yield self._plan(
                items=tuple(Item(self._sold[n % len(self._sold)], 1 + n % 5, Decimal(n) + Decimal("0.99")) for n in range(200)),
                prices_include_tax=include,
            )
        free = next(article for article in self._all if article.sku and not article.price)
        yield self._plan(items=(Item(free),), freight=_ZERO, freight_title="Fri frakt")
        yield self._plan(items=(Item(free), *self._items(1)))
        yield self._plan(coupon=Coupon("allt", "percent", Decimal(100)), freight=_ZERO)
        yield self._plan(freight=None)
        for amount in ("50", "100", "20.50"):
            yield self._plan(fees=(Fee(GIFT_CARD_FEE, -Decimal(amount), None),), items=(Item(self._sold[6]),))
            yield self._plan(
                gift_cards=(GiftCard(f"ABCD-EFGH-IJKL-{amount[:2]}ZZ", Decimal(amount)),), items=(Item(self._sold[6]),)
            )
        yield self._plan(gift_cards=(GiftCard("PAYS-EVER-YTHI-NG00", Decimal("1348.00")),), items=(Item(self._sold[6]),))
        yield self._plan(fees=(Fee("Stamkundsrabatt", Decimal(-40)),), items=(Item(self._sold[6]),))
        for _ in range(6):
            yield self._plan(items=(Item(self._sold[10], self._random.randrange(1, 9)), *self._items(1)), whole_kronor=True)
        for _ in range(2):
            yield self._with(self._plan("stops: the rows do not add up to the total"), total="1.00")
        plan = self._plan("stops: the VAT of a row has no rate")
        yield self._with(plan, tax_lines=[])

    def _countries(self) -> Iterator[_Plan]:
        for number in range(3):
            yield self._with(
                self._plan(who=people.abroad(self._random, 200 + number, "FI", "Helsinki"), taxed=False), currency="EUR"
            )
            yield self._with(self._plan(), currency="EUR")
        yield self._plan(who=people.abroad(self._random, 210, "NO", "Oslo"), taxed=False)
        yield self._with(self._plan(who=people.abroad(self._random, 211, "DK", "København"), taxed=False), currency="DKK")
        for currency in ("ISK", "XTS"):
            yield self._with(self._plan(f"stops: the currency is {currency}"), currency=currency)

    def _names(self) -> Iterator[_Plan]:
        random = self._random
        for number, (first, last) in enumerate(
            (
                ("Kaj 🎣", "Ström"),
                ("<b>Bo</b>", "Ek"),
                ("Åsa\u0000\u0007", "Öberg\r\n"),
                ("  ", "Madonna"),
                ("👩‍👩‍👧", "Ali"),
                ("<script>alert(1)</script>Eva", "Ek"),
                ("O&#039;Hara", "M&uuml;ller"),
            )
        ):
            yield self._plan(who=people.named(random, 300 + number, first, last))
        yield self._plan(who=people.named(random, 310, "", "", "Utan Namn AB"))
        for number in range(2):
            yield self._plan("stops: the buyer has no name", who=people.named(random, 320 + number, "", " "))
        note = "<script>alert('x')</script>Ring på hos grannen &amp; säg hej\nPortkod 1234 – 5 < 10"
        yield self._with(self._plan(), customer_note=note)
        for number in range(6):
            yield self._plan(who=people.company(random, number), prices_include_tax=False)

    def _articles(self) -> Iterator[_Plan]:
        nameless = next(article for article in self._all if not article.sku)
        gone = next(article for article in self._all if article.deleted)
        for _ in range(3):
            yield self._plan("stops: a row has no article number", items=(*self._items(1), Item(nameless)))
            yield self._plan("stops: a row has no article number", items=(Item(gone), *self._items(1)))
        variations = [article for article in self._all if article.variation_id]
        for _ in range(6):
            yield self._plan(items=tuple(Item(article, 2) for article in self._random.sample(variations, 3)))

    def _statuses(self) -> Iterator[_Plan]:
        for status in ("pending", "on-hold", "cancelled", "failed", "packas", "checkout-draft", "trash"):
            for _ in range(4):
                plan = self._with(self._plan(), status=status)
                if status == "checkout-draft":
                    # Someone has begun to fill in the checkout.
                    plan.who = people.named(self._random, 400, "", "")
                yield plan
        for _ in range(4):
            plan = self._with(self._plan(items=(Item(self._sold[0], 2),)), status="completed")
            plan.refund = Decimal("129.00")
            yield plan
            plan = self._with(self._plan(items=(Item(self._sold[0], 2),)), status="completed")
            plan.refund = Decimal("307.00")
            yield plan
        yield self._with(self._plan(), payment_method="cod", payment_method_title="Postförskott")
