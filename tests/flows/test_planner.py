"""What a main flow moves between two systems, from what they declare alone."""

from __future__ import annotations

import pytest

from connectors.base import Connector, Direction, Register, Role
from connectors.registry import systems
from flows import planner
from flows.models import Connection
from tests.pairs.systems import NO_LISTS, ONLY_INVOICES, Erp, InvoiceErp, ListShop, Shop

#: The table of the product, written out by hand. ! the pair cannot do it.
TABLES = """
                        orders    status      products    prices    price_lists   stock
shop      Shop Erp      to_erp    -           to_erp      -         -             -
erp       Shop Erp      to_erp    to_shop     to_shop     to_shop   !             to_shop
combined  Shop Erp      to_erp    to_shop     to_erp      to_shop   !             to_shop
shop      List Erp      to_erp    -           to_erp      -         -             -
erp       List Erp      to_erp    to_shop     to_shop     to_shop   to_shop       to_shop
combined  List Erp      to_erp    to_shop     to_erp      to_shop   to_shop       to_shop
shop      Shop Invoice  to_erp    -           !           -         -             -
erp       Shop Invoice  to_erp    !           to_shop     to_shop   !             to_shop
combined  Shop Invoice  to_erp    !           !           to_shop   !             to_shop
shop      List Invoice  to_erp    -           !           -         -             -
erp       List Invoice  to_erp    !           to_shop     to_shop   !             to_shop
combined  List Invoice  to_erp    !           !           to_shop   !             to_shop
"""
ROWS = [line.split() for line in TABLES.strip().splitlines()]
CLASSES: dict[str, type[Connector]] = {"Shop": Shop, "List": ListShop, "Erp": Erp, "Invoice": InvoiceErp}


def test_there_is_a_table_for_every_main_flow_that_can_be_chosen() -> None:
    assert list(planner.TABLE) == list(Connection.MainFlow.values)


@pytest.mark.parametrize("row", ROWS[1:], ids=lambda row: " ".join(row[:3]))
def test_a_main_flow_moves_what_the_table_says_and_the_pair_can(row: list[str]) -> None:
    main_flow, shop, erp, *marks = row
    planned = {one.register: one for one in planner.plan(main_flow, CLASSES[shop], CLASSES[erp])}
    shown = {
        register: ("-" if register not in planned else planned[register].direction if planned[register].possible else "!")
        for register in Register
    }
    assert shown == dict(zip(map(Register, ROWS[0]), marks, strict=True))


def reasons(main_flow: str, shop: type[Connector], erp: type[Connector], register: Register) -> list[str]:
    return [str(text) for one in planner.plan(main_flow, shop, erp) if one.register is register for text in one.reasons]


def test_what_cannot_be_done_says_which_system_cannot_and_why() -> None:
    assert reasons("erp", Shop, Erp, Register.PRICE_LISTS) == [NO_LISTS]
    assert reasons("erp", ListShop, InvoiceErp, Register.PRICE_LISTS) == [NO_LISTS]
    assert reasons("erp", ListShop, InvoiceErp, Register.STATUS) == [ONLY_INVOICES]


def test_where_neither_side_can_both_say_why_the_source_first() -> None:
    assert reasons("erp", Shop, InvoiceErp, Register.PRICE_LISTS) == [
        NO_LISTS,
        NO_LISTS,
    ]


def test_only_order_status_may_be_left_out() -> None:
    assert [one.register for one in planner.plan("combined", Shop, Erp) if one.optional] == [Register.STATUS]


def test_a_pos_warns_of_the_shop_leading_and_of_nothing_else() -> None:
    assert [main_flow for main_flow in planner.TABLE if planner.warnings(main_flow, has_pos=True)] == ["shop"]
    assert [main_flow for main_flow in planner.TABLE if planner.warnings(main_flow, has_pos=False)] == []


def test_what_belongs_to_a_main_flow_is_what_it_moves_that_way() -> None:
    assert planner.belongs("shop", "products", "to_erp")
    assert not planner.belongs("shop", "products", "to_shop")
    assert not planner.belongs("shop", "stock", "to_shop")
    assert planner.belongs("", "stock", "to_shop")


def test_every_pair_that_there_is_can_at_least_move_orders() -> None:
    for shop in systems(Role.SHOP):
        for erp in systems(Role.ERP):
            for main_flow in planner.TABLE:
                orders = planner.plan(main_flow, shop, erp)[0]
                assert (orders.register, orders.direction) == (Register.ORDERS, Direction.TO_ERP)
                assert orders.possible, (shop, erp)
