"""An order or credit note as a draft of a document in e-conomic: looked up, added up and checked. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.base import Draft, Register, Step
from connectors.economic import targets
from connectors.economic.agreement import Agreement
from connectors.economic.amounts import vat_on
from connectors.economic.articles import check_products, product_bodies
from connectors.economic.checking import check_currency
from connectors.economic.countries import country_name
from connectors.economic.cutting import Cutter
from connectors.economic.parties import (
    buyer_name,
    collective_customer,
    customer_body,
    find_customer,
    identity_of,
    street_of,
)
from connectors.economic.rows import Row, rounding_row, rows_of
from connectors.economic.settings import Settings
from connectors.economic.vat import taxation
from connectors.errors import InvalidRecord
from connectors.records import Order
from sharespine.lib.clock import utcnow
from sharespine.lib.money import ZERO
from sharespine.lib.text import N_, Amount, Text

#: Stands in the document's body for the number of a customer that is created first.
NEW_CUSTOMER = "new"

PATHS = {"order": "/orders/drafts", "invoice": "/invoices/drafts"}
CREATE_CUSTOMER = N_("Create the customer")
CREATE_PRODUCT = N_("Create the article")
CREATE_DOCUMENT = N_("Create the document")


def draft_of(order: Order, reference: str, settings: Settings, agreement: Agreement) -> Draft:
    """Raises `RejectedError` when the order cannot be written as it is."""
    cutter = Cutter()
    settings = targets.settings_for(order, settings)
    check_currency(order.currency, agreement)
    tax = taxation(order, settings)
    rows = rows_of(order, tax, settings)
    vat = vat_on((row.net, row.charged) for row in rows)
    gross = sum((row.net for row in rows), ZERO) + vat
    rows += _rounding(order, gross, vat, settings, cutter)
    products = agreement.products({row.article for row in rows})
    try:
        check_products(rows, products, settings)
    except InvalidRecord:
        # The merchant is about to change it: ask again for the next attempt.
        agreement.forget_products(products)
        raise
    in_base_currency = order.currency.upper() == agreement.base_currency()
    new_products = product_bodies(rows, products, settings, cutter, in_base_currency=in_base_currency)
    terms = _payment_terms(order, settings)
    customer, new_customer = _customer(order, settings, agreement, cutter, zone=tax.zone, terms=terms)
    # As e-conomic spells it: the look-up ignores the case of letters, and a reference may not.
    numbers = {row.article: str(products.get(row.article, {}).get("productNumber", row.article)) for row in rows}
    body = _document(order, reference, settings, cutter, zone=tax.zone, terms=terms, customer=customer)
    targets.fill_document(body, order, cutter)
    body["lines"] = [
        line_body(row, index, settings, cutter, number=numbers[row.article]) for index, row in enumerate(rows, start=1)
    ]
    steps = [_step(CREATE_CUSTOMER, "/customers", new_customer)] if new_customer is not None else []
    steps += [_step(CREATE_PRODUCT, "/products", product) for product in new_products]
    # A credit note is a draft of an invoice with quantities below zero; there is no other kind (the vendor).
    steps.append(_step(CREATE_DOCUMENT, PATHS["invoice" if order.credits else settings.document_kind], body))
    return Draft(
        register=Register.ORDERS,
        reference=reference,
        steps=tuple(steps),
        total=order.total,
        total_vat=vat,
        currency=order.currency.upper(),
        notices=tuple(cutter.notices),
    )


def _step(purpose: str, path: str, body: Mapping[str, Any]) -> Step:
    return Step(purpose=purpose, method="POST", path=path, body=body)


def _rounding(order: Order, gross: Decimal, vat: Decimal, settings: Settings, cutter: Cutter) -> list[Row]:
    """The rounding row, if one is needed. Raises `InvalidRecord` when the order would have to be changed by more."""
    difference = order.total - gross
    amounts = {
        "total": Amount(order.total, order.currency),
        "there": Amount(gross, order.currency),
        "difference": Amount(difference, order.currency),
        "vat": Amount(order.total_vat, order.currency),
        "vat_there": Amount(vat, order.currency),
    }
    if abs(vat - order.total_vat) > settings.tolerance or abs(difference) > settings.tolerance:
        text = N_(
            "The order is %(total)s in the shop (VAT %(vat)s) and would be %(there)s in e-conomic (VAT "
            "%(vat_there)s), a difference of %(difference)s. That is more than may be rounded. Correct the order in the shop, "
            "or the VAT of its rows, then press Retry."
        )
        raise InvalidRecord(Text(text, amounts))
    if not difference:
        return []
    if not settings.rounding_row or not settings.rounding_article:
        text = N_(
            "The order is %(total)s in the shop (VAT %(vat)s) and would be %(there)s in e-conomic (VAT "
            "%(vat_there)s), a difference of %(difference)s. Allow a rounding row on the flow and press Retry."
        )
        raise InvalidRecord(Text(text, amounts))
    cutter.notices.append(Text(N_("A rounding row of %(difference)s was added."), {"difference": amounts["difference"]}))
    return [rounding_row(difference, settings)]


def _payment_terms(order: Order, settings: Settings) -> int:
    by_method = settings.payment_terms_by_method
    names = (order.payment_method.casefold(), order.payment_title.casefold())
    return next((by_method[name] for name in names if name in by_method), settings.payment_terms)


def _customer(
    order: Order, settings: Settings, agreement: Agreement, cutter: Cutter, *, zone: int, terms: int
) -> tuple[int | str, dict[str, Any] | None]:
    """The customer's number, or `NEW_CUSTOMER` and what to create."""
    buyer = order.buyer
    identity = identity_of(buyer, settings)
    found = find_customer(identity, agreement, name=buyer_name(buyer), notices=cutter.notices)
    if found is None and not buyer.email.strip() and not buyer.organisation_number.strip():
        found = collective_customer(settings, agreement)
    if found is not None:
        return found, None
    currency = order.currency.upper()
    body = customer_body(buyer, settings, agreement, cutter, currency=currency, zone=zone, terms=terms)
    targets.fill_customer(body, order, cutter)
    return NEW_CUSTOMER, body


def _document(
    order: Order, reference: str, settings: Settings, cutter: Cutter, *, zone: int, terms: int, customer: int | str
) -> dict[str, Any]:
    placed = utcnow() if settings.dated_today else order.placed_at
    body: dict[str, Any] = {
        "date": placed.astimezone(settings.time_zone).date().isoformat(),
        "currency": order.currency.upper(),
        "layout": {"layoutNumber": settings.layout},
        "paymentTerms": {"paymentTermsNumber": terms},
        "customer": {"customerNumber": customer},
        "recipient": _recipient(order, cutter, zone),
        "references": {"other": cutter.whole(reference, 250, field="references.other")},
    }
    delivery = _delivery(order, cutter)
    if delivery:
        body["delivery"] = delivery
    notes = _filled(
        {
            "heading": cutter.fit(settings.heading.replace("{number}", order.number).strip(), 250, field="notes.heading"),
            "textLine1": cutter.fit(order.note.strip(), 1000, field="notes.textLine1") if settings.note_on_document else "",
        }
    )
    if notes:
        body["notes"] = notes
    return body


def _recipient(order: Order, cutter: Cutter, zone: int) -> dict[str, Any]:
    address = order.buyer.address
    name = buyer_name(order.buyer)
    if not name:
        text = N_("The order has no name of its buyer, and e-conomic needs one. Fill it in in the shop and press Retry.")
        raise InvalidRecord(Text(text))
    fields = {
        "name": cutter.fit(name, 250, field="recipient.name"),
        "address": cutter.fit(street_of(address), 250, field="recipient.address"),
        "zip": cutter.fit(address.postcode.strip(), 50, field="recipient.zip"),
        "city": cutter.fit(address.city.strip(), 250, field="recipient.city"),
        "country": cutter.fit(country_name(address.country), 50, field="recipient.country"),
    }
    return {**_filled(fields), "vatZone": {"vatZoneNumber": zone}}


def _delivery(order: Order, cutter: Cutter) -> dict[str, str]:
    """Where the goods go, when that is not where the invoice goes. There is no field for the name, so it leads the address."""
    address, billing = order.delivery, order.buyer.address
    where = (address.street, address.street2, address.postcode, address.city, address.country)
    if address.is_empty or where == (billing.street, billing.street2, billing.postcode, billing.city, billing.country):
        return {}
    lines = [part.strip() for part in (address.company, address.name, street_of(address)) if part.strip()]
    return _filled(
        {
            "address": cutter.fit("\n".join(lines), 255, field="delivery.address"),
            "zip": cutter.fit(address.postcode.strip(), 30, field="delivery.zip"),
            "city": cutter.fit(address.city.strip(), 50, field="delivery.city"),
            "country": cutter.fit(country_name(address.country), 50, field="delivery.country"),
        }
    )


def _filled(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}


def line_body(row: Row, number_of_line: int, settings: Settings, cutter: Cutter, *, number: str) -> dict[str, Any]:
    """One line. `unitNetPrice` is always sent: what e-conomic would take instead is not known."""
    line: dict[str, Any] = {
        "lineNumber": number_of_line,
        "description": cutter.fit(row.description, 2500, field="lines.description"),
        "product": {"productNumber": number},
        "quantity": row.piece.quantity,
        "unitNetPrice": row.piece.price,
    }
    if settings.unit is not None and row.is_article:
        line["unit"] = {"unitNumber": settings.unit}
    department = settings.department if row.department is None else row.department
    if department is not None:
        line["departmentalDistribution"] = {
            "departmentalDistributionNumber": department,
            "distributionType": "department",
        }
    return line
