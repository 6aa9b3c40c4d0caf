"""What a body points at, looked up: a number that leads nowhere is answered the way the live server does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.economic.simulator.agreement import Agreement, Row
from connectors.economic.simulator.validation import Problem

# The key of a reference → (list, its number's name, the word in the message, code). E07080 is recorded for payment terms
# (2024); ASSUMED for the others, whose own codes nobody has recorded.
_LISTED = {
    "layout": ("layouts", "layoutNumber", "Layout"),
    "paymentTerms": ("payment-terms", "paymentTermsNumber", "PaymentTerms"),
    "vatZone": ("vat-zones", "vatZoneNumber", "VatZone"),
    "customerGroup": ("customer-groups", "customerGroupNumber", "CustomerGroup"),
    "productGroup": ("product-groups", "productGroupNumber", "ProductGroup"),
    "unit": ("units", "unitNumber", "Unit"),
    "departmentalDistribution": (
        "departmental-distributions",
        "departmentalDistributionNumber",
        "DepartmentalDistribution",
    ),
}


def broken_references(body: Row, agreement: Agreement, path: tuple[str | int, ...] = ()) -> Iterator[Problem]:
    """A problem for everything in `body` that names something this agreement does not have, or that may not be used."""
    for name, value in body.items():
        here = (*path, name)
        if name in _LISTED and isinstance(value, dict):
            yield from _listed(name, value, agreement, here)
        elif name == "customer":
            yield from _customer(value, agreement, here)
        elif name == "product":
            yield from _product(value, agreement, here)
        elif name == "currency" and not agreement.exists("currencies", str(value).upper()):
            yield Problem(here, f"Currency '{value}' not found.", "E07080", value)
        elif isinstance(value, dict):
            yield from broken_references(value, agreement, here)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from broken_references(item, agreement, (*here, index))


def _listed(name: str, value: Row, agreement: Agreement, path: tuple[str | int, ...]) -> Iterator[Problem]:
    where, key, word = _LISTED[name]
    number = _number(value, key)
    if number is None:
        yield Problem(path, f"No identifier was given on the reference '{name}'.", "E04500")
    elif not agreement.exists(where, number):
        hint = f"Find a list of {name}s at https://restapi.e-conomic.com/{where} ."
        yield Problem(path, f"{word} '{number}' not found. {hint}", "E07080", number)


def _customer(value: Row, agreement: Agreement, path: tuple[str | int, ...]) -> Iterator[Problem]:
    number = _number(value, "customerNumber")
    customer = agreement.customers.get(number) if isinstance(number, int) else None
    if customer is None:
        yield Problem(path, f"Customer '{number}' not found.", "E07080", number)
    elif customer.get("barred"):
        # ASSUMED: like a barred product (E06600 is recorded for products only).
        yield Problem(path, f"Customer '{number}' is barred.", "E06600", number)


def _product(value: Row, agreement: Agreement, path: tuple[str | int, ...]) -> Iterator[Problem]:
    number = str(_number(value, "productNumber") or "")
    product = agreement.products.get(number.casefold())
    if product is None:
        yield Problem(path, f"Product '{number}' not found.", "E07080", number)
    elif product["barred"]:
        yield Problem(path, f"Product '{number}' is barred.", "E06600", number)


def _number(value: Any, key: str) -> Any:
    """The number in a reference, which may be given by its `self` address instead."""
    if not isinstance(value, dict):
        return None
    if key in value:
        return value[key]
    last = str(value.get("self", "")).rstrip("/").rpartition("/")[2]
    return int(last) if last.isdigit() and key != "productNumber" else last or None
