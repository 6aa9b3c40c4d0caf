"""The statement of a service account: what was there, what came and went between two days, and what is left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from billing.dates import Span
from billing.hours import wording
from billing.models import Customer, Entry
from billing.refusals import Refused
from sharespine.lib.text import N_


@dataclass(frozen=True, slots=True)
class Line:
    """An entry, and the balance after it in minutes as the days go: entries may have been written later than their day."""

    entry: Entry
    balance: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The entries of a customer from the first to the last day of `span`, by their days. Minutes; days are days in Sweden."""

    customer: Customer
    span: Span
    opening: int
    lines: tuple[Line, ...]

    @property
    def closing(self) -> int:
        return self.lines[-1].balance if self.lines else self.opening

    @property
    def came(self) -> int:
        """The minutes that came in."""
        return sum(line.entry.change for line in self.lines if line.entry.change > 0)

    @property
    def went(self) -> int:
        """The minutes that were drawn, as a negative number."""
        return sum(line.entry.change for line in self.lines if line.entry.change < 0)

    @property
    def free(self) -> int:
        """The minutes of work that cost nothing."""
        return sum(line.entry.minutes for line in self.lines if not line.entry.change)


def statement(customer: Customer, first: date, last: date) -> Statement:
    """The statement from the day `first` to the day `last`, both within. Raises `Refused` where they are in the wrong order."""
    if last < first:
        raise Refused(N_("The last day is before the first."))
    entries = Entry.objects.filter(account__customer=customer)
    opening = balance = entries.filter(day__lt=first).aggregate(sum=Sum("change"))["sum"] or 0
    lines: list[Line] = []
    for entry in entries.filter(day__range=(first, last)).select_related("category").order_by("day", "pk"):
        balance += entry.change
        lines.append(Line(entry, balance))
    return Statement(customer, Span(first, last), opening, tuple(lines))


def table(statement: Statement) -> Iterator[list[Any]]:
    """The statement as rows of a spreadsheet, headings first, in the active language. Minutes are whole numbers."""
    yield [
        _("Day"), _("Kind"), _("Work category"), _("What"), _("Reason"), _("For"), _("Who"),
        _("Minutes"), _("In and out, minutes"), _("Balance, minutes"),
    ]  # fmt: skip
    yield [statement.span.first, "", "", _("Opening balance"), "", "", "", "", "", statement.opening]
    for line in statement.lines:
        entry = line.entry
        yield [
            entry.day, entry.get_kind_display(), str(entry.category or ""), wording(entry), reason(entry), entry.about,
            entry.by, entry.minutes, entry.change, line.balance,
        ]  # fmt: skip
    yield [statement.span.last, "", "", _("Closing balance"), "", "", "", "", "", statement.closing]


def reason(entry: Entry) -> str:
    """Why an entry was taken back. Why an account may go below nought is between us, and an adjustment is its own reason."""
    return entry.reason if entry.kind == Entry.Kind.REVERSAL else ""


def file_name(statement: Statement) -> str:
    """What a file of the statement is called, without its ending, in the active language."""
    return f"{_('service-account')}-{statement.customer.pk}-{statement.span.first}-{statement.span.last}"
