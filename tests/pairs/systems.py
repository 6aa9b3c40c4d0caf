"""Shops and ERPs as data: one of each that can do nearly everything, and some that cannot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from connectors.base import (
    Capabilities,
    CheckReport,
    Choice,
    Connector,
    Manifest,
    Option,
    OptionKind,
    Page,
    Query,
    Reads,
    Register,
    Role,
    Writes,
)

NO_LISTS = "It has a regular and a sale price only."
NO_REASON_TO = "The ERP is where these are kept."
ONLY_INVOICES = "It takes invoices, and nothing else."


class Declared(Connector):
    """Says what it can do, and has nothing."""

    def read(self, query: Query) -> Iterator[Page]:
        return iter(())

    def check(self) -> CheckReport:
        return CheckReport(name=self.manifest.name)


class Shop(Declared):
    """Takes and gives all but price lists. Its payments are captured at two statuses; its orders come by channel."""

    manifest: ClassVar[Manifest] = Manifest(
        key="pair_shop",
        name="Pair shop",
        role=Role.SHOP,
        editions=("cloud",),
        api="none",
        options=(
            Option(key="address", label="Address"),
            Option(key="capturing_statuses", label="Captures at", default="completed, shipped"),
        ),
        read_options={Register.ORDERS: (Option(key="fees", label="Fees are", default="rows"),)},
        write_options={Register.STOCK: (Option(key="stock_mode", label="Stock is kept", default="each"),)},
    )
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads={Register.ORDERS: Reads(), Register.PRODUCTS: Reads(lacks={"unit": "It knows no units."})},
        writes={
            Register.STATUS: Writes(lacks={"partly_delivered": "An order is delivered or not."}),
            Register.PRODUCTS: Writes(lacks={"unit": "It knows no units."}),
            Register.PRICES: Writes(lacks={"currencies": "It has one currency."}),
            Register.STOCK: Writes(batch_size=100, lacks={"restock_on": "It has no such date."}),
        },
        cannot_read=dict.fromkeys((Register.STATUS, Register.PRICES, Register.PRICE_LISTS, Register.STOCK), NO_REASON_TO),
        cannot_write={Register.ORDERS: "Orders begin here.", Register.PRICE_LISTS: NO_LISTS},
    )


class ListShop(Declared):
    """Like the other shop, but it has price lists, and no channels."""

    manifest: ClassVar[Manifest] = Manifest(
        key="list_shop", name="List shop", role=Role.SHOP, editions=("cloud",), api="none", options=()
    )
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads={Register.ORDERS: Reads(lacks={"channel": "It is one shop."}), Register.PRODUCTS: Reads()},
        writes=dict.fromkeys(
            (Register.STATUS, Register.PRODUCTS, Register.PRICES, Register.PRICE_LISTS, Register.STOCK), Writes()
        ),
    )


class Erp(Declared):
    """Gives and takes every register. Variants have two dimensions at most."""

    manifest: ClassVar[Manifest] = Manifest(
        key="pair_erp",
        name="Pair ERP",
        role=Role.ERP,
        editions=("cloud",),
        api="none",
        options=(Option(key="address", label="Address"),),
        read_options={
            Register.STOCK: (
                Option(
                    key="stock_field",
                    label="Which figure",
                    kind=OptionKind.CHOICE,
                    choices=(Choice("available", "Available"), Choice("in_stock", "In stock")),
                    default="available",
                    required=True,
                ),
            )
        },
        write_options={Register.ORDERS: (Option(key="layout", label="Layout"),)},
    )
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads={
            Register.STATUS: Reads(by_key_only=True),
            Register.PRODUCTS: Reads(),
            Register.PRICES: Reads(),
            Register.PRICE_LISTS: Reads(),
            Register.STOCK: Reads(),
        },
        writes={Register.ORDERS: Writes(finds_by_reference=True), Register.PRODUCTS: Writes(variant_dimensions=2)},
        cannot_read={Register.ORDERS: "Orders begin in the shop."},
        cannot_write=dict.fromkeys((Register.STATUS, Register.PRICES, Register.PRICE_LISTS, Register.STOCK), NO_REASON_TO),
    )


class InvoiceErp(Declared):
    """Takes orders as invoices, tells nothing but products, prices and stock, and has no price lists."""

    manifest: ClassVar[Manifest] = Manifest(
        key="invoice_erp", name="Invoice ERP", role=Role.ERP, editions=("cloud",), api="none", options=()
    )
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads={
            Register.PRODUCTS: Reads(),
            Register.PRICES: Reads(),
            Register.STOCK: Reads(lacks={"warehouses": "It has one stock."}),
        },
        writes={Register.ORDERS: Writes(finds_by_reference=True)},
        cannot_read={Register.PRICE_LISTS: NO_LISTS, Register.STATUS: ONLY_INVOICES},
        cannot_write={Register.PRODUCTS: ONLY_INVOICES},
    )
