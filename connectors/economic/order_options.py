"""What a flow of orders to e-conomic can be told."""

from __future__ import annotations

from connectors.base import Choice, Option, OptionKind
from connectors.economic.article_options import ARTICLES, PRODUCT_GROUPS, UNIT, VAT
from sharespine.lib.text import N_

KINDS = (Choice("order", N_("Order")), Choice("invoice", N_("Invoice")))

_DOCUMENT = N_("Document")
_CUSTOMER = N_("Customer")
_AMOUNTS = N_("Amounts")

_DOCUMENT_OPTIONS = (
    Option(
        key="document_kind",
        label=N_("Orders become"),
        kind=OptionKind.CHOICE,
        help=N_("Both arrive as drafts. Nothing is booked from here."),
        default="order",
        required=True,
        choices=KINDS,
        group=_DOCUMENT,
    ),
    Option(
        key="document_date",
        label=N_("Date of the document"),
        kind=OptionKind.CHOICE,
        help=N_("With the day of transfer, an old order does not end up in a closed accounting year."),
        default="order",
        choices=(Choice("order", N_("Order date")), Choice("today", N_("Day of transfer"))),
        group=_DOCUMENT,
    ),
    Option(
        key="time_zone",
        label=N_("Time zone of dates"),
        help=N_("Decides which day an order placed near midnight belongs to."),
        default="Europe/Stockholm",
        group=_DOCUMENT,
    ),
    Option(
        key="layout",
        label=N_("Layout"),
        kind=OptionKind.CHOICE,
        required=True,
        choices_from="layouts",
        group=_DOCUMENT,
    ),
    Option(
        key="payment_terms",
        label=N_("Payment terms"),
        kind=OptionKind.CHOICE,
        help=N_("Used where the payment method has none of its own below."),
        required=True,
        choices_from="payment_terms",
        group=_DOCUMENT,
    ),
    Option(
        key="payment_terms_by_method",
        label=N_("Payment terms per payment method"),
        kind=OptionKind.LINES,
        help=N_("One per line: the shop's payment method and the number of the payment terms, for instance klarna=3."),
        group=_DOCUMENT,
    ),
    Option(
        key="heading",
        label=N_("Heading"),
        help=N_("{number} stands for the order's number in the shop."),
        default="Order {number}",
        group=_DOCUMENT,
    ),
    Option(
        key="note_on_document",
        label=N_("The customer's note goes on the document"),
        kind=OptionKind.BOOLEAN,
        default=True,
        group=_DOCUMENT,
    ),
    Option(
        key="department",
        label=N_("Result unit (departmental distribution)"),
        kind=OptionKind.CHOICE,
        help=N_("Set on every row. Needs the Dimension module."),
        choices_from="departments",
        group=_DOCUMENT,
    ),
)

_CUSTOMER_OPTIONS = (
    Option(
        key="match_customer_by",
        label=N_("A customer is found by"),
        kind=OptionKind.CHOICES,
        help=N_("Tried in this order. Customer number is right only where shop and e-conomic share their numbers."),
        default="organisation_number,email",
        choices=(
            Choice("number", N_("Customer number")),
            Choice("organisation_number", N_("Organisation number")),
            Choice("email", N_("E-mail")),
        ),
        group=_CUSTOMER,
    ),
    Option(
        key="create_customers",
        label=N_("Create customers that are not found"),
        kind=OptionKind.BOOLEAN,
        default=True,
        group=_CUSTOMER,
    ),
    Option(
        key="customer_number_from",
        label=N_("Numbers of new customers"),
        kind=OptionKind.CHOICE,
        default="erp",
        choices=(Choice("erp", N_("The next free one in e-conomic")), Choice("shop", N_("The number in the shop"))),
        group=_CUSTOMER,
    ),
    Option(
        key="customer_group",
        label=N_("Customer group of new customers"),
        kind=OptionKind.CHOICE,
        choices_from="customer_groups",
        group=_CUSTOMER,
    ),
    Option(
        key="guest_customer_number",
        label=N_("Collective customer"),
        kind=OptionKind.INTEGER,
        help=N_("Number of the customer for buyers with neither e-mail nor organisation number."),
        group=_CUSTOMER,
    ),
)

_VAT_OPTIONS = (
    Option(key="home_country", label=N_("Country of the agreement"), default="SE", help=N_("Two letters."), group=VAT),
    Option(
        key="vat_zone_domestic",
        label=N_("VAT zone: domestic"),
        kind=OptionKind.CHOICE,
        default="1",
        choices_from="vat_zones",
        group=VAT,
    ),
    Option(
        key="vat_zone_eu",
        label=N_("VAT zone: EU"),
        kind=OptionKind.CHOICE,
        help=N_("For orders without VAT to another EU country."),
        default="2",
        choices_from="vat_zones",
        group=VAT,
    ),
    Option(
        key="vat_zone_abroad",
        label=N_("VAT zone: abroad"),
        kind=OptionKind.CHOICE,
        help=N_("For orders without VAT to a country outside the EU."),
        default="3",
        choices_from="vat_zones",
        group=VAT,
    ),
    Option(
        key="vat_zone_exempt",
        label=N_("VAT zone: domestic exempt"),
        kind=OptionKind.CHOICE,
        default="4",
        choices_from="vat_zones",
        group=VAT,
    ),
    Option(
        key="untaxed_at_home",
        label=N_("Orders without VAT within the country go to"),
        kind=OptionKind.CHOICE,
        help=N_("In the domestic zone, the articles of such an order must be in the product group for 0 %."),
        default="domestic",
        choices=(Choice("domestic", N_("Domestic")), Choice("exempt", N_("Domestic exempt"))),
        group=VAT,
    ),
    Option(
        key="vat_zone_by_country",
        label=N_("VAT zones of other countries (OSS)"),
        kind=OptionKind.LINES,
        help=N_(
            "For orders with the VAT of the buyer's country. One country per line with its zone, then which of the product "
            "groups below carries which of its rates, for instance FI=8 25.5=25 13.5=12 10=6."
        ),
        group=VAT,
    ),
    *PRODUCT_GROUPS,
)

_SUFFIX = N_("For a VAT rate other than 25 % the rate is added, for instance FRAKT-12.")
_NO_VAT = N_("An article without VAT. If the shop charges VAT on it, the rate is added, for instance PRESENTKORT-25.")

_ARTICLE_OPTIONS = (
    Option(
        key="create_products",
        label=N_("Create articles that do not exist"),
        kind=OptionKind.BOOLEAN,
        default=True,
        group=ARTICLES,
    ),
    UNIT,
    Option(key="freight_article", label=N_("Article for freight"), default="FRAKT", help=_SUFFIX, group=ARTICLES),
    Option(key="fee_article", label=N_("Article for fees"), default="AVGIFT", help=_SUFFIX, group=ARTICLES),
    Option(key="discount_article", label=N_("Article for discounts"), default="RABATT", help=_SUFFIX, group=ARTICLES),
    Option(key="gift_card_article", label=N_("Article for gift cards"), default="PRESENTKORT", help=_NO_VAT, group=ARTICLES),
    Option(
        key="rounding_article",
        label=N_("Article for rounding"),
        default="ORESAVRUNDNING",
        help=N_("An article without VAT."),
        group=ARTICLES,
    ),
)

_AMOUNT_OPTIONS = (
    Option(
        key="discounts",
        label=N_("Discounts are shown"),
        kind=OptionKind.CHOICE,
        default="row",
        choices=(Choice("row", N_("As a row of their own")), Choice("price", N_("In the price of the row"))),
        group=_AMOUNTS,
    ),
    Option(
        key="rounding_row",
        label=N_("Add a rounding row"),
        kind=OptionKind.BOOLEAN,
        help=N_("Where e-conomic rounds VAT another way than the shop. Without it, such an order stops."),
        default=True,
        group=_AMOUNTS,
    ),
    Option(
        key="rounding_tolerance",
        label=N_("Largest rounding"),
        kind=OptionKind.DECIMAL,
        help=N_("In the currency of the order. An order that differs by more stops."),
        default="0.50",
        group=_AMOUNTS,
    ),
)

ORDER_OPTIONS = (*_DOCUMENT_OPTIONS, *_CUSTOMER_OPTIONS, *_VAT_OPTIONS, *_ARTICLE_OPTIONS, *_AMOUNT_OPTIONS)
