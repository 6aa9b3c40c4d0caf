"""Which VAT zone an order belongs to, and what VAT e-conomic will put on its rows there."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from connectors.economic.countries import EU
from connectors.economic.settings import RATES, Settings
from connectors.errors import InvalidRecord
from connectors.records import Order
from sharespine.lib.text import N_, Text


@dataclass(frozen=True)
class Taxation:
    """The VAT zone of one order. `carried_by` is: a rate on the order → the home rate whose product group charges it here.

    It is None in a zone where nothing is charged: there the product group does not matter.
    """

    zone: int
    country: str
    carried_by: dict[Decimal, Decimal] | None

    def charged(self, rate: Decimal | None) -> Decimal:
        """VAT in percent that e-conomic puts on a row which the shop gave `rate`."""
        return Decimal(0) if self.carried_by is None or rate is None else rate


def shipped_to(order: Order, settings: Settings) -> str:
    """The country whose VAT rules apply: where the goods go."""
    delivery = order.delivery.country if not order.delivery.is_empty else ""
    return delivery or order.buyer.address.country or settings.home_country


def taxation(order: Order, settings: Settings) -> Taxation:
    """Raises `InvalidRecord` for a VAT rate that no product group carries."""
    country = shipped_to(order, settings)
    taxed = order.total_vat != 0 or any(line.vat != 0 for line in order.lines)
    if taxed:
        return _taxed(order, country, settings)
    if country == settings.home_country or not any(line.net for line in order.lines):
        exempt = settings.untaxed_at_home_is_exempt
        zone = settings.zone_exempt if exempt else settings.zone_domestic
        return Taxation(zone, country, None if exempt else _carried_at_home(order, settings))
    return Taxation(settings.zone_eu if country in EU else settings.zone_abroad, country, None)


def _taxed(order: Order, country: str, settings: Settings) -> Taxation:
    foreign = settings.foreign_zones.get(country)
    if foreign is None or country == settings.home_country:
        return Taxation(settings.zone_domestic, country, _carried_at_home(order, settings))
    carried_by: dict[Decimal, Decimal] = {}
    for rate in _rates(order):
        home = foreign.carried_by.get(rate, rate if rate in RATES and not foreign.carried_by else None)
        # What no country charges: gift cards and the like.
        home = Decimal(0) if home is None and rate == 0 else home
        if home is None:
            text = N_(
                "The order has VAT of %(rate)s %% for %(country)s, and the flow does not say which product group carries it. "
                "Add the rate to “VAT zones of other countries (OSS)” on the flow and press Retry."
            )
            raise InvalidRecord(Text(text, {"rate": plain(rate), "country": country}))
        carried_by[rate] = home
    return Taxation(foreign.number, country, carried_by)


def _carried_at_home(order: Order, settings: Settings) -> dict[Decimal, Decimal]:
    for rate in _rates(order):
        if rate not in settings.product_groups:
            text = N_(
                "The order has VAT of %(rate)s %%, and no product group of the flow carries that rate. Choose the product "
                "group on the flow, or correct the VAT in the shop, then press Retry."
            )
            raise InvalidRecord(Text(text, {"rate": plain(rate)}))
    return {rate: rate for rate in RATES}


def _rates(order: Order) -> set[Decimal]:
    """The rates that matter: a row of 0.00 has the same total at any rate, before discount too."""
    rows = (line for line in order.lines if line.net or line.net_before_discount)
    return {line.vat_rate for line in rows if line.vat_rate is not None}


def plain(number: Decimal) -> str:
    """`number` without needless zeros: 25, 25.5, 1000."""
    return f"{number.normalize():f}"
