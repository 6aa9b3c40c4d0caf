"""How many there are: what the Inventory module adds to an article. It can only be read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from connectors.economic.simulator.agreement import Agreement, Held, Row

_NOTHING = Decimal(0)
_PLACES = Decimal("0.01")


def keeps_stock(product: Row, agreement: Agreement) -> bool:
    """With the module, of the articles in groups for goods; group 4 is for what is no goods."""
    return agreement.has_stock and product["productGroup"]["productGroupNumber"] != 4


def ordered_by_customers(agreement: Agreement) -> dict[str, Decimal]:
    """By article number in lower case. Drafts of invoices do not count."""
    found: dict[str, Decimal] = {}
    for document in agreement.documents:
        if document.kind == "order" and document.state in ("drafts", "sent"):
            for number, quantity in _rows(document):
                found[number] = found.get(number, _NOTHING) + quantity
    return found


def available(product: Row, agreement: Agreement, ordered: dict[str, Decimal]) -> Decimal:
    """What can be sold: in stock, less what customers have ordered."""
    number = product["productNumber"].casefold()
    return agreement.in_stock.get(number, _NOTHING) - ordered.get(number, _NOTHING)


def with_stock(shapes: Iterable[Row], agreement: Agreement) -> list[Row]:
    """Articles as GET answers them with the module. ASSUMED: in lists as well as one by one."""
    ordered = ordered_by_customers(agreement)
    told: list[Row] = []
    for shape in shapes:
        number = shape["productNumber"].casefold()
        is_kept = keeps_stock(shape, agreement)
        row = {**shape, "productGroup": {**shape["productGroup"], "inventoryEnabled": is_kept}}
        if is_kept:
            row["inventory"] = {
                **shape.get("inventory", {}),
                "available": available(shape, agreement, ordered).quantize(_PLACES),
                "inStock": agreement.in_stock.get(number, _NOTHING).quantize(_PLACES),
                "orderedByCustomers": ordered.get(number, _NOTHING).quantize(_PLACES),
                "orderedFromSuppliers": _NOTHING.quantize(_PLACES),
            }
        told.append(row)
    return told


def count(document: Held, agreement: Agreement, at: datetime) -> None:
    """`document` was made, changed, deleted or booked `at`: what it holds counts as changed, and what is booked has left."""
    if not agreement.has_stock:
        return
    for number, quantity in _rows(document):
        product = agreement.products.get(number)
        if product is None:
            continue
        agreement.products[number] = {**product, "lastUpdated": at.strftime("%Y-%m-%dT%H:%M:00Z")}
        if document.state == "booked":
            agreement.in_stock[number] = agreement.in_stock.get(number, _NOTHING) - quantity


def _rows(document: Held) -> Iterable[tuple[str, Decimal]]:
    for line in document.body.get("lines", []):
        if number := (line.get("product") or {}).get("productNumber"):
            yield str(number).casefold(), Decimal(line.get("quantity", 0))
