"""Orders that cannot be written as they are: each stops alone, says what is wrong in words of the merchant's own world, and
arrives once when that is put right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from connectors.sandbox import Fault
from connectors.woocommerce.simulator.cart import Cart, Item
from flows import services
from flows.models import Transfer
from sharespine.lib.clock import utcnow
from tests.acceptance.conftest import ACTOR, Rig

pytestmark = pytest.mark.django_db


def article(rig: Rig, sku: str) -> Any:
    return next(article for article in rig.shop.catalogue if article.sku == sku)


def selling(rig: Rig, sku: str) -> Cart:
    return Cart(items=(Item(article(rig, sku), 2),))


@dataclass(frozen=True)
class Trouble:
    """How an order goes wrong, what is said then, and how it is put right. `by_itself` when that is a change of the order."""

    go_wrong: Callable[[Rig], str]
    code: str
    words: tuple[str, ...]
    put_right: Callable[[Rig, str], None]
    by_itself: bool = False
    flow_options: tuple[tuple[str, Any], ...] = ()


def _add_currency(rig: Rig, _: str) -> None:
    rig.erp.agreement.lists["currencies"][1].append({"code": "ISK", "name": "Isländska kronor", "isoNumber": "352"})


def _barred(rig: Rig) -> str:
    rig.erp.add_product("SHOP-001", "Ullstrumpa", barred=True)
    return rig.place(selling(rig, "SHOP-001"))


def _closed_year(rig: Rig) -> str:
    rig.erp.close_year(utcnow().year)
    return rig.place()


def _wrong_group(rig: Rig) -> str:
    rig.erp.add_product("SHOP-001", "Ullstrumpa", group=2)
    return rig.place(selling(rig, "SHOP-001"))


def _move(rig: Rig, _: str) -> None:
    rig.erp.add_product("SHOP-001", "Ullstrumpa", group=1)


def _give_number(rig: Rig, source_id: str) -> None:
    """The merchant gives the article a number. The order tells of it from now on, and does not count as modified."""
    rig.shop.orders.by_id[int(source_id)]["line_items"][0]["sku"] = "SHOP-900"


def _replace_row(rig: Rig, source_id: str) -> None:
    row = rig.shop.orders.by_id[int(source_id)]["line_items"][0]
    rig.shop.change_order(source_id, line_items=[{**row, "sku": "SHOP-901", "product_id": 901}])


def _recalculate(rig: Rig, source_id: str) -> None:
    other = rig.shop.place_order(status="pending")
    rig.shop.change_order(source_id, tax_lines=rig.shop.orders.by_id[int(other)]["tax_lines"])


def _add_articles(rig: Rig, _: str) -> None:
    for number in ("SHOP-001", "FRAKT"):
        rig.erp.add_product(number)


def _barred_customer(rig: Rig) -> str:
    rig.erp.add_customer("Åsa Öberg", number=77, email="asa@kund.example", barred=True)
    return rig.place(billing={"email": "asa@kund.example"})


TROUBLES = {
    "a currency that the ERP does not have": Trouble(
        lambda rig: rig.place(currency="ISK"), "InvalidRecord", ("ISK", "Add it there and press Retry"), _add_currency
    ),
    "an article without a number": Trouble(
        lambda rig: rig.place(selling(rig, "")),
        "InvalidRecord",
        ("Fyndlåda utan artikelnummer", "article number", "press Retry"),
        _give_number,
    ),
    "an article that was deleted in the shop": Trouble(
        lambda rig: rig.place(selling(rig, "SHOP-UTGÅTT")),
        "InvalidRecord",
        ("Utgången lampa", "deleted"),
        _replace_row,
        by_itself=True,
    ),
    "an article that was deleted in the ERP": Trouble(
        lambda rig: rig.place(selling(rig, "SHOP-001")),
        "Missing",
        ("SHOP-001", "Add it there and press Retry"),
        _add_articles,
        flow_options=(("create_products", False),),
    ),
    "a barred article": Trouble(
        _barred,
        "InvalidRecord",
        ("SHOP-001", "Unbar it there and press Retry"),
        lambda rig, _: rig.erp.bar_product("SHOP-001", barred=False),
    ),
    "a closed accounting year": Trouble(
        _closed_year, "InvalidRecord", ("period", "Open it"), lambda rig, _: rig.erp.open_year(utcnow().year)
    ),
    "an article in the wrong VAT group": Trouble(_wrong_group, "InvalidRecord", ("SHOP-001", "group 2", "12 %", "25 %"), _move),
    "a buyer without a name": Trouble(
        lambda rig: rig.place(billing={"first_name": "", "last_name": " "}, shipping={"first_name": "", "last_name": ""}),
        "InvalidRecord",
        ("no name", "Fill it in in the shop"),
        lambda rig, source_id: rig.shop.change_order(source_id, billing={"first_name": "Åsa"}),
        by_itself=True,
    ),
    "a barred customer": Trouble(
        _barred_customer,
        "InvalidRecord",
        ("77", "Åsa Öberg", "Unbar it there"),
        lambda rig, _: rig.erp.bar_customer(77, barred=False),
    ),
    "a guest who cannot be recognised": Trouble(
        lambda rig: rig.place(customer_id=0, billing={"email": ""}),
        "InvalidRecord",
        ("Åsa Öberg", "e-mail"),
        lambda rig, source_id: rig.shop.change_order(source_id, billing={"email": "asa@kund.example"}),
        by_itself=True,
    ),
    "rows that do not add up to the total": Trouble(
        lambda rig: rig.place(total="1.00"),
        "InvalidRecord",
        ("1.00", "307.00", "-306.00"),
        lambda rig, source_id: rig.shop.change_order(source_id, total="307.00"),
        by_itself=True,
    ),
    "VAT without a rate": Trouble(
        lambda rig: rig.place(tax_lines=[]),
        "InvalidRecord",
        ("Ullstrumpa", "Press Recalculate"),
        _recalculate,
        by_itself=True,
    ),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_a_bad_order_stops_alone_says_why_and_arrives_once_it_is_put_right(rig: Rig, name: str) -> None:
    trouble = TROUBLES[name]
    rig.flow.target_options |= dict(trouble.flow_options)
    rig.flow.save()
    rig.age = timedelta(hours=3)
    others = (
        [] if name in ("a closed accounting year", "an article that was deleted in the ERP") else [selling(rig, "SHOP-003")] * 2
    )
    for cart in others:
        rig.place(cart)
    bad = trouble.go_wrong(rig)
    rig.move_on()
    rig.settle()
    rig.assert_stopped(bad, trouble.code, *trouble.words)
    assert rig.arrived() == sorted(set(rig.placed) - {bad})
    # Asked once more before anything was done about it, it says the same, and nothing is left behind.
    rig.retry()
    rig.settle()
    rig.assert_stopped(bad, trouble.code, *trouble.words)
    assert len(rig.erp.documents()) == len(others)
    trouble.put_right(rig, bad)
    if not trouble.by_itself:
        rig.retry()
    rig.settle()
    assert rig.states()[bad] == "sent", rig.messages()
    assert rig.everything_arrived_once()


def test_an_order_that_was_never_read_waits_for_the_shop_and_stops_when_the_shop_no_longer_has_it(rig: Rig) -> None:
    rig.age = timedelta(hours=3)
    source_id = rig.place(tax_lines=[])
    rig.move_on()
    rig.run()
    rig.shop.faults.add(Fault("status", status=503, times=None))
    rig.retry()
    rig.run()
    assert rig.states()[source_id] == "waiting"
    rig.shop.faults.clear()
    del rig.shop.orders.by_id[int(source_id)]
    rig.let_time_pass()
    rig.settle()
    rig.assert_stopped(source_id, "Missing", "no longer has", "by hand")
    assert rig.erp.documents() == []


def test_an_order_that_the_rules_left_out_goes_when_somebody_wants_it(rig: Rig) -> None:
    rig.age = timedelta(hours=3)
    source_id = rig.place(status="on-hold")
    rig.move_on()
    rig.settle()
    assert (rig.states()[source_id], rig.arrived()) == ("skipped", [])
    services.retry(Transfer.objects.filter(source_id=source_id), actor=ACTOR, reason="paid by cheque")
    rig.settle()
    assert rig.everything_arrived_once()
