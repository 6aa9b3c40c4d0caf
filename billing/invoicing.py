"""What a customer is to be invoiced for a month: subscription, add-ons, installation, hour packs.

`charges` says what a month costs by what is known now. Closing a month writes that down for good; what changes afterwards in a
month that is closed is put right by rows of the month that is closed next. All amounts are kronor without VAT.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from billing.dates import DAY, Span, days_in_month, month_span, months, next_month
from billing.models import Customer, Entry, InvoiceBasis, InvoiceRow, Subscription
from billing.refusals import Refused
from sharespine.lib.money import cents
from sharespine.lib.said import said
from sharespine.lib.text import N_, Text

Kind = InvoiceRow.Kind
VAT = Decimal(25)
NO_NOTE = Text("")
#: Countries whose VAT numbers make the buyer pay the VAT (Council Directive 2006/112/EC, article 196).
UNION = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT",
    "NL", "PL", "PT", "RO", "SI", "SK",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Charge:
    """One thing that a month costs, in kronor without VAT. `key` stays the same however often it is worked out."""

    kind: str
    key: str
    month: date
    text: str
    unit_price: Decimal
    amount: Decimal
    span: Span | None = None

    @property
    def days(self) -> int | None:
        return self.span.days if self.span else None


@dataclass(frozen=True, slots=True)
class Basis:
    """What a month comes to. `rows` are as they will be written, corrections of earlier months among them."""

    customer: Customer
    month: date
    rows: tuple[Charge, ...]
    vat_rate: Decimal
    vat_note: str

    @property
    def net(self) -> Decimal:
        return sum((row.amount for row in self.rows), Decimal("0.00"))

    @property
    def vat(self) -> Decimal:
        return cents(self.net * self.vat_rate / 100)

    @property
    def total(self) -> Decimal:
        return self.net + self.vat


@dataclass(frozen=True, slots=True)
class Sold:
    """All that a customer has bought: read once, to work out any number of months."""

    subscriptions: list[Subscription]
    packs: list[Entry]

    @classmethod
    def to(cls, customer: Customer) -> Sold:
        subscriptions = customer.subscriptions.order_by("begins_on").prefetch_related("terms__package", "pauses", "add_ons")
        return cls(
            list(subscriptions), list(Entry.objects.filter(account__customer=customer, price__isnull=False).order_by("pk"))
        )

    @property
    def since(self) -> date | None:
        """The day of the first of it, None when there is nothing."""
        return min([*(one.begins_on for one in self.subscriptions), *(entry.day for entry in self.packs)], default=None)

    def charges(self, month: date) -> list[Charge]:
        whole = month_span(month)
        found = [charge for subscription in self.subscriptions for charge in _of_subscription(subscription, whole)]
        return found + [
            _charge(Kind.HOUR_PACK, f"entry-{entry.pk}", whole.first, _pack_text(entry), entry.price or Decimal(0))
            for entry in self.packs
            if entry.day in whole
        ]

    def anything_on(self, month: date) -> bool:
        """Whether the month costs anything by itself."""
        return any(charge.amount for charge in self.charges(month))


def charges(customer: Customer, month: date) -> list[Charge]:
    """What the month that begins on `month` costs, by what is known now."""
    return Sold.to(customer).charges(month)


def _of_subscription(subscription: Subscription, whole: Span) -> Iterator[Charge]:
    if subscription.span.within(whole) is None:
        return
    unpaid = [pause.span for pause in subscription.pauses.all() if not pause.charged]
    terms = list(subscription.terms.all())
    ends = [later.begins_on - DAY for _earlier, later in pairwise(terms)]
    for term, last in zip(terms, [*ends, None], strict=True):
        # A term that is followed by another may still be cut short by the end of the contract.
        lasting = Span(term.begins_on, last).within(subscription.span)
        if lasting is None:
            continue
        name = _("Subscription %(package)s %(edition)s") % {
            "package": term.package,
            "edition": subscription.get_edition_display(),
        }
        yield from _by_days(Kind.SUBSCRIPTION, f"term-{term.pk}", name, term.monthly_price, lasting, whole, unpaid)
        if term.begins_on in whole and term.installation_price:
            text = _("Installation and start package, %(package)s") % {"package": term.package}
            yield _charge(Kind.INSTALLATION, f"installation-{term.pk}", whole.first, text, term.installation_price)
    for add_on in subscription.add_ons.all():
        paid_for = add_on.span.within(subscription.span)
        if paid_for is not None:
            yield from _by_days(Kind.ADD_ON, f"addon-{add_on.pk}", str(add_on), add_on.monthly_price, paid_for, whole, unpaid)


def _by_days(
    kind: str, key: str, text: str, price: Decimal, lasting: Span, month: Span, unpaid: list[Span]
) -> Iterator[Charge]:
    """A monthly price for the days on which it holds: of a whole month all of it, else its days of the month's days."""
    part = lasting.within(month)
    if part is None:
        return
    for number, span in enumerate(part.without(unpaid)):
        amount = cents(price * span.days / days_in_month(month.first))
        yield Charge(kind, f"{key}-{number}", month.first, text, price, amount, span)


def draft(customer: Customer, month: date) -> Basis:
    """What the basis of a month would be if it were closed now: its own charges, and corrections of closed months."""
    month = month.replace(day=1)
    sold = Sold.to(customer)
    with translation.override(customer.language):
        rows = [charge for charge in sold.charges(month) if charge.amount]
        rows += _corrections(customer, sold, before=month)
        rate, note = vat_of(customer)
        return Basis(customer, month, tuple(rows), rate, note)


def _corrections(customer: Customer, sold: Sold, *, before: date) -> Iterator[Charge]:
    """What closed months cost by what is known now, less what was written down for them since.

    A month that was passed by, since there was nothing on it, is closed as well once a later one is.
    """
    closed = InvoiceBasis.objects.filter(customer=customer, month__lt=before).order_by("-month").values_list("month", flat=True)
    last = closed.first()
    if last is None:
        return
    written: defaultdict[date, dict[str, Decimal]] = defaultdict(dict)
    texts: dict[tuple[date, str], str] = {}
    for row in InvoiceRow.objects.filter(basis__customer=customer, basis__month__lt=before).order_by("pk"):
        of_month = written[row.month]
        of_month[row.key] = of_month.get(row.key, Decimal(0)) + row.amount
        texts.setdefault((row.month, row.key), row.text)
    for month in months(min([sold.since or last, *written]), last):
        now = {charge.key: charge for charge in sold.charges(month)}
        for key in dict.fromkeys([*written[month], *now]):
            due = now[key].amount if key in now else Decimal(0)
            difference = due - written[month].get(key, Decimal(0))
            if difference:
                text = texts.get((month, key)) or now[key].text
                said = _("Correction of %(month)s: %(text)s") % {"month": f"{month:%Y-%m}", "text": text}
                yield Charge(Kind.CORRECTION, key, month, said[:200], difference, difference)


def close(customer: Customer, month: date, *, today: date, actor: str) -> InvoiceBasis:
    """Write down the basis of a month that is over, for good. Raises `Refused` before that, twice, or out of order."""
    month = month.replace(day=1)
    _demand_over(month, today)
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)
        later = InvoiceBasis.objects.filter(customer=customer, month__gte=month).order_by("month").first()
        if later is not None:
            raise Refused(
                N_("%(month)s is closed for %(customer)s. What has changed since is on the basis of the next month."),
                month=f"{later.month:%Y-%m}",
                customer=str(customer),
            )
        sold = Sold.to(customer)
        for earlier in open_months(customer, month)[:-1]:
            if sold.anything_on(earlier):
                raise Refused(N_("Close %(month)s first: months are closed in their order."), month=f"{earlier:%Y-%m}")
        basis = draft(customer, month)
        written = InvoiceBasis.objects.create(
            customer=customer,
            month=month,
            closed_by=actor,
            vat_rate=basis.vat_rate,
            vat_note=basis.vat_note,
            net=basis.net,
            vat=basis.vat,
            total=basis.total,
        )
        InvoiceRow.objects.bulk_create(_row(written, charge) for charge in basis.rows)
    return written


def close_all(month: date, *, today: date, actor: str) -> tuple[int, int]:
    """Close a month for every customer that has something on it, earlier open ones first. Returns how many bases, and how many
    customers had nothing. Raises `Refused` before the month is over.
    """
    _demand_over(month, today)
    done = nothing = 0
    for customer in Customer.objects.filter(pk__in=_with_something()).order_by("pk"):
        sold = Sold.to(customer)
        for open_month in open_months(customer, month):
            # What is corrected goes to the month that is closed now: nobody would look for it on one of years ago.
            if not (sold.anything_on(open_month) if open_month < month else draft(customer, month).rows):
                nothing += 1
                continue
            # Somebody else who closes the same months may have been faster: then theirs holds.
            with suppress(Refused):
                close(customer, open_month, today=today, actor=actor)
                done += 1
    return done, nothing


def open_months(customer: Customer, until: date) -> list[date]:
    """The months up to `until` that are not closed: after the last closed one, or from the customer's first day."""
    last = InvoiceBasis.objects.filter(customer=customer).order_by("-month").values_list("month", flat=True).first()
    first = next_month(last) if last is not None else Sold.to(customer).since
    return [] if first is None else list(months(first, until))


def waiting(month: date) -> QuerySet[Customer]:
    """The customers who may have something on a month that is not closed for them, by name."""
    sold = Subscription.objects.filter(begins_on__lt=next_month(month)).values("customer")
    bought = Entry.objects.filter(price__isnull=False, day__lt=next_month(month)).values("account__customer")
    closed = InvoiceBasis.objects.filter(month__gte=month.replace(day=1)).values("customer")
    return Customer.objects.filter(Q(pk__in=sold) | Q(pk__in=bought)).exclude(pk__in=closed).order_by("name", "pk")


def vat_of(customer: Customer) -> tuple[Decimal, str]:
    """The rate of VAT in percent for a customer, and what is to stand on the invoice where there is none."""
    rate, note = vat_for(customer.country, customer.vat_number)
    return rate, said(note)


def vat_for(country: str, vat_number: str) -> tuple[Decimal, Text]:
    """The rate of VAT in percent for a buyer of `country`, and why there is none where there is none.

    We sell services to companies from Sweden: within the Union the buyer with a VAT number pays the VAT, outside there is none.
    """
    if country == "SE":
        return VAT, NO_NOTE
    if country not in UNION:
        return Decimal(0), Text(N_("Outside the European Union: no Swedish VAT"))
    # A Swedish number says nothing of where the buyer is taxed.
    if vat_number and not vat_number.startswith("SE"):
        return Decimal(0), Text(N_("Reverse charge, VAT number %(number)s"), {"number": vat_number})
    return VAT, NO_NOTE


def _demand_over(month: date, today: date) -> None:
    if today < next_month(month):
        raise Refused(N_("%(month)s is not over: it is closed from the first day of the next month."), month=f"{month:%Y-%m}")


def _with_something() -> set[int]:
    sold = set(Subscription.objects.values_list("customer", flat=True))
    return sold | set(Entry.objects.filter(price__isnull=False).values_list("account__customer", flat=True))


def _row(basis: InvoiceBasis, charge: Charge) -> InvoiceRow:
    return InvoiceRow(
        basis=basis,
        kind=charge.kind,
        key=charge.key,
        month=charge.month,
        text=charge.text[:200],
        first_day=charge.span.first if charge.span else None,
        last_day=charge.span.last if charge.span else None,
        days=charge.days,
        unit_price=charge.unit_price,
        amount=charge.amount,
    )


def _charge(kind: str, key: str, month: date, text: str, amount: Decimal) -> Charge:
    return Charge(kind, key, month, text, amount, amount)


def _pack_text(entry: Entry) -> str:
    if entry.kind == Entry.Kind.REVERSAL:
        return _("Taken back: %(text)s") % {"text": entry.text}
    return entry.text
