"""Which VAT rate a tax class has in the shop's own country: what an article carries that was sold abroad without VAT."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.errors import AccessError, RejectedError
from connectors.http import Transport
from connectors.woocommerce.client import API
from connectors.woocommerce.wire import understood
from sharespine.lib.money import decimal


@understood()
def home_rates(api: Transport, country: str) -> dict[str, Decimal]:
    """Tax class as on an order row ("" is the standard one) → percent in `country` (ISO code).

    Empty where the keys may not see the rates: then nothing is known of articles that were sold without VAT. A class with
    several rates in the country (by postcode or stacked) is left out. `class` is "standard" here where a row has ""
    (recorded 2026-11-21).
    """
    try:
        rows = api.request("GET", f"{API}/taxes", params={"per_page": "100"}).json()
    except (AccessError, RejectedError):
        return {}
    found: dict[str, list[Decimal]] = {}
    for row in rows if isinstance(rows, list) else []:
        if row.get("country") == country:
            name = row.get("class", "")
            found.setdefault("" if name == "standard" else name, []).append(_percent(row))
    return {name: rates[0] for name, rates in found.items() if len(rates) == 1}


def _percent(row: Mapping[str, Any]) -> Decimal:
    """ "25.0000" on the wire, 25 here, written without needless zeros so that the content hash of an order stays the same."""
    rate = decimal(row["rate"]).normalize()
    return rate.quantize(Decimal(1)) if rate == rate.to_integral_value() else rate
