"""A flow's options as the mapping needs them: read once, with every value of its own type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.economic.manifest import MANIFEST
from connectors.errors import InvalidRecord
from sharespine.lib.money import decimal
from sharespine.lib.text import N_, Text

#: What people call a flow option.
LABELS = {option.key: Text(option.label) for option in MANIFEST.flow_options()}

#: The VAT rates, in percent, that the flow has product groups for.
RATES = (Decimal(25), Decimal(12), Decimal(6), Decimal(0))
STANDARD = RATES[0]


def product_groups(options: Mapping[str, Any]) -> dict[Decimal, int]:
    """The product group for each VAT rate in percent, as far as the flow says. Raises `InvalidRecord`."""
    groups = {rate: _number(options, f"product_group_{rate}") for rate in RATES}
    return {rate: group for rate, group in groups.items() if group is not None}


def rate_of_group(groups: Mapping[Decimal, int], group: int) -> Decimal | None:
    """VAT in percent that `group` carries at home; None when no setting says."""
    return next((rate for rate, number in groups.items() if number == group), None)


@dataclass(frozen=True)
class ArticleSettings:
    """What the merchant chose for a flow of articles. Numbers are e-conomic's own; `currency` may be empty."""

    product_groups: Mapping[Decimal, int]
    unit: int | None
    currency: str
    price_group: int | None
    campaign_price_group: int | None

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> ArticleSettings:
        """The settings in `options`. Raises `InvalidRecord` that names the first one which cannot be used."""
        return cls(
            product_groups=product_groups(options),
            unit=_number(options, "unit"),
            currency=str(options["currency"] or "").strip().upper(),
            price_group=_number(options, "price_group"),
            campaign_price_group=_number(options, "campaign_price_group"),
        )


@dataclass(frozen=True)
class StatusSettings:
    """What the merchant chose for a flow of order status. `delivered_when` is never, sent or invoiced."""

    delivered_when: str
    missing_is_cancelled: bool

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> StatusSettings:
        return cls(str(options["delivered_when"]), _flag(options, "missing_is_cancelled"))


@dataclass(frozen=True)
class ForeignZone:
    """A VAT zone with the rates of another country. `carried_by` is: its rate → the home rate whose product group has it."""

    number: int
    carried_by: Mapping[Decimal, Decimal]


@dataclass(frozen=True)
class Settings:
    """What the merchant chose for a flow of orders. Numbers are e-conomic's own."""

    document_kind: str
    dated_today: bool
    time_zone: ZoneInfo
    layout: int
    payment_terms: int
    payment_terms_by_method: Mapping[str, int]
    heading: str
    note_on_document: bool
    department: int | None
    match_customer_by: tuple[str, ...]
    create_customers: bool
    numbers_from_shop: bool
    customer_group: int | None
    guest_customer: int | None
    home_country: str
    zone_domestic: int
    zone_eu: int
    zone_abroad: int
    zone_exempt: int
    untaxed_at_home_is_exempt: bool
    foreign_zones: Mapping[str, ForeignZone]
    product_groups: Mapping[Decimal, int]
    create_products: bool
    unit: int | None
    articles: Mapping[str, str]
    discount_rows: bool
    rounding_row: bool
    tolerance: Decimal

    @property
    def rounding_article(self) -> str:
        return self.articles["rounding"]

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> Settings:
        """The settings in `options`. Raises `InvalidRecord` that names the first one which cannot be used."""
        return cls(
            document_kind=str(options["document_kind"]),
            dated_today=options["document_date"] == "today",
            time_zone=_time_zone(options),
            layout=_required(options, "layout"),
            payment_terms=_required(options, "payment_terms"),
            payment_terms_by_method=_terms_by_method(options),
            heading=str(options["heading"] or ""),
            note_on_document=_flag(options, "note_on_document"),
            department=_number(options, "department"),
            match_customer_by=_listed(options["match_customer_by"]),
            create_customers=_flag(options, "create_customers"),
            numbers_from_shop=options["customer_number_from"] == "shop",
            customer_group=_number(options, "customer_group"),
            guest_customer=_number(options, "guest_customer_number"),
            home_country=str(options["home_country"]).upper(),
            zone_domestic=_required(options, "vat_zone_domestic"),
            zone_eu=_required(options, "vat_zone_eu"),
            zone_abroad=_required(options, "vat_zone_abroad"),
            zone_exempt=_required(options, "vat_zone_exempt"),
            untaxed_at_home_is_exempt=options["untaxed_at_home"] == "exempt",
            foreign_zones=_foreign_zones(options),
            product_groups=product_groups(options),
            create_products=_flag(options, "create_products"),
            unit=_number(options, "unit"),
            articles={
                kind: str(options[f"{kind}_article"] or "").strip()
                for kind in ("freight", "fee", "discount", "gift_card", "rounding")
            },
            discount_rows=options["discounts"] == "row",
            rounding_row=_flag(options, "rounding_row"),
            tolerance=_tolerance(options),
        )


def unusable(key: str, value: object) -> InvalidRecord:
    """The error for a setting whose value leads nowhere."""
    text = N_("The setting “%(setting)s” of the flow cannot be used (“%(value)s”). Correct it on the flow and press Retry.")
    return InvalidRecord(Text(text, {"setting": LABELS[key], "value": str(value)}))


def _number(options: Mapping[str, Any], key: str) -> int | None:
    value = options[key]
    if value is None:
        return None
    text = str(value).strip()
    if isinstance(value, bool) or not text.isascii() or not text.isdigit() or int(text) == 0:
        raise unusable(key, value)
    return int(text)


def _required(options: Mapping[str, Any], key: str) -> int:
    number = _number(options, key)
    if number is None:
        text = N_("The setting “%(setting)s” of the flow is empty. Fill it in and press Retry.")
        raise InvalidRecord(Text(text, {"setting": LABELS[key]}))
    return number


def _flag(options: Mapping[str, Any], key: str) -> bool:
    value = options[key]
    return value if isinstance(value, bool) else str(value).casefold() in ("true", "1", "on", "yes")


def _listed(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value or ()
    return tuple(str(part).strip() for part in parts if str(part).strip())


def _time_zone(options: Mapping[str, Any]) -> ZoneInfo:
    name = str(options["time_zone"])
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise unusable("time_zone", name) from None


def _tolerance(options: Mapping[str, Any]) -> Decimal:
    value = options["rounding_tolerance"]
    try:
        tolerance = decimal(str(value).replace(",", "."))
    except ValueError:
        raise unusable("rounding_tolerance", value) from None
    if tolerance < 0:
        raise unusable("rounding_tolerance", value)
    return tolerance


def _terms_by_method(options: Mapping[str, Any]) -> dict[str, int]:
    terms: dict[str, int] = {}
    for line in _lines(options, "payment_terms_by_method"):
        method, _, number = (part.strip() for part in line.rpartition("="))
        if not method or not number.isascii() or not number.isdigit():
            raise unusable("payment_terms_by_method", line)
        terms[method.casefold()] = int(number)
    return terms


def _foreign_zones(options: Mapping[str, Any]) -> dict[str, ForeignZone]:
    key = "vat_zone_by_country"
    zones: dict[str, ForeignZone] = {}
    for line in _lines(options, key):
        first, *rates = line.split()
        country, _, number = first.partition("=")
        if len(country) != 2 or not number.isascii() or not number.isdigit():
            raise unusable(key, line)
        carried_by: dict[Decimal, Decimal] = {}
        for pair in rates:
            foreign, _, home = pair.rstrip(",").replace(",", ".").partition("=")
            try:
                carried_by[decimal(foreign)] = decimal(home)
            except ValueError:
                raise unusable(key, line) from None
        if not set(carried_by.values()) <= set(RATES):
            raise unusable(key, line)
        zones[country.upper()] = ForeignZone(int(number), carried_by)
    return zones


def _lines(options: Mapping[str, Any], key: str) -> list[str]:
    return [line.strip() for line in str(options[key] or "").splitlines() if line.strip()]
