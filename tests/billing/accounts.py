"""A service account with a little of everything, by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billing import hours
from billing.models import Customer, Entry, HourPack, InvoiceBasis, InvoiceRow, WorkCategory

#: 3 h come in, 1 h 35 min go, 15 min are free, 5 h are bought, 1 h goes and is taken back in November.
OCTOBER_1, OCTOBER_31 = date(2026, 10, 1), date(2026, 10, 31)


def category(key: str = "qualified-support") -> WorkCategory:
    return WorkCategory.objects.get(key=key)


def pack(name: str = "Timpaket 5 h", minutes: int = 300, price: int = 4500) -> HourPack:
    return HourPack.objects.create(name=name, minutes=minutes, price=price)


def lived_in(customer: Customer) -> list[Entry]:
    """Six entries, of which the last is written last and belongs to a day in the middle."""
    hours.start_package(customer, 180, day=date(2026, 9, 28), by="sara")
    said = "Felsökte “momszon” – ÅÄÖ åäö"
    hours.work(customer, category(), 95, said, day=date(2026, 10, 12), by="sara", about=hours.About(name="1042, Webb"))
    hours.buy(customer, pack(), day=date(2026, 10, 25), by="sara")
    wrong = hours.work(customer, category(), 60, "=Fel kund", day=date(2026, 10, 31), by="eva")
    hours.reverse(wrong, day=date(2026, 11, 2), by="sara", reason="Hörde till en annan")
    hours.work(customer, category("guidance"), 15, "Frågor om statusar", day=date(2026, 10, 13), by="eva")
    return list(Entry.objects.filter(account__customer=customer).order_by("pk"))


def closed(customer: Customer, month: date = OCTOBER_1) -> InvoiceBasis:
    """The basis of the month in which an account that is lived in was sold its hour pack."""
    sold = Entry.objects.get(account__customer=customer, kind=Entry.Kind.PACK)
    net, vat = Decimal(4500), Decimal(1125)
    basis = InvoiceBasis.objects.create(
        customer=customer, month=month, closed_by="sara", vat_rate=25, net=net, vat=vat, total=net + vat
    )
    InvoiceRow.objects.create(
        basis=basis, kind="hour_pack", key=f"entry-{sold.pk}", month=month, text=sold.text, unit_price=net, amount=net
    )
    return basis
