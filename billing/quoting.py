"""What the packages cost for some wishes, which of them is the cheapest that covers these, and what each other one lacks.

`reckon` and `cheapest` are pure. `make` puts the price list of a day to them and saves the answer as a quote, which never
changes: it is kept with its words and values apart (`sharespine.lib.text`), so that it can be read in either language. All
amounts are kronor without VAT, unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from billing import gates
from billing.dates import DAY
from billing.invoicing import vat_for
from billing.models import NEEDED, AddOnKind, AddOnPrice, Feature, Offer, Quote
from sharespine.lib.money import cents
from sharespine.lib.said import said
from sharespine.lib.text import N_, Text, TextValue

#: What the row of an add-on says.
ADD_ONS = {AddOnKind.SHOP: N_("Extra shop: %(what)s"), AddOnKind.GATEWAY: N_("Reconciliation of a gateway: %(what)s")}
#: A quote that nobody signed up by is of no use to anybody after this.
FORGOTTEN = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a package must hold: so many orders a month, features, and what is sold beside it, each by its name."""

    orders: int
    features: frozenset[Feature] = field(default_factory=frozenset)
    shops: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()

    @property
    def add_ons(self) -> tuple[tuple[AddOnKind, str], ...]:
        """Shops beyond the first, and gateways."""
        shops = ((AddOnKind.SHOP, shop) for shop in self.shops)
        return (*shops, *((AddOnKind.GATEWAY, gateway) for gateway in self.gateways))

    @property
    def all_features(self) -> list[Feature]:
        """Those that are asked for and those that the add-ons need, in the order of the price list."""
        needed = self.features | {NEEDED[kind] for kind, _name in self.add_ons}
        return [feature for feature in Feature if feature in needed]


@dataclass(frozen=True, slots=True)
class Sold:
    """What a package is sold at. None is what is agreed with each customer."""

    code: str
    name: str
    rank: int
    monthly_price: Decimal | None
    installation_price: Decimal | None
    order_cap: int | None
    features: frozenset[str]

    @classmethod
    def by(cls, offer: Offer) -> Sold:
        package = offer.package
        return cls(
            package.code,
            str(package),
            package.rank,
            offer.monthly_price,
            offer.installation_price,
            offer.order_cap,
            frozenset(offer.features),
        )


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that a package does not hold: a feature by its key, or `orders`, and what to say of it."""

    what: str
    text: Text


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is paid for, monthly or once. `name` is that of the shop or gateway, else empty."""

    kind: str
    name: str
    text: Text
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Priced:
    """A package put to what is needed: what it lacks, and what it costs with everything of it that it can hold.

    `monthly` and `once` are None where the price is agreed with each customer.
    """

    sold: Sold
    lacks: tuple[Lack, ...]
    monthly: tuple[Row, ...] | None
    once: tuple[Row, ...] | None

    @property
    def covers(self) -> bool:
        return not self.lacks

    @property
    def monthly_total(self) -> Decimal | None:
        return total(self.monthly) if self.monthly is not None else None

    @property
    def once_total(self) -> Decimal | None:
        return total(self.once) if self.once is not None else None


def reckon(packages: Iterable[Sold], needs: Needs, prices: Mapping[AddOnKind, Decimal | None]) -> list[Priced]:
    """Each of `packages` put to what is needed. `prices` are those of the add-ons, None where none is known."""
    return [_priced(sold, needs, prices) for sold in packages]


def cheapest(priced: Sequence[Priced]) -> Priced | None:
    """The one that lacks nothing and costs least a month, then least to begin with; one on request only if no other does."""
    covering = [one for one in priced if one.covers]
    with_price = [(one.monthly_total, one.once_total, one.sold.rank, one) for one in covering]
    listed = [(monthly, once, rank, one) for monthly, once, rank, one in with_price if monthly is not None and once is not None]
    if listed:
        return min(listed, key=lambda found: found[:3])[3]
    return min(covering, key=lambda one: one.sold.rank, default=None)


def total(rows: Iterable[Row]) -> Decimal:
    return sum((row.amount for row in rows), Decimal("0.00"))


def with_vat(amount: Decimal, rate: Decimal) -> Decimal:
    """`amount` with VAT of `rate` percent, to the öre: as the invoice has it."""
    return amount + cents(amount * rate / 100)


def _priced(sold: Sold, needs: Needs, prices: Mapping[AddOnKind, Decimal | None]) -> Priced:
    lacks = [
        Lack(feature, Text(N_("%(feature)s is not part of %(package)s."), _of(sold, feature)))
        for feature in needs.all_features
        if feature not in sold.features
    ]
    if sold.order_cap is not None and needs.orders > sold.order_cap:
        values = {"package": sold.name, "cap": str(sold.order_cap), "wanted": str(needs.orders)}
        lacks.append(Lack("orders", Text(N_("%(package)s holds %(cap)s orders a month, %(wanted)s are wanted."), values)))
    add_ons = [(kind, name) for kind, name in needs.add_ons if NEEDED[kind] in sold.features]
    if None in (sold.monthly_price, sold.installation_price, sold.order_cap, *(prices.get(kind) for kind, _name in add_ons)):
        return Priced(sold, tuple(lacks), None, None)
    monthly = [_row("subscription", "", Text(N_("Subscription %(package)s"), {"package": sold.name}), sold.monthly_price)]
    monthly += [_row(kind, name, Text(ADD_ONS[kind], {"what": name}), prices[kind]) for kind, name in add_ons]
    text = Text(N_("Installation and start package, %(package)s"), {"package": sold.name})
    return Priced(sold, tuple(lacks), tuple(monthly), (_row("installation", "", text, sold.installation_price),))


def _row(kind: str, name: str, text: Text, amount: Decimal | None) -> Row:
    return Row(str(kind), name, text, cents(amount or Decimal(0)))


def _of(sold: Sold, feature: Feature) -> dict[str, TextValue]:
    return {"feature": Text(gates.LABELS[feature]), "package": sold.name}


# --- quotes -------------------------------------------------------------------------------------------------------------------


def make(
    edition: str,
    needs: Needs,
    *,
    wishes: dict[str, Any],
    told: Mapping[str, Any],
    country: str,
    vat_number: str,
    today: date,
) -> Quote:
    """Reckon by the price list of `today` and save it. `told` is what there is to say of the systems, as JSON, kept with it."""
    offers = Offer.on(today, edition)
    prices = add_on_prices(today)
    priced = reckon(map(Sold.by, offers), needs, prices)
    chosen = cheapest(priced)
    rate, note = vat_for(country, vat_number)
    answer = {
        **told,
        "edition": str(edition),
        "orders_per_month": needs.orders,
        "needs": [{"feature": str(one), "name": Text(gates.LABELS[one]).to_json()} for one in needs.all_features],
        "recommended": chosen.sold.code if chosen else None,
        "vat": {"rate": str(rate), "note": note.to_json()},
        "add_ons": [{"kind": str(kind), "name": name, "monthly": _amount(prices[kind], rate)} for kind, name in needs.add_ons],
        "packages": [_json(one, rate) for one in priced],
    }
    return Quote.objects.create(
        edition=edition,
        package=next((offer.package for offer in offers if chosen and offer.package.code == chosen.sold.code), None),
        wishes=wishes,
        answer=answer,
        valid_until=today + settings.QUOTE_DAYS * DAY,
    )


def read(quote: Quote) -> dict[str, Any]:
    """The answer of a quote with its words in the active language."""
    answer: dict[str, Any] = _spoken(quote.answer)
    return {"number": quote.number, "valid_until": quote.valid_until, "created_at": quote.created_at, **answer}


def add_on_prices(day: date) -> dict[AddOnKind, Decimal | None]:
    """What each kind of add-on costs a month on `day`; None where no price is known."""
    found = {kind: AddOnPrice.on(day, kind) for kind in AddOnKind}
    return {kind: price.monthly_price if price else None for kind, price in found.items()}


def forgettable(now: datetime) -> QuerySet[Quote]:
    """Quotes that nobody signed up by, and that are too old to be of use."""
    return Quote.objects.filter(sign_ups=None, created_at__lt=now - FORGOTTEN).order_by("created_at")


def _json(one: Priced, rate: Decimal) -> dict[str, Any]:
    return {
        "package": one.sold.code,
        "name": one.sold.name,
        "on_request": one.monthly is None,
        "order_cap": one.sold.order_cap,
        "features": [str(feature) for feature in Feature if feature in one.sold.features],
        "covers": one.covers,
        "lacks": [{"what": str(lack.what), "text": lack.text.to_json()} for lack in one.lacks],
        "monthly": _cost(one.monthly, rate),
        "once": _cost(one.once, rate),
    }


def _cost(rows: Sequence[Row] | None, rate: Decimal) -> dict[str, Any] | None:
    if rows is None:
        return None
    named = [{"kind": row.kind, "name": row.name, "text": row.text.to_json(), **_amounts(row.amount, rate)} for row in rows]
    return {"rows": named, **_amounts(total(rows), rate)}


def _amount(price: Decimal | None, rate: Decimal) -> dict[str, str] | None:
    return None if price is None else _amounts(price, rate)


def _amounts(amount: Decimal, rate: Decimal) -> dict[str, str]:
    return {"without_vat": str(cents(amount)), "with_vat": str(with_vat(cents(amount), rate))}


def _spoken(kept: Any) -> Any:
    if isinstance(kept, list):
        return [_spoken(one) for one in kept]
    if not isinstance(kept, dict):
        return kept
    if kept.keys() == {"message", "values"}:
        return said(Text.from_json(kept))
    return {key: _spoken(value) for key, value in kept.items()}
