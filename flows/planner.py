"""What the three main flows are: which registers go which way, and what of it a pair of systems can do.

============  =====================  ====================  ====================
register      #1 the shop leads      #2 the ERP leads      #3 combination
============  =====================  ====================  ====================
orders        shop → ERP             shop → ERP            shop → ERP
order status                         ERP → shop, optional  ERP → shop, optional
products      shop → ERP             ERP → shop            shop → ERP
prices                               ERP → shop            ERP → shop
price lists                          ERP → shop            ERP → shop
stock                                ERP → shop            ERP → shop
============  =====================  ====================  ====================

Pure: no Django, no I/O. What the package of a customer lets run of it stands in `flows.rights`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.base import Connector, Direction, Register
from connectors.matrix import why_not
from sharespine.lib.text import N_, Text

SHOP_LEADS, ERP_LEADS, COMBINED = "shop", "erp", "combined"

_ORDERS = {Register.ORDERS: Direction.TO_ERP}
_FROM_ERP = dict.fromkeys((Register.PRICES, Register.PRICE_LISTS, Register.STOCK), Direction.TO_SHOP)
_STATUS = {Register.STATUS: Direction.TO_SHOP}

#: Main flow → the registers that it moves, in the order in which people read them, and which way each goes.
TABLE: Mapping[str, Mapping[Register, Direction]] = {
    SHOP_LEADS: _ORDERS | {Register.PRODUCTS: Direction.TO_ERP},
    ERP_LEADS: _ORDERS | _STATUS | {Register.PRODUCTS: Direction.TO_SHOP} | _FROM_ERP,
    COMBINED: _ORDERS | _STATUS | {Register.PRODUCTS: Direction.TO_ERP} | _FROM_ERP,
}
#: Nobody need use these for the main flow to be whole.
OPTIONAL = frozenset({Register.STATUS})

POS_WARNING = Text(
    N_(
        "A POS is used with the ERP: what is sold in the physical shop changes the stock there, and with this main flow the "
        "web shop is never told. Let the ERP lead instead (#2)."
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One register of a main flow. `reasons` say why a pair cannot do it; none when it can."""

    register: Register
    direction: Direction
    optional: bool = False
    reasons: tuple[Text, ...] = ()

    @property
    def possible(self) -> bool:
        return not self.reasons


def plan(main_flow: str, shop: type[Connector], erp: type[Connector]) -> tuple[Planned, ...]:
    """What `main_flow` moves between the pair, and what of it they cannot do. Raises `KeyError` for an unknown main flow."""
    return tuple(
        Planned(
            register=register,
            direction=direction,
            optional=register in OPTIONAL,
            reasons=why_not(register, direction, shop, erp),
        )
        for register, direction in TABLE[main_flow].items()
    )


def warnings(main_flow: str, *, has_pos: bool) -> tuple[Text, ...]:
    """What one should think of before choosing `main_flow`."""
    return (POS_WARNING,) if has_pos and main_flow == SHOP_LEADS else ()


def belongs(main_flow: str, register: str, direction: str) -> bool:
    """Whether `main_flow` moves `register` in `direction`; without a main flow, whatever was added by hand does."""
    return not main_flow or TABLE[main_flow].get(Register(register)) == direction
