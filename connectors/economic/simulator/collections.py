"""Collections: which properties can be searched and sorted by, and the envelope that pages come in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors.economic.simulator.agreement import Row
from connectors.economic.simulator.filters import NotAllowed, Unparsable, parse_filter, sort_rows
from connectors.economic.simulator.refusals import refused
from connectors.sandbox_wire import Request

_DOCUMENT = (
    "date currency exchangeRate customer.customerNumber recipient.name recipient.address recipient.zip recipient.city "
    "recipient.country delivery.address delivery.zip delivery.city delivery.country notes.heading notes.textLine1 "
    "notes.textLine2 references.other references.salesPerson.employeeNumber"
)
_CUSTOMERS = (
    "address balance barred city corporateIdentificationNumber country creditLimit currency customerNumber ean email "
    "lastUpdated name publicEntryNumber telephoneAndFaxNumber mobilePhone vatNumber website zip pNumber "
    "customerGroup.customerGroupNumber"
)
_PRODUCTS = (
    "productNumber description name costPrice recommendedPrice salesPrice barCode barred lastUpdated unit.unitNumber "
    "productGroup.productGroupNumber"
)
_DEPARTMENTS = "departmentNumber name barred"
_DISTRIBUTIONS = "departmentalDistributionNumber name"

#: Path → what its filter takes (JSON schemas, August 2026; the live list may differ a little). The lists take nothing.
FILTERABLE: dict[str, frozenset[str]] = {
    "customers": frozenset(_CUSTOMERS.split()),
    "products": frozenset(_PRODUCTS.split()),
    "orders/drafts": frozenset(f"orderNumber lastUpdated {_DOCUMENT}".split()),
    "orders/sent": frozenset(f"orderNumber lastUpdated {_DOCUMENT}".split()),
    "orders/archived": frozenset(f"orderNumber {_DOCUMENT}".split()),
    "invoices/drafts": frozenset(f"draftInvoiceNumber lastUpdated {_DOCUMENT}".split()),
    "invoices/booked": frozenset(f"bookedInvoiceNumber {_DOCUMENT}".split()),
    "customer-groups": frozenset({"customerGroupNumber", "name"}),
    "departments": frozenset(_DEPARTMENTS.split()),
    "departmental-distributions": frozenset(_DISTRIBUTIONS.split()),
}

_LARGEST = 1000


def page(
    name: str,
    rows: list[Row],
    request: Request,
    *,
    base: str,
    at: datetime,
    finished: Callable[[list[Row]], list[Row]] = list,
) -> dict[str, Any]:
    """One page of `rows` in the envelope, filtered and sorted as `request` asks. Raises `Refused`.

    `finished` adds to the rows of the page what can neither be filtered nor sorted by.
    """
    size = _whole(request.param("pagesize", "20"), at=at, lowest=1, highest=_LARGEST)
    skip = _whole(request.param("skippages", "0"), at=at, lowest=0, highest=10**9)
    allowed = FILTERABLE.get(name, frozenset())
    found = _sorted(_filtered(rows, request, allowed, at=at), request, allowed, at=at)
    last = max((len(found) - 1) // size, 0)
    rest = "".join(f"&{key}={quote(value)}" for key, value in request.query if key not in ("skippages", "pagesize"))

    def address(number: int) -> str:
        return f"{base}/{name}?skippages={number}&pagesize={size}{rest}"

    pagination: dict[str, Any] = {
        "maxPageSizeAllowed": _LARGEST,
        "skipPages": skip,
        "pageSize": size,
        "results": len(found),
        "resultsWithoutFilter": len(rows),
        "firstPage": address(0),
    }
    if skip < last:
        pagination["nextPage"] = address(skip + 1)
    if skip > 0:
        pagination["previousPage"] = address(skip - 1)
    pagination["lastPage"] = address(last)
    return {
        "collection": finished(found[skip * size : (skip + 1) * size]),
        "pagination": pagination,
        "metaData": {},
        "self": address(skip),
    }


def _filtered(rows: list[Row], request: Request, allowed: frozenset[str], *, at: datetime) -> list[Row]:
    text = request.param("filter")
    if not text:
        return rows
    message = "Could not parse query string filter."
    try:
        test = parse_filter(text, allowed)
        return [row for row in rows if test(row)]
    except NotAllowed as error:
        errors = [f"Filtering is not allowed on property '{name}'." for name in error.args]
        raise refused(400, message, at=at, errors=errors, allowedFilteringFields=sorted(allowed)) from None
    except Unparsable:
        raise refused(400, message, at=at, errors=["The filter could not be parsed."]) from None


def _sorted(rows: list[Row], request: Request, allowed: frozenset[str], *, at: datetime) -> list[Row]:
    try:
        return sort_rows(rows, request.param("sort"), allowed)
    except NotAllowed as error:
        errors = [f"Sorting is not allowed on property '{name}'." for name in error.args]
        raise refused(400, "Could not parse query string sort parameter.", at=at, errors=errors) from None


def _whole(text: str, *, at: datetime, lowest: int, highest: int) -> int:
    if not text.isdigit() or not lowest <= int(text) <= highest:
        message = f"must be a positive whole number between {lowest} and {highest}"
        raise refused(400, message, at=at, code="E04810")
    return int(text)
