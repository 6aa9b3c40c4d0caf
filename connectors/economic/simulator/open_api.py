"""The newer OpenAPI as far as price lists go: Products 2.0.0 (January 2026), served beside the old one. Reads only.

A first page has `items` and, while there is more, a `cursor` that asks for the next (verified August 2026). ASSUMED: tokens
are refused in the same way as by the old one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.economic.simulator.agreement import Agreement, Row
from connectors.economic.simulator.filters import NotAllowed, Unparsable, parse_filter
from connectors.sandbox_wire import Request, Response

BASE = ("productsapi", "v2.0.0")
_PAGE = 1000


def answer(path: list[str], request: Request, agreement: Agreement) -> Response:
    """`path` is what follows the version."""
    match path:
        case ["pricegroups"]:
            groups = [{"number": number, "name": name} for number, name in sorted(agreement.price_groups.items())]
            return _page(groups, request, ("number", "name"), lambda row: row["number"])
        case ["pricegroups", number, "specialprices"] if number.isdigit():
            return _page(
                _special_prices(int(number), agreement), request, ("number", "productNumber"), lambda row: row["number"]
            )
        case ["specialprices", number, "specialpricesincurrency"] if number.isdigit():
            amounts = agreement.special_prices.get(int(number), {"currencies": {}})["currencies"]
            rows = [{"currency": currency, "salesPrice": amount} for currency, amount in sorted(amounts.items())]
            return _page(rows, request, ("currency",), lambda row: row["currency"])
        case ["salespriceincurrencies"]:
            rows = [
                {"productNumber": number, "currency": currency, "salesPrice": amount}
                for (number, currency), amount in sorted(agreement.currency_prices.items())
            ]
            return _page(rows, request, ("productNumber", "currency"), lambda row: f"{row['productNumber']} {row['currency']}")
    return _problem(404, "Not Found", "ResourceNotFound")


def _special_prices(group: int, agreement: Agreement) -> list[Row]:
    """None for a group that does not exist, rather than an error (verified August 2026)."""
    return [
        {"number": number, **{name: value for name, value in price.items() if name not in ("priceGroup", "currencies")}}
        for number, price in sorted(agreement.special_prices.items())
        if price["priceGroup"] == group
    ]


def _page(rows: list[Row], request: Request, filterable: tuple[str, ...], key: Callable[[Row], Any]) -> Response:
    if text := request.param("filter"):
        try:
            test = parse_filter(text, filterable)
        except NotAllowed as error:
            return _problem(400, f"Filtering is not allowed on property '{error.args[0]}'", "BadFilterRequest")
        except Unparsable:
            return _problem(400, "The filter could not be parsed.", "BadFilterRequest")
        rows = [row for row in rows if test(row)]
    if cursor := request.param("cursor"):
        start = next((place for place, row in enumerate(rows) if str(key(row)) == cursor), len(rows))
        rows = rows[start:]
    # Every resource has one, which a change would have to bring along.
    items = [{**row, "objectVersion": f"{key(row)}-1"} for row in rows[:_PAGE]]
    body: dict[str, Any] = {"items": items}
    if len(rows) > _PAGE:
        body["cursor"] = str(key(rows[_PAGE]))
    return Response(200, body)


def _problem(status: int, message: str, code: str) -> Response:
    errors = [{"message": message, "errorCode": code, "property": ""}]
    return Response(status, {"type": "about:blank", "title": message, "status": status, "errors": errors, "errorCode": code})
