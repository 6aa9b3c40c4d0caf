"""What the options of an endpoint and of its flows say, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.woocommerce import wording
from connectors.woocommerce.mapping import Rules

#: What one of the units that a shop can weigh in is in kg.
KILOGRAMS: Mapping[str, Decimal] = {
    "kg": Decimal(1),
    "g": Decimal("0.001"),
    "lbs": Decimal("0.45359237"),
    "oz": Decimal("0.028349523125"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`home_country` and `currency` are ISO codes in upper case. `kilograms` is what one unit of weight of the shop is in kg.

    `prices_include_vat` is how prices are entered in the shop. `parcels_field` is the field of an order for its parcels.
    """

    rules: Rules
    home_country: str
    kilograms: Decimal
    currency: str
    prices_include_vat: bool
    parcels_field: str


def settings_of(options: Mapping[str, Any], flow_options: Mapping[str, Any]) -> Settings:
    """The settings that the options hold; what is left out has its default by now."""
    fees = str(options["gift_card_fees"] or "").split(",")
    return Settings(
        rules=Rules(
            organisation_number_field=str(options["organisation_number_field"] or ""),
            vat_number_field=str(options["vat_number_field"] or ""),
            channel_field=str(options["channel_field"] or ""),
            extra_fields=_lines(flow_options["extra_fields"]),
            gift_card_fee_names=frozenset(filter(None, (wording.one_line(name).casefold() for name in fees))),
        ),
        home_country=str(options["home_country"]).upper(),
        kilograms=KILOGRAMS.get(str(options["weight_unit"]), Decimal(1)),
        currency=str(flow_options["currency"]).upper(),
        prices_include_vat=_flag(flow_options["prices_include_vat"]),
        parcels_field=str(flow_options["parcels_field"]),
    )


def _lines(value: object) -> tuple[str, ...]:
    """The lines that say something, each once."""
    return tuple(dict.fromkeys(line.strip() for line in str(value or "").splitlines() if line.strip()))


def _flag(value: object) -> bool:
    return value if isinstance(value, bool) else str(value).casefold() in ("true", "1", "on", "yes")
