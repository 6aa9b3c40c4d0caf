"""The service account: the balance and its entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from billing import hours as account
from billing import papers, statements
from billing.dates import today
from billing.models import Entry
from flows.models import Connection, Transfer
from sharespine.lib import sheets
from sharespine.portal.access import Access, page, show
from sharespine.portal.filtering import Day

#: So many entries are on a page.
SHOWN = 50
KINDS = ("pdf", *sheets.KINDS)


class PeriodForm(forms.Form):
    """From one day to another, both within. Empty: as far as there is anything."""

    first = Day(label=gettext_lazy("From"))
    last = Day(label=gettext_lazy("Until"))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("first") and data.get("last") and data["last"] < data["first"]:
            self.add_error("last", _("The last day is before the first."))
        return data


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as its customer reads it. `balance` is what was left after it as the days go, in minutes."""

    entry: Entry
    balance: int
    words: str
    why: str
    address: str


@page()
def hours(request: HttpRequest, access: Access) -> HttpResponseBase:
    form = PeriodForm(request.GET)
    period = (form.cleaned_data["first"], form.cleaned_data["last"]) if form.is_valid() else (None, None)
    number = int(found) if (found := request.GET.get("page", "")).isdecimal() and len(found) < 6 else 1
    start = max(0, number - 1) * SHOWN
    entries = _entries(access)
    within = _within(entries, *period).order_by("-day", "-pk")
    found_here = list(within.select_related("category", "reversed_by")[start : start + SHOWN + 1])
    chosen = {name: day.isoformat() for name, day in zip(("first", "last"), period, strict=True) if day}
    query = urlencode(chosen)
    context: dict[str, Any] = {
        "area": "hours",
        "left": account.balance(access.customer),
        "form": form,
        "rows": _rows(access, found_here[:SHOWN], _balance_before(entries, within[:start], period[1])),
        "chosen": chosen,
        "newer": f"?{urlencode({**chosen, 'page': number - 1})}" if number > 1 else "",
        "older": f"?{urlencode({**chosen, 'page': number + 1})}" if len(found_here) > SHOWN else "",
        "sales": settings.CONTACTS["sales"],
        "files": [(kind.upper(), f"{reverse('portal:statement', args=[access.customer.pk, kind])}?{query}") for kind in KINDS],
    }
    return show(request, access, "portal/hours.html", context)


@page()
def statement(request: HttpRequest, access: Access, kind: str) -> HttpResponseBase:
    """The entries of a period as a file, in the reader's language."""
    form = PeriodForm(request.GET)
    if kind not in KINDS or not form.is_valid():
        raise Http404
    first, last = form.cleaned_data["first"], form.cleaned_data["last"] or today(timezone.now())
    if first is None:
        first = _within(_entries(access), None, last).order_by("day").values_list("day", flat=True).first() or last
    if last < first:
        raise Http404
    shown = statements.statement(access.customer, first, last)
    name = statements.file_name(shown)
    if kind == "pdf":
        answer = HttpResponse(papers.pdf(shown), content_type="application/pdf")
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
        return answer
    return sheets.answer(list(statements.table(shown)), name, kind, get_language())


def _entries(access: Access) -> QuerySet[Entry]:
    return Entry.objects.filter(account__customer=access.customer)


def _within(entries: QuerySet[Entry], first: date | None, last: date | None) -> QuerySet[Entry]:
    if first is not None:
        entries = entries.filter(day__gte=first)
    return entries if last is None else entries.filter(day__lte=last)


def _balance_before(entries: QuerySet[Entry], passed: QuerySet[Entry], last: date | None) -> int:
    """The balance as the page begins, which goes back in time: that at the end of the period without what has `passed`."""
    at_the_end = _within(entries, None, last).aggregate(sum=Sum("change"))["sum"] or 0
    return int(at_the_end - (passed.aggregate(sum=Sum("change"))["sum"] or 0))


def _rows(access: Access, entries: Sequence[Entry], balance: int) -> list[Row]:
    addresses = _addresses(access, entries)
    found = []
    for entry in entries:
        address = addresses.get(("transfer", entry.transfer_id)) or addresses.get(("connection", entry.connection_id)) or ""
        found.append(Row(entry, balance, account.wording(entry), statements.reason(entry), address))
        balance -= entry.change
    return found


def _addresses(access: Access, entries: Sequence[Entry]) -> dict[tuple[str, int | None], str]:
    """The pages of the orders and connections that entries were for, where they are there and the customer's."""
    customer = access.customer.pk
    orders = Transfer.objects.filter(customer=customer, pk__in={entry.transfer_id for entry in entries if entry.transfer_id})
    theirs = Connection.objects.filter(
        customer=customer, pk__in={entry.connection_id for entry in entries if entry.connection_id}
    )
    connections = reverse("portal:connections", args=[customer])
    found: dict[tuple[str, int | None], str] = {
        ("transfer", pk): reverse("portal:order", args=[customer, pk]) for pk in orders.order_by().values_list("pk", flat=True)
    }
    return found | {
        ("connection", pk): f"{connections}#connection-{pk}" for pk in theirs.order_by().values_list("pk", flat=True)
    }


urls = [path("", hours, name="hours"), path("statement.<str:kind>", statement, name="statement")]
