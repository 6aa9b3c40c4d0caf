"""Customers and products as GET answers them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from connectors.economic.simulator.agreement import Row


class Shapes:
    """Shapes that were worked out before: a search looks at every card, and cards are replaced, never changed."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Row, str, Row]] = {}

    def of(self, shown: Callable[[Row, str], Row], row: Row, base: str) -> Row:
        """What `shown` makes of `row`. Not to be changed by whoever gets it."""
        kept = self._kept.get(id(row))
        if kept is None or kept[0] is not row or kept[1] != base:
            kept = self._kept[id(row)] = row, base, shown(row, base)
        return kept[2]


def numbered_body(body: Row, key: str, number: Any, changed: str) -> Row:
    """The body as it is kept, with its number and the time it was changed."""
    return {**body, key: number, "lastUpdated": changed}


def shown_customer(row: Row, base: str) -> Row:
    """Customers leave `barred` out unless it is true (recorded); products always say."""
    shape = {name: value for name, value in row.items() if name != "barred" or value}
    here = f"{base}/customers/{row['customerNumber']}"
    for name, path in (("customerGroup", "customer-groups"), ("vatZone", "vat-zones"), ("paymentTerms", "payment-terms")):
        number = next(iter(row[name].values()))
        shape[name] = {**row[name], "self": f"{base}/{path}/{number}"}
    shape |= {"balance": 0, "dueAmount": Decimal("0.00"), "contacts": f"{here}/contacts", "self": here}
    return shape


def shown_product(row: Row, base: str, units: dict[int, str]) -> Row:
    """An article without its stock. The name of its unit comes with it (recorded February 2024)."""
    shape = dict(row)
    for name in ("salesPrice", "costPrice", "recommendedPrice"):
        if name in row:
            shape[name] = Decimal(row[name]).quantize(Decimal("0.01"))
    group = row["productGroup"]["productGroupNumber"]
    shape["productGroup"] = {**row["productGroup"], "self": f"{base}/product-groups/{group}"}
    if "unit" in row:
        number = row["unit"]["unitNumber"]
        shape["unit"] = {"unitNumber": number, "name": units[number], "self": f"{base}/units/{number}"}
    here = f"{base}/products/{row['productNumber']}"
    shape["invoices"] = {"drafts": f"{here}/invoices/drafts", "booked": f"{here}/invoices/booked"}
    shape["pricing"] = {"currencySpecificSalesPrices": f"{here}/pricing/currency-specific-sales-prices"}
    shape["metaData"] = {"delete": {"href": here, "httpMethod": "delete"}, "replace": {"href": here, "httpMethod": "put"}}
    shape["self"] = here
    return shape
