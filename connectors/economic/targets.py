"""What a field mapping may fill of a document in e-conomic, and how it gets there. The reference and all amounts stay ours.

Lengths are those of the vendor's schema (2026-11). A text that is too long is cut with a notice, a number that is none is
refused; whether the agreement has a layout or a department of that number is for e-conomic to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectors.economic.cutting import Cutter
from connectors.economic.settings import Settings
from connectors.errors import InvalidRecord
from connectors.records import Order, OrderLine
from connectors.targets import Kind, TargetField
from sharespine.lib.text import N_, Text

#: Target → where the text stands in the document.
_TEXTS: Mapping[str, tuple[str, str]] = {
    "heading": ("notes", "heading"),
    "text_line1": ("notes", "textLine1"),
    "text_line2": ("notes", "textLine2"),
    "recipient_name": ("recipient", "name"),
    "recipient_address": ("recipient", "address"),
    "delivery_address": ("delivery", "address"),
    "delivery_zip": ("delivery", "zip"),
    "delivery_city": ("delivery", "city"),
    "delivery_country": ("delivery", "country"),
    "delivery_terms": ("delivery", "deliveryTerms"),
}
#: Target → where the text stands in a customer that is created.
_OF_CUSTOMER: Mapping[str, str] = {
    "customer_name": "name",
    "customer_address": "address",
    "customer_zip": "zip",
    "customer_city": "city",
    "customer_phone": "telephoneAndFaxNumber",
}
_ONLY_NEW = N_("Only where the customer is created.")

TARGETS = (
    TargetField(key="heading", label=N_("Heading"), longest=250),
    TargetField(key="text_line1", label=N_("Text 1"), longest=1000),
    TargetField(key="text_line2", label=N_("Text 2"), longest=1000),
    TargetField(key="recipient_name", label=N_("Recipient: name"), longest=250),
    TargetField(key="recipient_address", label=N_("Recipient: address"), longest=250),
    TargetField(key="delivery_address", label=N_("Delivery: address"), longest=255),
    TargetField(key="delivery_zip", label=N_("Delivery: postcode"), longest=30),
    TargetField(key="delivery_city", label=N_("Delivery: city"), longest=50),
    TargetField(key="delivery_country", label=N_("Delivery: country"), longest=50),
    TargetField(key="delivery_terms", label=N_("Delivery terms"), longest=100),
    TargetField(key="delivery_date", label=N_("Delivery date"), kind=Kind.TIME),
    TargetField(key="layout", label=N_("Layout"), kind=Kind.NUMBER, choices_from="layouts"),
    TargetField(key="payment_terms", label=N_("Payment terms"), kind=Kind.NUMBER, choices_from="payment_terms"),
    TargetField(key="department", label=N_("Department of all rows"), kind=Kind.NUMBER, choices_from="departments"),
    TargetField(key="line_description", label=N_("Row: description"), longest=2500, per_line=True),
    TargetField(
        key="line_department", label=N_("Row: department"), kind=Kind.NUMBER, per_line=True, choices_from="departments"
    ),
    TargetField(
        key="customer_group",
        label=N_("New customer: customer group"),
        kind=Kind.NUMBER,
        choices_from="customer_groups",
        help=_ONLY_NEW,
    ),
    TargetField(key="customer_name", label=N_("New customer: name"), longest=255, help=_ONLY_NEW),
    TargetField(key="customer_address", label=N_("New customer: address"), longest=510, help=_ONLY_NEW),
    TargetField(key="customer_zip", label=N_("New customer: postcode"), longest=30, help=_ONLY_NEW),
    TargetField(key="customer_city", label=N_("New customer: city"), longest=50, help=_ONLY_NEW),
    TargetField(key="customer_phone", label=N_("New customer: phone"), longest=255, help=_ONLY_NEW),
)
_BY_KEY = {target.key: target for target in TARGETS}


def settings_for(order: Order, settings: Settings) -> Settings:
    """The settings of the flow, with what the mapping says for this order in their place. Raises `InvalidRecord`."""
    mapped = dict(order.mapped)
    changes: dict[str, Any] = {
        key: _number(key, mapped[key]) for key in ("layout", "department", "customer_group") if key in mapped
    }
    if "payment_terms" in mapped:
        changes |= {"payment_terms": _number("payment_terms", mapped["payment_terms"]), "payment_terms_by_method": {}}
    return replace(settings, **changes) if changes else settings


def fill_document(body: dict[str, Any], order: Order, cutter: Cutter) -> None:
    """Put the texts and the date of the mapping into a document's body."""
    for key, value in order.mapped:
        if key in _TEXTS:
            part, name = _TEXTS[key]
            body[part] = {**body.get(part, {}), name: cutter.fit(value, _BY_KEY[key].longest, field=f"{part}.{name}")}
        elif key == "delivery_date":
            body["delivery"] = {**body.get("delivery", {}), "deliveryDate": value}


def fill_customer(body: dict[str, Any], order: Order, cutter: Cutter) -> None:
    """Put the texts of the mapping into the body of a customer that is to be created."""
    for key, value in order.mapped:
        if key in _OF_CUSTOMER:
            body[_OF_CUSTOMER[key]] = cutter.fit(value, _BY_KEY[key].longest, field=_OF_CUSTOMER[key])


def description_of(line: OrderLine) -> str:
    """What the mapping calls the row; empty when it says nothing."""
    return dict(line.mapped).get("line_description", "")


def department_of(line: OrderLine) -> int | None:
    """The department that the mapping gives the row. Raises `InvalidRecord`."""
    value = dict(line.mapped).get("line_department")
    return None if value is None else _number("line_department", value)


def _number(key: str, value: str) -> int:
    whole = value.partition(".")[0] if not value.partition(".")[2].strip("0") else value
    if not (whole.isascii() and whole.isdigit() and 1 <= int(whole) <= 999_999_999):
        text = N_(
            "The field mapping fills “%(field)s” with “%(value)s”, which is no number that e-conomic has. Correct the rule and "
            "press Retry."
        )
        raise InvalidRecord(Text(text, {"field": Text(_BY_KEY[key].label), "value": value}))
    return int(whole)
