"""Whatever is done to a contract, and however late: the invoices come to what a day-by-day reckoning says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import contracts, hours, invoicing
from billing.dates import DAY, days_in_month, months, next_month
from billing.models import AddOn, Customer, Entry, HourPack, InvoiceBasis, InvoiceRow, Package, Subscription
from billing.refusals import Refused
from tests.billing.worlds import examples, fresh

pytestmark = pytest.mark.django_db

#: A turn of the year, a leap day, and months of 29, 30 and 31 days.
FIRST, LAST = date(2027, 11, 1), date(2028, 4, 30)
MONTHS = list(months(FIRST, LAST))
ORE = Decimal("0.01")
Verb = Callable[["Books", date, int], Any]


class Books:
    """A customer, what may be done to it, and what stood on its bases when they were closed."""

    def __init__(self) -> None:
        self.customer = Customer.objects.create(name="Ull AB")
        self.packages = {package.code: package for package in Package.objects.all()}
        self.pack = HourPack.objects.create(name="10 h", minutes=600, price=Decimal("8990.00"))
        self.closed: dict[int, Any] = {}

    def do(self, verb: Verb, day: date, number: int) -> None:
        with suppress(Refused):
            verb(self, day, number)

    @property
    def subscription(self) -> Subscription:
        found = self.customer.subscriptions.first()
        if found is None:
            raise Refused("nothing was sold yet")
        return found

    def close(self, month: date) -> None:
        """Close all months that have something on them, up to `month`; the others are passed by."""
        known = set(self.closed)
        invoicing.close_all(month, today=date(2029, 1, 1), actor="siv")
        new = InvoiceBasis.objects.filter(customer=self.customer).exclude(pk__in=known).values_list("pk", flat=True)
        self.closed |= {pk: written(pk) for pk in new}


def written(pk: int) -> Any:
    return [
        list(InvoiceBasis.objects.filter(pk=pk).values()),
        list(InvoiceRow.objects.filter(basis=pk).order_by("pk").values()),
    ]


# --- what may be done ---------------------------------------------------------------------------------------------------------


def start(books: Books, day: date, number: int) -> None:
    edition = "client" if number % 2 else "cloud"
    contracts.start(books.customer, books.packages["400"], edition, begins_on=day, actor="siv")
    # A short binding time: in these few months contracts are to end, too.
    Subscription.objects.update(binding_months=number % 2, notice_months=number % 3)


def change(books: Books, day: date, number: int) -> None:
    package = books.packages[("100", "200", "400", "800")[number % 4]]
    agreed = contracts.Agreed(installation_price=Decimal(1000) if number % 3 else None)
    contracts.change_package(books.subscription, package, today=day, actor="siv", agreed=agreed)


def pause(books: Books, day: date, number: int) -> None:
    until = day + number * DAY if number % 4 else None
    contracts.pause(books.subscription, begins_on=day, until=until, actor="siv", reason="x", charged=number % 5 == 0)


def resume(books: Books, day: date, number: int) -> None:
    contracts.resume(books.subscription, on=day, actor="siv")


def add(books: Books, day: date, number: int) -> None:
    contracts.add(books.subscription, "shop", f"shop{number}.se", begins_on=day, actor="siv")


def move_add_on(books: Books, day: date, number: int) -> None:
    AddOn.objects.filter(pk__in=books.subscription.add_ons.values("pk")[:1], ends_on=None).update(begins_on=day)


def end_add_on(books: Books, day: date, number: int) -> None:
    if add_on := books.subscription.add_ons.last():
        contracts.end_add_on(add_on, on=day, actor="siv")


def give_notice(books: Books, day: date, number: int) -> None:
    contracts.give_notice(books.subscription, on=day, actor="siv")


def withdraw_notice(books: Books, day: date, number: int) -> None:
    contracts.withdraw_notice(books.subscription, today=day, actor="siv")


def buy(books: Books, day: date, number: int) -> None:
    hours.buy(books.customer, books.pack, day=day, by="siv")


def take_back(books: Books, day: date, number: int) -> None:
    if entry := Entry.objects.filter(kind=Entry.Kind.PACK).first():
        hours.reverse(entry, day=day, by="siv", reason="Sold by mistake")


def close(books: Books, day: date, number: int) -> None:
    books.close(day.replace(day=1))


VERBS: list[Verb] = [
    start, change, change, change, pause, pause, resume, add, add, move_add_on, end_add_on, give_notice, give_notice,
    withdraw_notice, buy, take_back, close, close,
]  # fmt: skip
acts = st.tuples(st.sampled_from(VERBS), st.dates(FIRST, LAST), st.integers(0, 40))


# --- what it must come to -----------------------------------------------------------------------------------------------------


def by_days(sold: invoicing.Sold, month: date) -> Decimal:
    """What a month costs, reckoned a day at a time and never rounded."""
    days, due = days_in_month(month), Decimal(0)
    for day in (month + n * DAY for n in range(days)):
        for subscription in sold.subscriptions:
            if not subscription.begins_on <= day <= (subscription.ends_on or LAST):
                continue
            terms = [term for term in subscription.terms.all() if term.begins_on <= day]
            newest = max(terms, key=lambda term: term.begins_on)
            if newest.begins_on == day:
                due += newest.installation_price
            if any(pause.begins_on <= day <= (pause.until or LAST) for pause in subscription.pauses.all() if not pause.charged):
                continue
            add_ons = [add_on for add_on in subscription.add_ons.all() if add_on.begins_on <= day <= (add_on.ends_on or LAST)]
            due += (newest.monthly_price + sum(add_on.monthly_price for add_on in add_ons)) / days
    bought = [entry.price or 0 for entry in sold.packs if (entry.day.year, entry.day.month) == (month.year, month.month)]
    return due + sum(bought)


def check(books: Books) -> None:
    sold = invoicing.Sold.to(books.customer)
    for month in MONTHS:
        charges = sold.charges(month)
        assert abs(sum(charge.amount for charge in charges) - by_days(sold, month)) <= ORE / 2 * len(charges)
        # Keys tell charges apart: with two of one key, one would be lost or corrected for ever.
        assert len({charge.key for charge in charges}) == len(charges)
    for pk, was in books.closed.items():
        assert written(pk) == was


def check_what_is_written(books: Books) -> None:
    """Of every month that is closed, or was passed by, exactly what it costs by now has been written down."""
    sold = invoicing.Sold.to(books.customer)
    until = InvoiceBasis.objects.order_by("month").values_list("month", flat=True).last()
    for month in (month for month in MONTHS if until and month <= until):
        rows = InvoiceRow.objects.filter(month=month).values_list("amount", flat=True)
        assert sum(rows) == sum(charge.amount for charge in sold.charges(month)), month


@examples(30)
@given(st.dates(FIRST, date(2027, 12, 10)), st.integers(0, 40), st.lists(acts, min_size=8, max_size=16))
def test_any_contract_is_invoiced_to_the_day_and_corrected_to_the_ore(
    begins_on: date, number: int, done: list[tuple[Verb, date, int]]
) -> None:
    with fresh():
        books = Books()
        books.do(start, begins_on, number)
        for verb, day, of_it in done:
            books.do(verb, day, of_it)
        check(books)
        # Whatever was changed late is put right with the next month that is closed.
        after = next_month(LAST)
        books.close(after)
        check(books)
        check_what_is_written(books)
        assert not [row for row in invoicing.draft(books.customer, next_month(after)).rows if row.month <= after]
