"""What e-conomic is, as data for the forms."""

from __future__ import annotations

from connectors.base import Manifest, Module, Option, OptionKind, Register, Role
from connectors.economic.article_options import PRICES, PRODUCT_GROUPS, STATUS, UNIT
from connectors.economic.order_options import ORDER_OPTIONS
from sharespine.lib.text import N_

ADDRESS = "https://restapi.e-conomic.com"
OPEN_ADDRESS = "https://apis.e-conomic.com"

_ENDPOINT_OPTIONS = (
    Option(
        key="address",
        label=N_("Address"),
        kind=OptionKind.URL,
        help=N_("Leave it as it is unless our support says otherwise."),
        default=ADDRESS,
        required=True,
    ),
    Option(
        key="open_address",
        label=N_("Address for price lists"),
        kind=OptionKind.URL,
        help=N_("Leave it as it is unless our support says otherwise."),
        default=OPEN_ADDRESS,
        required=True,
    ),
    Option(
        key="app_secret_token",
        label=N_("App secret token"),
        kind=OptionKind.SECRET,
        help=N_("Says to e-conomic that it is Sharespine that calls."),
        required=True,
    ),
    Option(
        key="agreement_grant_token",
        label=N_("Agreement grant token"),
        kind=OptionKind.SECRET,
        help=N_("Shown in e-conomic when a user of the agreement installs our app. It can be revoked there."),
        required=True,
    ),
)

MANIFEST = Manifest(
    key="economic",
    name="Visma e-conomic",
    role=Role.ERP,
    editions=("cloud",),
    api=N_("Legacy REST API"),
    options=_ENDPOINT_OPTIONS,
    read_options={
        Register.PRODUCTS: PRODUCT_GROUPS,
        Register.PRICES: PRICES,
        Register.PRICE_LISTS: PRODUCT_GROUPS,
        Register.STATUS: STATUS,
    },
    write_options={Register.ORDERS: ORDER_OPTIONS, Register.PRODUCTS: (*PRODUCT_GROUPS, UNIT)},
    modules=(
        Module("startup", N_("StartUp or larger")),
        Module("api", N_("API")),
        # Without it, e-conomic tells no stock.
        Module("inventory", N_("Inventory, for stock"), mandatory=False),
    ),
)
