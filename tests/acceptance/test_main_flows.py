"""Each main flow, from its choice in the back office to what both systems hold in the end."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from connectors.base import Register
from connectors.economic.sandbox import Simulator as Erp
from connectors.progress import Milestone
from connectors.woocommerce.sandbox import Simulator as Shop
from flows import engine
from flows.models import Flow, Item, Run
from tests.acceptance.conftest import Rig, rig_of
from tests.flows.test_admin_forms import address_of, saved

pytestmark = pytest.mark.django_db

CONFIRM = {"_form_submitted": "on"}
RULES: dict[str, dict[str, Any]] = {
    Register.STATUS: {"rule_delivered_status": "completed"},
}


@pytest.fixture
def staff(db: None) -> Client:
    client = Client(headers={"accept-language": "sv"})
    client.force_login(User.objects.create_superuser("sara"))
    return client


@pytest.fixture
def rig(db: None) -> Iterator[Rig]:
    """A shop and an ERP, each with articles of its own, and one that both have."""
    with rig_of(Shop(), Erp(token_limit=10**9)) as made:
        made.shop.add_article("BÅDA", name="Mössa i webbutiken", regular=Decimal(1), quantity=Decimal(1), vat_rate=Decimal(25))
        made.shop.add_article("BUTIK", name="Bara i webbutiken", regular=Decimal(50), vat_rate=Decimal(25))
        made.erp.add_article("BÅDA", name="Mössa i ERP", regular=Decimal(80), quantity=Decimal(12), vat_rate=Decimal(25))
        made.erp.add_article("ERP", name="Bara i ERP", regular=Decimal(40), quantity=Decimal(3), vat_rate=Decimal(25))
        yield made


def choose(staff: Client, rig: Rig, main_flow: str) -> dict[str, Flow]:
    """Choose the main flow, fill in and resume each flow that it makes: all by the pages. The flows by register."""
    page = f"/admin/flows/connection/{rig.connection.pk}/main-flow/?main_flow={main_flow}"
    assert staff.get(page).status_code == 200
    assert staff.post(page).status_code == 302
    for flow in rig.connection.flows.exclude(pk=rig.flow.pk).select_related("shop", "connection__erp"):
        given: dict[str, Any] = dict(RULES.get(flow.register, {}))
        sides = ("source", rig.simulator(flow.source)), ("target", rig.simulator(flow.target))
        for side, simulator in sides:
            given |= {f"{side}_{key}": value for key, value in simulator.flow_options(Register(flow.register)).items()}
        answer = saved(staff, address_of(flow), **given)
        assert answer.status_code == 302, answer.context["adminform"].form.errors
        staff.post(f"/admin/flows/flow/{flow.pk}/resume/", CONFIRM)
    made = {flow.register: flow for flow in rig.connection.flows.all()}
    assert {flow.state for flow in made.values()} == {Flow.State.ACTIVE}
    return made


def work(flows: dict[str, Flow], *registers: str) -> None:
    """Run these flows, as a worker does, with all waiting times over."""
    for register in registers or flows:
        rig_flow = flows[register]
        Item.objects.filter(flow=rig_flow, due_at__isnull=False).update(due_at=timezone.now())
        run = engine.run(rig_flow.pk)
        assert run is not None
        assert run.state == Run.State.DONE, str(run.error)


def names(simulator: Any) -> dict[str, str]:
    return {a.article_number: a.name for a in simulator.articles() if a.article_number in ("BÅDA", "BUTIK", "ERP")}


def shop_article(rig: Rig, number: str) -> Any:
    return next(article for article in rig.shop.articles() if article.article_number == number)


def changing_calls(simulator: Any) -> int:
    return sum(call.method not in ("GET", "HEAD") for call in simulator.history.calls())


def test_where_the_shop_leads_its_range_and_its_orders_go_to_the_erp_and_nothing_comes_back(staff: Client, rig: Rig) -> None:
    flows = choose(staff, rig, "shop")
    assert set(flows) == {Register.ORDERS, Register.PRODUCTS}
    untouched = changing_calls(rig.shop)
    source_id = rig.place()
    for _ in range(2):
        work(flows)
    assert names(rig.erp) == {"BÅDA": "Mössa i webbutiken", "BUTIK": "Bara i webbutiken", "ERP": "Bara i ERP"}
    assert rig.arrived() == [source_id]
    assert changing_calls(rig.shop) == untouched
    assert rig.erp.violations == []


def test_where_the_erp_leads_its_range_prices_and_stock_come_to_the_shop_and_orders_go_back(staff: Client, rig: Rig) -> None:
    flows = choose(staff, rig, "erp")
    assert set(flows) == {Register.ORDERS, Register.STATUS, Register.PRODUCTS, Register.PRICES, Register.STOCK}
    source_id = rig.place()
    for _ in range(3):
        work(flows)
    assert names(rig.shop) == {"BÅDA": "Mössa i ERP", "BUTIK": "Bara i webbutiken", "ERP": "Bara i ERP"}
    both, new = shop_article(rig, "BÅDA"), shop_article(rig, "ERP")
    assert (both.regular, both.quantity, new.regular, new.quantity) == (Decimal("100.00"), 12, Decimal("50.00"), 3)
    assert rig.arrived() == [source_id]
    rig.erp.advance(f"{rig.flow.shop.code}-{source_id}", Milestone.DELIVERED)
    for _ in range(2):
        work(flows, Register.STATUS)
    # From here on the ERP counts the order otherwise, so the stock of its articles is told once more.
    work(flows)
    assert {order.status for order in rig.shop.seen_orders() if order.source_id == source_id} == {"completed"}
    again = changing_calls(rig.shop), changing_calls(rig.erp)
    work(flows)
    assert (changing_calls(rig.shop), changing_calls(rig.erp)) == again
    assert (rig.erp.violations, rig.shop.violations) == ([], [])


def test_in_the_combination_the_range_goes_to_the_erp_and_prices_and_stock_come_back(staff: Client, rig: Rig) -> None:
    flows = choose(staff, rig, "combined")
    assert flows[Register.PRODUCTS].direction == Flow.Direction.TO_ERP
    source_id = rig.place()
    for _ in range(3):
        work(flows)
    assert names(rig.erp) == {"BÅDA": "Mössa i webbutiken", "BUTIK": "Bara i webbutiken", "ERP": "Bara i ERP"}
    assert names(rig.shop) == {"BÅDA": "Mössa i webbutiken", "BUTIK": "Bara i webbutiken"}
    both = shop_article(rig, "BÅDA")
    assert (both.regular, both.quantity) == (Decimal("100.00"), 12)
    assert rig.arrived() == [source_id]
    assert (rig.erp.violations, rig.shop.violations) == ([], [])


def test_a_main_flow_that_is_changed_later_pauses_what_no_longer_belongs_and_deletes_nothing(staff: Client, rig: Rig) -> None:
    before = choose(staff, rig, "erp")
    page = f"/admin/flows/connection/{rig.connection.pk}/main-flow/?main_flow=shop"
    html = staff.get(page).content.decode()
    assert html.count("pausas") >= 4
    staff.post(page)
    states = {(flow.register, flow.direction): flow.state for flow in rig.connection.flows.all()}
    assert states[Register.STOCK, "to_shop"] == Flow.State.PAUSED
    assert states[Register.PRODUCTS, "to_shop"] == Flow.State.PAUSED
    assert states[Register.PRODUCTS, "to_erp"] == Flow.State.PAUSED
    assert states[Register.ORDERS, "to_erp"] == Flow.State.ACTIVE
    assert len(states) == len(before) + 1
