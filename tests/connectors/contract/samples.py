"""Orders that reach every corner of an ERP connector, and the way an order is carried out."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from connectors.base import Connector, Document
from connectors.records import LineKind, Order, Party
from tests.factories import address, buyer, line, order


def carry_out(connector: Connector, record: Order, reference: str, *, key: str = "") -> Document:
    """Prepare and write `record`, as the engine does."""
    return connector.write(connector.prepare(record, reference=reference), key=key or f"key-{reference}")


def plain(number: int = 1042) -> Order:
    """An order like any other, of its own buyer."""
    return order(
        source_id=str(number),
        number=str(number),
        buyer=buyer(number=str(number), name=f"Kund {number}", email=f"{number}@example.se"),
    )


def credited(number: int = 1042) -> Order:
    """What takes back a part of `plain`: two of its three articles at an uneven price, and the freight."""
    freight = line("-39.20", kind=LineKind.FREIGHT, name="Postnord", article_number="", quantity=Decimal(-1), source_id="2")
    return replace(
        order(line("-100.01", quantity=Decimal(-2)), freight, buyer=plain(number).buyer),
        source_id=f"{number}-1",
        number=f"{number}-1",
        credits=str(number),
    )


def all_kinds() -> list[Order]:
    """Orders of every kind that a shop hands over; not each of them has to be accepted."""
    article = {"kind": LineKind.ARTICLE, "name": "Te"}
    extras = [
        line(-10, kind=LineKind.DISCOUNT, name="Rabatt", article_number=""),
        line(20, kind=LineKind.FEE, name="Avgift", article_number=""),
        line(-30, 0, kind=LineKind.GIFT_CARD, name="Presentkort", article_number=""),
        line("39.20", 12, kind=LineKind.FREIGHT, name="Postnord", article_number=""),
    ]
    rates = [line(100, rate, article_number=f"RATE-{rate}", **article) for rate in (25, 12, 6, 0)]
    company = Party(
        number="88", name="Bo", company="Bo AB", organisation_number="556677-8899", email="bo@example.se", address=address()
    )
    finland = buyer(number="90", email="aino@example.fi", address=address(country="FI"))
    norway = buyer(number="91", email="ola@example.no", address=address(country="NO"))
    rounded = plain(7)
    return [
        plain(1),
        order(line(), *extras, source_id="2"),
        order(*rates, source_id="3"),
        order(line(80, quantity=Decimal(3), net_before_discount=Decimal(100)), source_id="4", buyer=company, note="Ring på"),
        order(line(100, 0, article_number="FI-1"), source_id="5", buyer=finland),
        order(line(100, 0, article_number="NO-1"), source_id="6", buyer=norway, currency="EUR"),
        order(line("79.80"), source_id="7", buyer=rounded.buyer, total=Decimal("100.00")),
        order(source_id="8", buyer=Party(name="Gäst")),
        order(source_id="9", buyer=buyer(number="92", email=""), delivery=address(name="Eva", street="Lillgatan 2")),
        order(line(0), source_id="10"),
    ]
