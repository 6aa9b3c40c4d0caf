"""Canonical orders for tests: plain ones by hand, and strategies for any order that a shop can produce.

Amounts are worked out as shops do: VAT per row, half up to two decimals, from prices with or without VAT.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from connectors.records import Address, LineKind, Order, OrderLine, Party, Refund
from sharespine.lib.money import ZERO, cents

PLACED = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
HUNDRED = Decimal(100)
RATES = (Decimal(25), Decimal(12), Decimal(6), Decimal(0))
NAMES = (
    "Kaffe", "T-shirt Skåne – Röd, S", "Räksmörgås & öl", "Tårta 🎂👩‍🍳", "Skruv 5 < 6 mm", "<b>Fet</b> rubrik", "“Citat” 'a'",
    "$ne:1", "Æblegrød (økologisk)", "Ярославль", "x" * 300,
)  # fmt: skip


def address(**overrides: Any) -> Address:
    values = {"name": "Anna Åkesson", "street": "Storgatan 1", "postcode": "211 34", "city": "Malmö", "country": "SE"}
    return Address(**{**values, **overrides})


def buyer(**overrides: Any) -> Party:
    values = {
        "number": "17",
        "name": "Anna Åkesson",
        "email": "anna@example.se",
        "phone": "070-123 45 67",
        "address": address(),
    }
    return Party(**{**values, **overrides})


def line(net: Decimal | str | int = 80, rate: Decimal | str | int | None = 25, **overrides: Any) -> OrderLine:
    """A row of `net` (all of it, without VAT) with the VAT that `rate` percent give."""
    net = cents(Decimal(net))
    rate = None if rate is None else Decimal(rate)
    values: dict[str, Any] = {
        "source_id": "1",
        "kind": LineKind.ARTICLE,
        "name": "Kaffe",
        "article_number": "KAFFE-1",
        "net": net,
        "vat": cents(net * (rate or 0) / HUNDRED),
        "vat_rate": rate,
        "net_before_discount": net,
    }
    return OrderLine(**{**values, **overrides})


def order(*lines: OrderLine, **overrides: Any) -> Order:
    """A paid order from Malmö of `lines`, or of one coffee and its freight (with VAT 100.00 + 49.00)."""
    rows = lines or (line(), line("39.20", source_id="2", kind=LineKind.FREIGHT, name="Postnord", article_number=""))
    values: dict[str, Any] = {
        "source_id": "1042",
        "number": "1042",
        "status": "processing",
        "currency": "SEK",
        "placed_at": PLACED,
        "modified_at": PLACED + timedelta(minutes=1),
        "paid_at": PLACED,
        "buyer": buyer(),
        "lines": rows,
        "total": sum((row.gross for row in rows), ZERO),
        "total_vat": sum((row.vat for row in rows), ZERO),
        "payment_method": "klarna",
        "payment_title": "Klarna",
        "delivery_method": "Postnord",
    }
    return Order(**{**values, **overrides})


def names() -> st.SearchStrategy[str]:
    """Names as people write them: any script, emoji, markup, no control characters."""
    written = st.text(st.characters(exclude_categories=["Cs", "Cc", "Co", "Cn"]), min_size=1, max_size=40).map(str.strip)
    return st.sampled_from(NAMES) | written.filter(bool)


def amounts(largest: int = 5_000_000) -> st.SearchStrategy[Decimal]:
    """Amounts of two decimals from 0.00, with `largest` in öre."""
    return st.integers(0, largest).map(lambda ore: Decimal(ore) / HUNDRED).map(cents)


def quantities() -> st.SearchStrategy[Decimal]:
    broken = st.sampled_from([Decimal("0.5"), Decimal("1.25"), Decimal("0.333"), Decimal("2.75")])
    return st.integers(1, 12).map(Decimal) | st.sampled_from([Decimal(7), Decimal(999)]) | broken


@st.composite
def priced(draw: st.DrawFn, *, kind: LineKind, include_vat: bool, rates: tuple[Decimal, ...]) -> OrderLine:
    """A row priced the way a shop prices it: unit price × quantity less a discount, VAT rounded for the row."""
    rate = draw(st.sampled_from(rates))
    quantity = draw(quantities()) if kind is LineKind.ARTICLE else Decimal(1)
    price = draw(amounts(200_000) | st.sampled_from([ZERO, Decimal("0.01"), Decimal("99.00"), Decimal("129.90")]))
    percent = draw(st.sampled_from([0, 0, 0, 10, 15, 33, 100])) if kind is LineKind.ARTICLE else 0
    if kind is LineKind.FEE and draw(st.booleans()):
        price = -price
    before = _split(price * quantity, rate, include_vat=include_vat)
    net, vat = _split(price * quantity * (100 - percent) / HUNDRED, rate, include_vat=include_vat)
    nothing = net == vat == before[0] == 0
    return OrderLine(
        source_id="0",
        kind=kind,
        name=draw(names()),
        quantity=quantity,
        net=net,
        vat=vat,
        vat_rate=None if nothing and draw(st.booleans()) else rate,
        net_before_discount=before[0],
        article_number=f"A{rate}-{draw(st.integers(1, 30))}" if kind is LineKind.ARTICLE else "",
    )


@st.composite
def parties(draw: st.DrawFn, *, country: str) -> Party:
    """A private person or a company, a guest or a known customer; some leave no name, some no e-mail address."""
    company = draw(st.just("") | names())
    name = draw(names() | st.just("")) if company else draw(names())
    return Party(
        number=draw(st.just("") | st.integers(1, 999_999).map(str)),
        name=name,
        company=company,
        organisation_number=draw(st.sampled_from(["", "556677-8899", "5566778899"])) if company else "",
        email=draw(st.sampled_from(["anna@example.se", "åsa+shop@exämple.se", ""])),
        phone=draw(st.sampled_from(["", "070-1", "+46 70 123 45 67"])),
        address=address(name=name, company=company, street=draw(names()), city=draw(names()), country=country),
    )


@st.composite
def orders(draw: st.DrawFn, *, largest: int = 200) -> Order:
    """Any order that a shop can produce, of 1 to `largest` articles. Freight, fees, gift cards and rounding come and go.

    An article number stands for one VAT rate throughout. `total` differs from the sum of the rows only where the shop
    rounds to whole kronor.
    """
    include_vat = draw(st.booleans())
    country, currency, rates = draw(
        st.sampled_from([("SE", "SEK", RATES)] * 4 + [("SE", "EUR", RATES), ("FI", "EUR", RATES[3:])])
    )
    rows = draw(st.lists(priced(kind=LineKind.ARTICLE, include_vat=include_vat, rates=rates), min_size=1, max_size=6))
    if draw(st.integers(0, 9)) == 0:
        rows = (rows * largest)[: draw(st.sampled_from([largest, largest // 2 + 1]))]
    for kind in (LineKind.FREIGHT, LineKind.FEE):
        if draw(st.booleans()):
            rows.append(draw(priced(kind=kind, include_vat=include_vat, rates=rates)))
    total = sum((row.gross for row in rows), ZERO)
    if total < 0:
        # No shop sells at a loss: fees that take off more than everything do not happen.
        rows = [row for row in rows if row.gross >= 0]
        total = sum((row.gross for row in rows), ZERO)
    if total and draw(st.integers(0, 4)) == 0:
        covered = min(total, draw(amounts(50_000)))
        card = line(-covered, 0, kind=LineKind.GIFT_CARD, name="Presentkort", article_number="", details="GC-1")
        rows, total = [*rows, card], total - covered
    if draw(st.integers(0, 4)) == 0:
        total = cents(total.quantize(Decimal(1)))
    placed = draw(st.datetimes(datetime(2026, 10, 24), datetime(2026, 11, 21), timezones=st.just(UTC)))
    number = str(draw(st.integers(1, 10**7)))
    party = draw(parties(country=country))
    refunds = (Refund(source_id="9", gross=total, reason="Ångrat"),) if total and draw(st.integers(0, 9)) == 0 else ()
    return Order(
        source_id=number,
        number=number,
        status=draw(st.sampled_from(["pending", "processing", "completed", "refunded"])),
        currency=currency,
        placed_at=placed,
        modified_at=placed + draw(st.timedeltas(timedelta(0), timedelta(days=3))),
        paid_at=draw(st.none() | st.just(placed)),
        buyer=party,
        delivery=draw(st.just(Address()) | st.builds(address, name=names(), country=st.just(country))),
        lines=tuple(replace(row, source_id=str(index)) for index, row in enumerate(rows, start=1)),
        total=total,
        total_vat=sum((row.vat for row in rows), ZERO),
        prices_include_vat=include_vat,
        payment_method=draw(st.sampled_from(["klarna", "bacs", "cod", ""])),
        refunds=refunds,
        note=draw(st.just("") | names()),
    )


def _split(amount: Decimal, rate: Decimal, *, include_vat: bool) -> tuple[Decimal, Decimal]:
    """Net and VAT of a row of `amount`, which is with VAT or without."""
    if include_vat:
        gross = cents(amount)
        vat = cents(gross * rate / (HUNDRED + rate))
        return gross - vat, vat
    net = cents(amount)
    return net, cents(net * rate / HUNDRED)
