"""What a WooCommerce shop is and what it can do, as data."""

from __future__ import annotations

from datetime import timedelta

from connectors.base import Capabilities, Choice, Manifest, Option, OptionKind, Reads, Register, Role, Writes
from connectors.woocommerce.paging import PAGE_SIZE
from sharespine.lib.text import N_

_OPTIONS = (
    Option(
        key="address",
        label=N_("Address of the shop"),
        kind=OptionKind.URL,
        help=N_("As in the browser, for instance https://shop.example."),
        required=True,
    ),
    Option(
        key="consumer_key",
        label=N_("Consumer key"),
        help=N_("Begins with ck_. Made in WooCommerce under Settings, Advanced, REST API."),
        required=True,
    ),
    Option(
        key="consumer_secret",
        label=N_("Consumer secret"),
        kind=OptionKind.SECRET,
        help=N_("Begins with cs_. Shown once, when the key is made."),
        required=True,
    ),
    Option(
        key="sign_in",
        label=N_("Way to sign in"),
        kind=OptionKind.CHOICE,
        help=N_(
            "Leave it at Automatic unless the shop refuses keys that are right. Keys in the address end up in the shop's logs."
        ),
        default="automatic",
        choices=(
            Choice("automatic", N_("Automatic")),
            Choice("basic", "Basic"),
            Choice("oauth", "OAuth 1.0a"),
            Choice("query", N_("Keys in the address")),
        ),
    ),
    Option(
        key="webhook_secret",
        label=N_("Webhook secret"),
        kind=OptionKind.SECRET,
        help=N_("The secret of the shop's webhooks for orders. Without webhooks, orders come with the next scheduled read."),
    ),
    Option(
        key="home_country",
        label=N_("The shop's own country"),
        help=N_("Two letters. Tells which VAT an article has at home that was sold abroad without VAT."),
        default="SE",
    ),
    Option(
        key="weight_unit",
        label=N_("Unit of weight"),
        kind=OptionKind.CHOICE,
        help=N_("As in WooCommerce under Settings, Products."),
        default="kg",
        choices=(
            Choice("kg", N_("Kilograms (kg)")),
            Choice("g", N_("Grams (g)")),
            Choice("lbs", N_("Pounds (lbs)")),
            Choice("oz", N_("Ounces (oz)")),
        ),
    ),
    Option(
        key="organisation_number_field",
        label=N_("Order field with the organisation number"),
        help=N_("WooCommerce has none of its own: enter the name of the field that your checkout plugin saves it in."),
        group=N_("Fields of plugins"),
    ),
    Option(
        key="vat_number_field",
        label=N_("Order field with the VAT number"),
        help=N_("The name of the field that your checkout plugin saves it in."),
        group=N_("Fields of plugins"),
    ),
    Option(
        key="channel_field",
        label=N_("Order field with the channel"),
        help=N_("The name of the field in which a plugin saves where the order was placed, for instance a market place."),
        group=N_("Fields of plugins"),
    ),
    Option(
        key="gift_card_fees",
        label=N_("Fees that are gift cards"),
        help=N_(
            "Names of fees below zero that stand for a gift card, with commas between. Other fees below zero are discounts."
        ),
        group=N_("Fields of plugins"),
    ),
)

_ORDER_OPTIONS = (
    Option(
        key="extra_fields",
        label=N_("Order fields that go along"),
        kind=OptionKind.LINES,
        help=N_("One a line: names of fields that plugins save on an order. A field mapping adds those that it reads."),
        group=N_("Fields of plugins"),
    ),
)

_PRICE_OPTIONS = (
    Option(
        key="currency",
        label=N_("The shop's currency"),
        help=N_("Three letters. A price in another currency is not written to the shop."),
        default="SEK",
    ),
    Option(
        key="prices_include_vat",
        label=N_("Prices in the shop include VAT"),
        kind=OptionKind.BOOLEAN,
        help=N_("As in WooCommerce under Settings, Tax: how prices are entered there."),
        default=True,
    ),
)

_STATUS_OPTIONS = (
    Option(
        key="parcels_field",
        label=N_("Order field for parcels"),
        help=N_(
            "WooCommerce has none of its own. Enter the name of the field that your tracking plugin shows, if you have one."
        ),
        default="sharespine_parcels",
    ),
)

_NO_LISTS = N_("WooCommerce has no price lists: regular and campaign price only.")
_NO_UNIT = N_("WooCommerce has no units.")
_ONE_CURRENCY = N_("WooCommerce has prices in one currency.")
_NO_RESTOCK = N_("WooCommerce has no field for the next delivery.")
_NO_WAREHOUSES = N_("WooCommerce has one stock.")
# Longer than a second, the grain of its times, and than most transactions take.
_OVERLAP = timedelta(minutes=2)

MANIFEST = Manifest(
    key="woocommerce",
    name="WooCommerce",
    role=Role.SHOP,
    editions=("cloud", "client"),
    api="REST wc/v3",
    options=_OPTIONS,
    read_options={Register.ORDERS: _ORDER_OPTIONS, Register.PRICES: _PRICE_OPTIONS},
    write_options={Register.PRICES: _PRICE_OPTIONS, Register.STATUS: _STATUS_OPTIONS},
)

CAPABILITIES = Capabilities(
    reads={
        Register.ORDERS: Reads(page_size=PAGE_SIZE, overlap=_OVERLAP, extra_fields=True),
        Register.PRODUCTS: Reads(page_size=PAGE_SIZE, overlap=_OVERLAP, lacks={"unit": _NO_UNIT}),
        Register.PRICES: Reads(page_size=PAGE_SIZE, overlap=_OVERLAP, lacks={"currencies": _ONE_CURRENCY}),
        Register.STOCK: Reads(
            page_size=PAGE_SIZE, overlap=_OVERLAP, lacks={"warehouses": _NO_WAREHOUSES, "restock_on": _NO_RESTOCK}
        ),
    },
    cannot_read={
        Register.STATUS: N_("WooCommerce learns from the ERP what became of an order, not the other way round."),
        Register.PRICE_LISTS: _NO_LISTS,
    },
    writes={
        Register.STATUS: Writes(
            batch_size=20,
            lacks={"partly_delivered": N_("WooCommerce has no status for an order of which a part is delivered.")},
        ),
        # With its variants and categories each product may take several calls.
        Register.PRODUCTS: Writes(batch_size=25, variant_dimensions=None, lacks={"unit": _NO_UNIT}),
        Register.PRICES: Writes(batch_size=100, lacks={"currencies": _ONE_CURRENCY}),
        Register.STOCK: Writes(batch_size=100, lacks={"restock_on": _NO_RESTOCK}),
    },
    cannot_write={
        Register.ORDERS: N_("Orders are placed in WooCommerce and go from there to the ERP."),
        Register.PRICE_LISTS: _NO_LISTS,
    },
    max_in_flight=4,
    webhooks=True,
)
