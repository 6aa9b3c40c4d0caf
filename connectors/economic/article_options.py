"""What flows of articles and of order status can be told. VAT groups and unit are those of orders, too."""

from __future__ import annotations

from connectors.base import Choice, Option, OptionKind
from sharespine.lib.text import N_

VAT = N_("VAT")
ARTICLES = N_("Articles")
_PRICES = N_("Prices")

#: Which product group carries which VAT rate at home. For orders and for articles, either way.
PRODUCT_GROUPS = tuple(
    Option(
        key=f"product_group_{rate}",
        label=label,
        kind=OptionKind.CHOICE,
        choices_from="product_groups",
        group=VAT,
    )
    for rate, label in (
        (25, N_("Product group for 25 % VAT")),
        (12, N_("Product group for 12 % VAT")),
        (6, N_("Product group for 6 % VAT")),
        (0, N_("Product group for 0 % VAT")),
    )
)

UNIT = Option(
    key="unit",
    label=N_("Unit"),
    kind=OptionKind.CHOICE,
    help=N_("Of new articles and of the rows."),
    choices_from="units",
    group=ARTICLES,
)

#: Of a flow that reads prices.
PRICES = (
    Option(
        key="currency",
        label=N_("Currency of the prices"),
        kind=OptionKind.CHOICE,
        help=N_("Left empty, the base currency of the agreement. Articles without a price in the currency are left out."),
        choices_from="currencies",
        group=_PRICES,
    ),
    Option(
        key="price_group",
        label=N_("The shop's own price list"),
        kind=OptionKind.CHOICE,
        help=N_("A price group in e-conomic. Its special prices go before the ordinary ones."),
        choices_from="price_groups",
        group=_PRICES,
    ),
    Option(
        key="campaign_price_group",
        label=N_("Price list for campaigns"),
        kind=OptionKind.CHOICE,
        help=N_("A price group in e-conomic. What has a special price there is on campaign for as long as it is there."),
        choices_from="price_groups",
        group=_PRICES,
    ),
    *PRODUCT_GROUPS,
)

_DELIVERED_WHEN = (
    Choice("never", N_("Never")),
    Choice("sent", N_("When the order is marked as sent")),
    Choice("invoiced", N_("When the invoice is booked")),
)

#: Of a flow that reads order status.
STATUS = (
    Option(
        key="delivered_when",
        label=N_("An order counts as delivered"),
        kind=OptionKind.CHOICE,
        help=N_("e-conomic has no deliveries, so something else has to tell."),
        default="invoiced",
        choices=_DELIVERED_WHEN,
    ),
    Option(
        key="missing_is_cancelled",
        label=N_("An order that has been deleted counts as cancelled"),
        kind=OptionKind.BOOLEAN,
        help=N_("It is deleted when neither order nor invoice has our reference any more."),
        default=True,
    ),
)
