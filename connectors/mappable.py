"""What a field mapping may read from a record, and what it may fill: one list for all systems, and what each adds.

What a document is worth cannot be mapped by anybody: totals, VAT, quantities, article numbers and our reference are no targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.capabilities import Register
from connectors.targets import Kind, TargetField
from sharespine.lib.text import N_

__all__ = ["OWN_TARGETS", "SOURCES", "Kind", "SourceField", "TargetField"]


@dataclass(frozen=True, slots=True)
class SourceField:
    """Something that a record says. `key` is what an expression calls it, `label` is marked for translation.

    `attribute` is where the record has it; of an order, a key that begins with "line." is read from each of its rows.
    """

    key: str
    label: str
    attribute: str
    kind: Kind = Kind.TEXT

    @property
    def of_line(self) -> bool:
        return self.key.startswith("line.")


_ADDRESS = (
    ("name", N_("name")),
    ("company", N_("company")),
    ("street", N_("street")),
    ("street2", N_("second line of the street")),
    ("postcode", N_("postcode")),
    ("city", N_("city")),
    ("state", N_("region")),
    ("country", N_("country (two letters)")),
    ("phone", N_("phone")),
    ("email", N_("e-mail")),
)

_ORDERS = (
    SourceField("order.number", N_("Order number"), "number"),
    SourceField("order.status", N_("Status in the shop"), "status"),
    SourceField("order.currency", N_("Currency"), "currency"),
    SourceField("order.placed_at", N_("When it was placed"), "placed_at", Kind.TIME),
    SourceField("order.paid_at", N_("When it was paid"), "paid_at", Kind.TIME),
    SourceField("order.total", N_("Total incl. VAT"), "total", Kind.NUMBER),
    SourceField("order.total_vat", N_("VAT in the total"), "total_vat", Kind.NUMBER),
    SourceField("order.payment_method", N_("Payment method (key)"), "payment_method"),
    SourceField("order.payment_title", N_("Payment method (name)"), "payment_title"),
    SourceField("order.transaction_id", N_("Payment id"), "transaction_id"),
    SourceField("order.delivery_method", N_("Delivery method"), "delivery_method"),
    SourceField("order.coupons", N_("Coupon codes"), "coupons"),
    SourceField("order.note", N_("The customer's note"), "note"),
    SourceField("order.channel", N_("Channel"), "channel"),
    SourceField("buyer.number", N_("Buyer: customer number in the shop"), "buyer.number"),
    SourceField("buyer.name", N_("Buyer: name"), "buyer.name"),
    SourceField("buyer.company", N_("Buyer: company"), "buyer.company"),
    SourceField("buyer.organisation_number", N_("Buyer: organisation number"), "buyer.organisation_number"),
    SourceField("buyer.vat_number", N_("Buyer: VAT number"), "buyer.vat_number"),
    SourceField("buyer.email", N_("Buyer: e-mail"), "buyer.email"),
    SourceField("buyer.phone", N_("Buyer: phone"), "buyer.phone"),
    SourceField("buyer.is_company", N_("Buyer: is a company"), "buyer.is_company", Kind.YES_NO),
    *(SourceField(f"invoice.{name}", label, f"buyer.address.{name}") for name, label in _ADDRESS),
    *(SourceField(f"delivery.{name}", label, f"delivery.{name}") for name, label in _ADDRESS),
    SourceField("line.article_number", N_("Row: article number"), "article_number"),
    SourceField("line.name", N_("Row: name"), "name"),
    SourceField("line.details", N_("Row: details"), "details"),
    SourceField("line.kind", N_("Row: kind"), "kind"),
    SourceField("line.quantity", N_("Row: quantity"), "quantity", Kind.NUMBER),
    SourceField("line.net", N_("Row: amount excl. VAT"), "net", Kind.NUMBER),
    SourceField("line.vat_rate", N_("Row: VAT in percent"), "vat_rate", Kind.NUMBER),
)

_PRODUCTS = (
    SourceField("product.article_number", N_("Article number"), "article_number"),
    SourceField("product.name", N_("Name"), "name"),
    SourceField("product.text", N_("Description"), "text"),
    SourceField("product.short_text", N_("Short description"), "short_text"),
    SourceField("product.ean", N_("EAN"), "ean"),
    SourceField("product.weight", N_("Weight in kg"), "weight", Kind.NUMBER),
    SourceField("product.unit", N_("Unit"), "unit"),
    SourceField("product.vat_rate", N_("VAT in percent"), "vat_rate", Kind.NUMBER),
    SourceField("product.categories", N_("Categories"), "categories"),
    SourceField("product.active", N_("Active or inactive"), "active", Kind.YES_NO),
)

_PRICES = (
    SourceField("price.article_number", N_("Article number"), "article_number"),
    SourceField("price.currency", N_("Currency"), "currency"),
    SourceField("price.regular", N_("Regular price"), "regular", Kind.NUMBER),
    SourceField("price.sale", N_("Campaign price"), "sale", Kind.NUMBER),
    SourceField("price.vat_rate", N_("VAT in percent"), "vat_rate", Kind.NUMBER),
)

#: What every system says of a record of a register, as far as it can.
SOURCES: Mapping[Register, tuple[SourceField, ...]] = {
    Register.ORDERS: _ORDERS,
    Register.PRODUCTS: _PRODUCTS,
    Register.PRICES: _PRICES,
}

#: What of a record itself may be filled, whatever the target is: then it goes as if the source had said so.
OWN_TARGETS: Mapping[Register, tuple[TargetField, ...]] = {
    Register.PRODUCTS: (
        TargetField(key="name", label=N_("Name")),
        TargetField(key="text", label=N_("Description")),
        TargetField(key="short_text", label=N_("Short description")),
        TargetField(key="ean", label=N_("EAN")),
        TargetField(key="weight", label=N_("Weight in kg"), kind=Kind.NUMBER),
        TargetField(key="unit", label=N_("Unit")),
        TargetField(key="categories", label=N_("Categories"), help=N_("One a line, with “ > ” between the levels.")),
    ),
    Register.PRICES: (
        TargetField(key="regular", label=N_("Regular price"), kind=Kind.NUMBER),
        TargetField(key="sale", label=N_("Campaign price"), kind=Kind.NUMBER),
    ),
}
