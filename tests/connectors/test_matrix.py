"""What a pair of systems can do together, derived from what each declares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors.base import Connector, Direction, Reads, Register, Role
from connectors.fields import DIRECTIONS, FIELDS
from connectors.matrix import Row, markdown, matrix_of, to_json, why_not
from connectors.registry import systems
from tests.pairs.systems import NO_LISTS, Erp, InvoiceErp, ListShop, Shop

PAIRS = [(shop, erp) for shop in (Shop, ListShop) for erp in (Erp, InvoiceErp)]
REAL = [(shop, erp) for shop in systems(Role.SHOP) for erp in systems(Role.ERP)]


def row(register: Register, direction: Direction, shop: type[Connector] = Shop, erp: type[Connector] = Erp) -> Row:
    return next(row for row in matrix_of(shop, erp).rows if (row.register, row.direction) == (register, direction))


def cell(found: Row, key: str) -> tuple[bool, list[str], str]:
    one = next(cell for cell in found.cells if cell.field.key == key)
    return one.supported, [str(reason) for reason in one.reasons], str(one.note or "")


@pytest.mark.parametrize("pair", [*PAIRS, *REAL], ids=lambda pair: "-".join(one.manifest.key for one in pair))
def test_the_matrix_has_every_register_every_way_it_can_go_and_every_field(pair: tuple[Any, Any]) -> None:
    rows = matrix_of(*pair).rows
    assert [(one.register, one.direction) for one in rows] == [(r, d) for r in Register for d in DIRECTIONS[r]]
    assert [[cell.field for cell in one.cells] for one in rows] == [list(FIELDS[one.register]) for one in rows]
    for one in rows:
        assert one.supported == (not why_not(one.register, one.direction, *pair))


def test_a_register_that_the_pair_cannot_do_has_no_field_that_it_can() -> None:
    found = row(Register.PRICE_LISTS, Direction.TO_SHOP)
    assert [str(reason) for reason in found.reasons] == [NO_LISTS]
    assert [cell.reasons for cell in found.cells] == [found.reasons] * len(found.cells)


def test_a_field_that_one_side_lacks_says_which_and_why() -> None:
    assert cell(row(Register.PRICES, Direction.TO_SHOP), "currencies") == (
        False,
        ["It has one currency."],
        "",
    )
    assert cell(row(Register.PRICES, Direction.TO_SHOP), "regular") == (True, [], "")


class Careless(Erp):
    """Declares that it lacks what is not its to have, and what is."""

    capabilities = replace(
        Erp.capabilities, reads={Register.STATUS: Reads(lacks={"capture": "No money here.", "tracking": "No parcels here."})}
    )


def test_a_field_that_takes_the_ability_of_one_side_only_asks_that_side() -> None:
    status = row(Register.STATUS, Direction.TO_SHOP, Shop, Careless)
    assert cell(status, "capture") == (True, [], "")
    assert cell(status, "tracking") == (False, ["No parcels here."], "")


def test_variants_say_how_many_dimensions_the_target_bears() -> None:
    assert cell(row(Register.PRODUCTS, Direction.TO_ERP), "variants") == (True, [], "Variants have at most 2 dimensions.")
    assert cell(row(Register.PRODUCTS, Direction.TO_SHOP), "variants") == (True, [], "")


def test_a_side_that_declares_nothing_of_a_register_cannot_do_it() -> None:
    reasons = why_not(Register.STOCK, Direction.TO_SHOP, InvoiceErp, ListShop)
    assert [str(reason) for reason in reasons] == [
        "This cannot be read from List shop here.",
        "This cannot be written to Invoice ERP from here.",
    ]


def test_no_pair_moves_a_register_a_way_that_it_never_goes() -> None:
    assert [str(reason) for reason in why_not(Register.ORDERS, Direction.TO_SHOP, Shop, Erp)] == [
        "No system moves this register ERP → shop."
    ]


def test_the_json_is_in_the_words_of_whoever_translates_it() -> None:
    answer = to_json(matrix_of(Shop, Erp), lambda message: f"<{message}>")
    lists = next(one for one in answer["registers"] if one["register"] == "price_lists")
    assert (lists["name"], lists["supported"], lists["reasons"]) == (
        "<Price lists>",
        False,
        ["<It has a regular and a sale price only.>"],
    )
    assert {field["supported"] for field in lists["fields"]} == {False}


def test_the_page_says_why_not_and_has_a_line_for_every_field_of_what_there_is() -> None:
    lines = list(markdown(matrix_of(Shop, Erp)))
    assert f"Not supported. {NO_LISTS}" in lines
    assert "| Other currencies | no | It has one currency. |" in lines
    assert sum(line.startswith("| ") and ("| yes |" in line or "| no |" in line) for line in lines) == sum(
        len(one.cells) for one in matrix_of(Shop, Erp).rows if one.supported
    )
