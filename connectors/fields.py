"""The fields of each register: what the matrix has a row for, and what `Reads.lacks` and `Writes.lacks` speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.capabilities import Direction, Register
from sharespine.lib.text import N_


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `label` is marked for translation. `of_source` and `of_target` tell whose ability it takes."""

    key: str
    label: str
    of_source: bool = True
    of_target: bool = True


#: Which ways a register can go at all. What a pair of systems can do of it is for their capabilities to say.
DIRECTIONS: Mapping[Register, tuple[Direction, ...]] = {
    Register.ORDERS: (Direction.TO_ERP,),
    Register.STATUS: (Direction.TO_SHOP,),
    Register.PRODUCTS: (Direction.TO_ERP, Direction.TO_SHOP),
    Register.PRICES: (Direction.TO_SHOP,),
    Register.PRICE_LISTS: (Direction.TO_SHOP,),
    Register.STOCK: (Direction.TO_SHOP,),
}

LABELS: Mapping[Register, str] = {
    Register.ORDERS: N_("Orders with customer"),
    Register.STATUS: N_("Order status"),
    Register.PRODUCTS: N_("Products"),
    Register.PRICES: N_("Prices"),
    Register.PRICE_LISTS: N_("Price lists"),
    Register.STOCK: N_("Stock"),
}

FIELDS: Mapping[Register, tuple[Field, ...]] = {
    Register.ORDERS: (
        Field("buyer", N_("Buyer with addresses")),
        Field("organisation_number", N_("Organisation number")),
        Field("lines", N_("Rows with article number")),
        Field("discounts", N_("Discounts and coupons")),
        Field("freight", N_("Freight and fees")),
        Field("gift_cards", N_("Gift cards")),
        Field("vat_rates", N_("Several VAT rates")),
        Field("currencies", N_("Other currencies")),
        Field("payment_method", N_("Payment method")),
        Field("note", N_("The customer's note")),
        Field("channel", N_("Channel"), of_target=False),
        Field("refunds", N_("Refunds as credit notes")),
        Field("result_unit", N_("Result unit"), of_source=False),
        Field("number_series", N_("Number series"), of_source=False),
    ),
    Register.STATUS: (
        Field("partly_delivered", N_("Partly delivered")),
        Field("delivered", N_("Delivered")),
        Field("invoiced", N_("Invoiced")),
        Field("paid", N_("Paid")),
        Field("cancelled", N_("Cancelled")),
        Field("tracking", N_("Parcel tracking")),
        Field("email", N_("E-mail to the buyer"), of_source=False),
        Field("capture", N_("Capture of the payment"), of_source=False),
    ),
    Register.PRODUCTS: (
        Field("name", N_("Name")),
        Field("text", N_("Description")),
        Field("short_text", N_("Short description")),
        Field("ean", N_("EAN")),
        Field("weight", N_("Weight")),
        Field("unit", N_("Unit")),
        Field("vat_rate", N_("VAT class")),
        Field("categories", N_("Categories")),
        Field("active", N_("Active or inactive")),
        Field("variants", N_("Variants")),
    ),
    Register.PRICES: (
        Field("regular", N_("Regular price")),
        Field("sale", N_("Campaign price")),
        Field("sale_dates", N_("Dates of the campaign price")),
        Field("currencies", N_("Other currencies")),
    ),
    Register.PRICE_LISTS: (
        Field("prices", N_("Price per price list")),
        Field("customer_groups", N_("Price list per customer group")),
        Field("currencies", N_("Other currencies")),
    ),
    Register.STOCK: (
        Field("quantity", N_("Quantity")),
        Field("warehouses", N_("Several warehouses"), of_target=False),
        Field("restock_on", N_("Next delivery")),
        Field("backorders", N_("Orders beyond the stock"), of_source=False),
        Field("stock_status", N_("Stock status"), of_source=False),
    ),
}
