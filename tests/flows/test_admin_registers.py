"""The back office for all registers: main flows, the form that fits each register, items, stock profiles and the matrix."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from billing.models import Subscription
from billing.refusals import Refused
from connectors.base import Register
from flows import connecting, services
from flows.admin.flow_forms import SCHEDULE
from flows.models import Connection, Flow, Item, Run, StockProfile
from flows.rulebook import RULES, told
from sharespine import menu, startpage
from sharespine.lib.text import Text
from tests.flows.pairs import connection, shop, ways
from tests.flows.pairs import pairs as _pairs
from tests.flows.test_admin_forms import address_of, form, saved
from tests.flows.test_admin_pages import member

__all__ = ["_pairs"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_pairs")]

CONFIRM = {"_form_submitted": "on"}
ITEMS = "/admin/flows/item/"
PROFILES = "/admin/flows/stockprofile/"


@pytest.fixture
def chief() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(User.objects.create_superuser("sara"))
    return client


@pytest.fixture
def made() -> Connection:
    """A connection that the ERP leads, with one shop, of a customer that has everything of the Client edition."""
    made = connection("800", edition="client")
    connecting.add_shop(made, shop(made), actor="siv")
    connecting.choose_main_flow(made, "erp", actor="siv")
    made.refresh_from_db()
    return made


def flow_of(made: Connection, register: str) -> Flow:
    return made.flows.get(register=register)


def item(flow: Flow, number: str, state: str = Item.State.DONE, **columns: Any) -> Item:
    values = {"source_id": number, "key": number.lower(), "number": number, "state": state, "seen_at": timezone.now()}
    values["payload"] = {"article_number": number}
    return Item.objects.create(flow=flow, **{**values, **columns})


def text(client: Client, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200, address
    return page.content.decode()


# --- main flows ---------------------------------------------------------------------------------------------------------------


def main_flow(made: Connection, chosen: str = "") -> str:
    return f"/admin/flows/connection/{made.pk}/main-flow/" + (f"?main_flow={chosen}" if chosen else "")


def test_the_page_of_a_connection_shows_what_its_main_flow_lacks_and_why(chief: Client, made: Connection) -> None:
    html = text(chief, address_of(made))
    assert "Main flow #2 The ERP leads" in html
    assert "It has a regular and a sale price only." in html
    for flow in made.flows.all():
        assert address_of(flow) in html


def test_a_main_flow_is_shown_before_it_is_chosen(chief: Client, made: Connection) -> None:
    made.flows.filter(register="stock").update(state=Flow.State.ACTIVE)
    html = text(chief, main_flow(made, "shop"))
    assert "is paused" in html
    assert "is created, paused" in html
    assert ways(made)["stock", "to_shop"] == "active"
    answer = chief.post(main_flow(made, "shop"))
    assert answer.headers["Location"] == address_of(made)
    assert ways(made)["stock", "to_shop"] == "paused"
    assert ways(made)["products", "to_erp"] == "paused"


def test_what_the_package_has_not_is_refused_on_the_page_and_when_it_is_sent_all_the_same(chief: Client) -> None:
    made = connection("200")
    connecting.add_shop(made, shop(made), actor="siv")
    assert "Paket 400 has it" in text(chief, main_flow(made))
    html = text(chief, main_flow(made, "combined"))
    assert "Paket 400 has it" in html
    assert 'type="submit" class="bo-button is-main"' not in html
    chief.post(main_flow(made, "combined"))
    made.refresh_from_db()
    assert made.main_flow == ""


def test_a_pos_warns_where_the_shop_would_lead(chief: Client, made: Connection) -> None:
    saved(chief, address_of(made), has_pos="on", modules=[])
    assert "A POS is used with the ERP: what is sold" in text(chief, main_flow(made, "shop"))
    assert "A POS is used with the ERP: what is sold" not in text(chief, main_flow(made, "erp"))
    chief.post(main_flow(made, "shop"))
    assert "A POS is used with the ERP: what is sold" in text(chief, address_of(made))


def test_who_may_not_change_connections_chooses_no_main_flow(made: Connection) -> None:
    looker = member("view_connection", "view_flow")
    assert looker.get(address_of(made)).status_code == 200
    for ask in (looker.get, looker.post):
        assert ask(main_flow(made, "shop")).status_code == 403
    made.refresh_from_db()
    assert made.main_flow == "erp"


def test_a_connection_that_is_not_there_has_no_main_flow_to_choose(chief: Client) -> None:
    assert chief.get("/admin/flows/connection/999/main-flow/").status_code == 404


def test_a_shop_is_added_from_a_list_of_those_that_are_not_there_yet(chief: Client, made: Connection) -> None:
    second = shop(made, "Andra", "list_shop")
    address = f"/admin/flows/connection/{made.pk}/add_shop/"
    offered = chief.get(address).context["form"].fields["shop"].queryset
    assert list(offered) == [second]
    chief.post(address, {**CONFIRM, "shop": second.pk})
    assert set(Flow.objects.filter(shop=second).values_list("register", flat=True)) == {
        "orders", "status", "products", "prices", "price_lists", "stock",
    }  # fmt: skip


# --- a new flow ---------------------------------------------------------------------------------------------------------------


def added(client: Client, made: Connection, of: Any, way: str, **more: str) -> Any:
    return client.post("/admin/flows/flow/add/", {"connection": made.pk, "shop": of.pk, "way": way, **more})


def offered_ways(client: Client, made: Connection) -> dict[str, list[str]]:
    field = client.get("/admin/flows/flow/add/", {"connection": made.pk}).context["adminform"].form.fields["way"]
    return {heading: [value for value, _label in group] for heading, group in field.choices}


def test_only_what_the_erp_can_do_with_some_shop_is_offered_the_main_flow_first(chief: Client, made: Connection) -> None:
    offered = offered_ways(chief, made)
    assert offered == {
        "Of the main flow": [
            "orders:to_erp", "status:to_shop", "products:to_shop", "prices:to_shop", "price_lists:to_shop", "stock:to_shop",
        ],
        "Beside the main flow": ["products:to_erp"],
    }  # fmt: skip


def test_a_flow_is_added_for_a_register_and_then_configured(chief: Client, made: Connection) -> None:
    second = shop(made, "Andra")
    answer = added(chief, made, second, "stock:to_shop")
    flow = Flow.objects.get(shop=second)
    assert answer.headers["Location"] == address_of(flow)
    assert (flow.register, flow.direction, flow.state) == ("stock", "to_shop", "paused")


def test_a_flow_that_is_there_already_is_not_added_again(chief: Client, made: Connection) -> None:
    answer = added(chief, made, flow_of(made, "stock").shop, "stock:to_shop")
    assert "already has a flow for this register" in answer.content.decode()
    assert made.flows.filter(register="stock").count() == 1


def test_a_flow_that_the_pair_cannot_do_is_refused_with_the_reason(chief: Client, made: Connection) -> None:
    answer = added(chief, made, flow_of(made, "stock").shop, "price_lists:to_shop")
    assert answer.status_code == 200
    assert not made.flows.filter(register="price_lists").exists()


def test_a_flow_that_the_package_lacks_is_refused_with_the_package_that_has_it(chief: Client) -> None:
    made = connection("100")
    answer = added(chief, made, shop(made), "stock:to_shop")
    assert "Stock is not part of Paket 100. Paket 200 has it." in answer.content.decode()
    assert not Flow.objects.exists()


def test_a_channel_of_a_shop_gets_a_flow_of_orders_of_its_own(chief: Client, made: Connection) -> None:
    theirs = flow_of(made, "orders").shop
    added(chief, made, theirs, "orders:to_erp", channel="Finland")
    flow = made.flows.get(channel="Finland")
    assert flow.register == "orders"
    assert "Finland" in text(chief, address_of(flow))


@pytest.mark.parametrize(("way", "why"), [("stock:to_shop", "Only orders"), ("orders:to_erp", "It is one shop")])
def test_a_channel_where_there_is_none_is_refused(chief: Client, made: Connection, way: str, why: str) -> None:
    second = shop(made, "Andra", "list_shop" if way.startswith("orders") else "pair_shop")
    assert why in added(chief, made, second, way, channel="Finland").content.decode()
    assert not Flow.objects.filter(shop=second).exists()


# --- the form of each register ------------------------------------------------------------------------------------------------


def fields(client: Client, flow: Flow) -> set[str]:
    return set(client.get(address_of(flow)).context["adminform"].form.fields)


def test_orders_are_asked_about_as_ever(chief: Client, made: Connection) -> None:
    found = fields(chief, flow_of(made, "orders"))
    assert found == {"trigger_statuses", "start_from", *SCHEDULE, "source_fees", "target_layout"}


def test_stock_is_asked_about_its_rules_its_profile_and_what_each_side_can_be_told(chief: Client, made: Connection) -> None:
    flow = flow_of(made, "stock")
    rules = {f"rule_{option.key}" for option in RULES[Register.STOCK]}
    assert "rule_backorders" in rules
    assert fields(chief, flow) == {*SCHEDULE, "stock_profile", "source_stock_field", "target_stock_mode"} | rules


def test_what_a_side_lacks_is_not_asked_about(chief: Client, made: Connection) -> None:
    products, status = (fields(chief, flow_of(made, register)) for register in ("products", "status"))
    assert "rule_field_name" in products
    assert "rule_field_unit" not in products
    assert "rule_delivered_status" in status
    assert "rule_partly_delivered_status" not in status
    assert "trigger_statuses" not in products | status


def test_what_is_chosen_for_stock_is_kept(chief: Client, made: Connection) -> None:
    profile = StockProfile.objects.create(customer=made.customer, name="Webb", warehouses=["Lund"])
    flow = flow_of(made, "stock")
    saved(chief, address_of(flow), rule_backorders="notify", source_stock_field="in_stock", stock_profile=profile.pk)
    flow.refresh_from_db()
    assert flow.rules == told(Register.STOCK, {"backorders": "notify"})
    assert flow.source_options == {"stock_field": "in_stock"}
    assert flow.target_options == {"stock_mode": "each"}
    assert flow.stock_profile == profile


def test_only_profiles_of_the_customer_are_offered(chief: Client, made: Connection) -> None:
    theirs = StockProfile.objects.create(customer=made.customer, name="Webb")
    StockProfile.objects.create(customer=connection().customer, name="Främmande")
    field = chief.get(address_of(flow_of(made, "stock"))).context["adminform"].form.fields["stock_profile"]
    assert list(field.queryset) == [theirs]


def test_a_profile_is_not_chosen_without_the_feature(chief: Client, made: Connection) -> None:
    profile = StockProfile.objects.create(customer=made.customer, name="Webb")
    Subscription.objects.update(edition="cloud")
    term = Subscription.objects.get().terms.get()
    type(term).objects.update(features=[feature for feature in term.features if feature != "stock_profiles"])
    flow = flow_of(made, "stock")
    answer = chief.post(address_of(flow), {**form(chief, address_of(flow)), "stock_profile": profile.pk})
    assert "Stock profiles belongs to the Client edition" in answer.content.decode()
    flow.refresh_from_db()
    assert flow.stock_profile is None


def test_a_profile_with_warehouses_is_refused_where_the_erp_tells_of_none(chief: Client) -> None:
    made = connection("800", edition="client", erp="invoice_erp")
    connecting.add_shop(made, shop(made), actor="siv")
    connecting.choose_main_flow(made, "erp", actor="siv")
    plain = StockProfile.objects.create(customer=made.customer, name="Allt")
    some = StockProfile.objects.create(customer=made.customer, name="Lund", warehouses=["Lund"])
    flow = flow_of(made, "stock")
    answer = chief.post(address_of(flow), {**form(chief, address_of(flow)), "stock_profile": some.pk})
    assert "names warehouses. It has one stock." in answer.content.decode()
    saved(chief, address_of(flow), stock_profile=plain.pk)
    answer = chief.post(address_of(plain), {**form(chief, address_of(plain)), "warehouses": "Malmö"})
    assert "names warehouses. It has one stock." in answer.content.decode()
    plain.refresh_from_db()
    assert plain.warehouses == []
    Flow.objects.update(stock_profile=some)
    with pytest.raises(Refused, match="names warehouses"):
        services.resume_flow(Flow.objects.get(pk=flow.pk), actor="siv")


def test_a_payment_is_captured_at_a_status_at_which_the_shop_captures(chief: Client, made: Connection) -> None:
    flow = flow_of(made, "status")
    wrong = {"rule_delivered_status": "processing", "rule_delivered_capture": "on"}
    answer = chief.post(address_of(flow), {**form(chief, address_of(flow)), **wrong})
    errors = answer.context["adminform"].form.errors
    assert errors == {"rule_delivered_capture": ["The shop captures at completed, shipped: choose one as the status above."]}
    saved(chief, address_of(flow), rule_delivered_status="shipped", rule_delivered_capture="on")
    flow.refresh_from_db()
    assert (flow.rules or {})["delivered_status"] == "shipped"


def test_the_pages_speak_of_orders_only_where_there_are_orders(chief: Client, made: Connection) -> None:
    for register in ("products", "prices", "stock"):
        flow = flow_of(made, register)
        html = text(chief, address_of(flow))
        assert "The orders of this flow" not in html
        assert "Which orders" not in html
        for verb in ("start", "sweep", "pause", "resume", "dry_run"):
            answer = chief.get(f"/admin/flows/flow/{flow.pk}/{verb}/")
            assert "order" not in re.sub("<[^>]+>", "", answer.content.decode()).lower()


def due(flow: Flow) -> bool:
    return all(Item.objects.filter(flow=flow).values_list("due_at", flat=True))


def test_other_rules_for_articles_make_all_of_them_due(chief: Client, made: Connection) -> None:
    flow = flow_of(made, "products")
    item(flow, "A-1")
    saved(chief, address_of(flow), interval_minutes=9)
    assert not due(flow)
    saved(chief, address_of(flow), rule_mode="create")
    assert due(flow)


def test_other_rules_for_order_status_say_nothing_again_of_what_was_said(chief: Client, made: Connection) -> None:
    flow = flow_of(made, "status")
    item(flow, "B-1")
    saved(chief, address_of(flow), rule_delivered_status="shipped")
    assert Item.objects.get().due_at is None


# --- stock profiles -----------------------------------------------------------------------------------------------------------


def profile_form(made: Connection, **changes: Any) -> dict[str, Any]:
    values = {"customer": made.customer.pk, "name": "Webb", "warehouses": "Lund\r\n Malmö \r\n\r\nLund", "reserve": "2,5"}
    return {**values, "most": "", "rounding": "down", **changes}


def test_a_profile_takes_warehouses_one_a_line_and_numbers_as_people_write_them(chief: Client, made: Connection) -> None:
    chief.post(f"{PROFILES}add/", profile_form(made))
    profile = StockProfile.objects.get()
    assert (profile.warehouses, str(profile.reserve), profile.most) == (["Lund", "Malmö"], "2.50", None)
    html = text(chief, address_of(profile))
    assert "Lund\nMalmö" in html
    assert 'value="2.5"' in html


@pytest.mark.parametrize("field", ["reserve", "most"])
def test_less_than_nothing_is_neither_kept_back_nor_shown(chief: Client, made: Connection, field: str) -> None:
    answer = chief.post(f"{PROFILES}add/", profile_form(made, **{field: "-1"}))
    assert list(answer.context["adminform"].form.errors) == [field]


def test_a_profile_is_refused_with_the_package_that_has_it(chief: Client) -> None:
    made = connection("200", edition="client")
    answer = chief.post(f"{PROFILES}add/", profile_form(made))
    assert "Stock profiles is not part of Paket 200. Paket 400 has it." in answer.content.decode()
    assert not StockProfile.objects.exists()


def test_another_profile_makes_the_stock_of_its_flows_due_and_no_other(chief: Client, made: Connection) -> None:
    profile = StockProfile.objects.create(customer=made.customer, name="Webb")
    stock, products = flow_of(made, "stock"), flow_of(made, "products")
    Flow.objects.filter(pk=stock.pk).update(stock_profile=profile)
    item(stock, "A-1")
    item(products, "A-1")
    saved(chief, address_of(profile))
    assert not due(stock)
    saved(chief, address_of(profile), reserve="3")
    assert due(stock)
    assert not due(products)


def test_a_profile_that_a_flow_offers_by_is_not_deleted(chief: Client, made: Connection) -> None:
    profile = StockProfile.objects.create(customer=made.customer, name="Webb")
    Flow.objects.filter(register="stock").update(stock_profile=profile)
    address = f"{PROFILES}{profile.pk}/delete/"
    assert chief.post(address, {"post": "yes"}).status_code == 403
    Flow.objects.update(stock_profile=None)
    assert chief.post(address, {"post": "yes"}).status_code == 302
    assert not StockProfile.objects.exists()


# --- items --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def items(made: Connection) -> dict[str, Item]:
    stock, products = flow_of(made, "stock"), flow_of(made, "products")
    barred = Text("Article %(sku)s is barred.", {"sku": "A-2"})
    return {
        "done": item(stock, "A-1", written="12 st", written_at=timezone.now()),
        "stopped": item(stock, "A-2", Item.State.STOPPED, message=barred, acts="merchant", attempts=3, error_code="X"),
        "skipped": item(products, "A-20", Item.State.SKIPPED),
        "retrying": item(products, "B-1", Item.State.RETRYING, due_at=timezone.now()),
        "waiting": item(products, "B-2", Item.State.WAITING),
    }


@pytest.mark.parametrize(
    ("register", "written", "shown"),
    [
        ("prices", "1080.00 SEK (960.50)", "1\xa0080,00\xa0kr (960,50\xa0kr)"),
        ("prices", "80.00 EUR", "80,00\xa0EUR"),
        ("stock", "-3.5", "-3,5"),
        ("prices", "79.995 SEK", "79,995\xa0kr"),
        ("products", "1984", "1984"),
        ("products", "500 SEK", "500 SEK"),
        ("products", "", ""),
    ],
)
def test_what_was_last_written_reads_as_people_write_it(made: Connection, register: str, written: str, shown: str) -> None:
    with override("sv"):
        assert item(flow_of(made, register), "A-1", written=written).written_as_read == shown


def listed(client: Client, query: str = "") -> set[str]:
    return {one.number for one in client.get(f"{ITEMS}?{query}").context["cl"].result_list}


def test_items_are_narrowed_by_register_flow_customer_and_state(
    chief: Client, made: Connection, items: dict[str, Item]
) -> None:
    assert listed(chief) == {"A-1", "A-2", "A-20", "B-1", "B-2"}
    assert listed(chief, "register=stock") == {"A-1", "A-2"}
    assert listed(chief, f"flow__id__exact={flow_of(made, 'products').pk}") == {"A-20", "B-1", "B-2"}
    assert listed(chief, f"flow__connection__customer__id__exact={made.customer.pk}&state__exact=stopped") == {"A-2"}
    assert listed(chief, f"flow__connection__customer__id__exact={connection().customer.pk}") == set()


@pytest.mark.parametrize(
    ("term", "found"), [("a-2", {"A-2"}), ("A-", {"A-1", "A-2", "A-20"}), ("-2", set()), ("b", {"B-1", "B-2"})]
)
def test_an_item_is_found_by_its_number_or_the_beginning_of_it(
    chief: Client, items: dict[str, Item], term: str, found: set[str]
) -> None:
    assert listed(chief, f"q={term}") == found


@pytest.mark.parametrize("state", ["done", "stopped", "skipped", "retrying", "waiting"])
def test_only_what_is_neither_done_nor_waiting_is_tried_again(chief: Client, items: dict[str, Item], state: str) -> None:
    one = items[state]
    before = Item.objects.filter(pk=one.pk).values().get()
    chief.post(f"{ITEMS}{one.pk}/retry/", CONFIRM)
    one.refresh_from_db()
    if state in ("done", "waiting"):
        assert Item.objects.filter(pk=one.pk).values().get() == before
        return
    assert (one.state, one.acts, one.attempts, one.error_code) == ("waiting", "nobody", 0, "")
    assert one.due_at is not None
    assert str(one.message) == "Tried again by sara."


@pytest.mark.parametrize("code", ["Duplicate", "Unusable", "Gone"])
def test_what_only_the_source_can_put_right_is_not_tried_again(chief: Client, items: dict[str, Item], code: str) -> None:
    one = items["stopped"]
    Item.objects.filter(pk=one.pk).update(error_code=code)
    html = text(chief, address_of(one))
    assert "Put it right in Bokföringen. It then goes by itself." in html
    assert "/retry/" not in html
    chief.post(f"{ITEMS}{one.pk}/retry/", CONFIRM)
    one.refresh_from_db()
    assert one.state == "stopped"


def test_many_are_tried_again_at_once_and_those_that_cannot_are_left_alone(chief: Client, items: dict[str, Item]) -> None:
    chosen = {"action": "retry_selected", "_selected_action": [one.pk for one in items.values()]}
    answer = chief.post(ITEMS, chosen, follow=True)
    assert "3 are tried again with the next run." in answer.content.decode()
    assert set(Item.objects.values_list("number", "state")) == {
        ("A-1", "done"), ("A-2", "waiting"), ("A-20", "waiting"), ("B-1", "waiting"), ("B-2", "waiting"),
    }  # fmt: skip


def test_the_page_of_an_item_says_what_happened_and_who_acts(chief: Client, items: dict[str, Item]) -> None:
    html = text(chief, address_of(items["stopped"]))
    assert "Article A-2 is barred." in html
    assert "The merchant puts it right" in html
    assert "12 st" in text(chief, address_of(items["done"]))


def test_who_may_look_at_items_tries_nothing_again(items: dict[str, Item]) -> None:
    looker = member("view_item")
    assert "/retry/" not in text(looker, address_of(items["stopped"]))
    assert looker.post(f"{ITEMS}{items['stopped'].pk}/retry/", CONFIRM).status_code == 403
    looker.post(ITEMS, {"action": "retry_selected", "_selected_action": [items["stopped"].pk]})
    items["stopped"].refresh_from_db()
    assert items["stopped"].state == "stopped"


def test_the_page_of_a_flow_counts_its_items_by_state_and_links_to_them(
    chief: Client, made: Connection, items: dict[str, Item]
) -> None:
    flow = flow_of(made, "products")
    html = text(chief, address_of(flow))
    assert f"{ITEMS}?flow__id__exact={flow.pk}&amp;state__exact=skipped" in html
    page = chief.get(address_of(flow))
    assert {state: n for state, _label, n in page.context["item_counts"]} == {
        "waiting": 1, "done": 0, "retrying": 1, "skipped": 1, "stopped": 0,
    }  # fmt: skip


def test_stopped_items_show_on_the_start_page_and_in_the_menu(chief: Client, items: dict[str, Item]) -> None:
    html = text(chief, "/admin/")
    assert re.search(rf'{re.escape(ITEMS)}\?state__exact=stopped">\s*<b>1</b> article or status is stopped', html)
    assert badge(chief) == "1"
    assert not startpage.of_today()["all_is_well"]
    Item.objects.filter(state="stopped").update(state="done")
    assert startpage.of_today()["all_is_well"]
    assert "is stopped" not in text(chief, "/admin/")
    assert badge(chief) == ""
    Item.objects.update(state="stopped")
    assert menu_of(member("view_customer")) == {}


def badge(client: Client) -> str:
    """What stands beside the items in the menu."""
    return str(menu_of(client)[ITEMS].get("badge", ""))


def menu_of(client: Client) -> dict[str, dict[str, Any]]:
    """The entries of the menu that somebody sees who may see items, by their addresses; none else."""
    request = client.get("/admin/").wsgi_request
    entries = [entry for group in menu.items(request) for entry in group["items"]]
    return {entry["link"]: entry for entry in entries if entry["link"] == ITEMS and entry["permission"](request)}


def test_ctrl_k_finds_an_article_in_each_of_its_flows_for_those_who_may_see_it(
    chief: Client, made: Connection, items: dict[str, Item]
) -> None:
    item(flow_of(made, "prices"), "A-1", Item.State.STOPPED)

    def found(client: Client) -> list[str]:
        results = client.get("/admin/search/", {"s": "a-1", "extended": "1"}).context["results"]
        return sorted(result.title for result in results)

    assert found(chief) == ["A-1 · Ull AB · stopped", "A-1 · Ull AB · up to date"]
    assert found(member("view_transfer")) == []


def test_items_are_exported_with_what_happened(chief: Client, items: dict[str, Item]) -> None:
    answer = chief.post(f"{ITEMS}export/", {"format": "1", **{f"itemresource_{name}": "on" for name in ("number", "message")}})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]  # it streams
    assert len(lines) == 1 + len(items)
    assert any("A-2" in line and "Article A-2 is barred." in line for line in lines)


def test_a_page_of_the_list_takes_as_many_questions_however_many_items_it_shows(
    chief: Client, items: dict[str, Item], django_assert_max_num_queries: Any
) -> None:
    flow = items["done"].flow
    Item.objects.bulk_create([Item(flow=flow, source_id=f"x{n}", number=f"X-{n}", seen_at=timezone.now()) for n in range(40)])
    with django_assert_max_num_queries(12):
        chief.get(ITEMS)


# --- runs and the matrix ------------------------------------------------------------------------------------------------------


def test_a_run_of_articles_says_what_was_written_and_which_register(chief: Client, made: Connection) -> None:
    run = Run.objects.create(
        flow=flow_of(made, "stock"), started_at=timezone.now(), lease_until=timezone.now(), seen=40, written=7
    )
    listed_runs = text(chief, "/admin/flows/run/")
    assert "Stock: Bokföringen → Butiken" in listed_runs
    html = text(chief, f"/admin/flows/run/{run.pk}/change/")
    assert "40 seen, 7 written, 0 stopped" in html
    assert "40 seen, 7 written, 0 stopped" in text(chief, f"/admin/flows/run/{run.pk}/progress/")
    assert f"{ITEMS}?flow__id__exact={run.flow_id}" in html


def test_a_dry_run_of_articles_says_what_would_be_written_field_by_field(chief: Client, made: Connection) -> None:
    report = [
        {
            "number": "A-1",
            "source_id": "1",
            "name": "Mössa",
            "fields": ["ean", "name"],
            "outcome": "would be created",
            "text": {},
        },
        {"number": "A-2", "source_id": "2", "name": "", "fields": [], "outcome": "is so already"},
    ]
    run = Run.objects.create(
        flow=flow_of(made, "products"), kind=Run.Kind.DRY, state=Run.State.DONE, report=report,
        started_at=timezone.now(), ended_at=timezone.now(), lease_until=timezone.now(),
    )  # fmt: skip
    html = text(chief, f"/admin/flows/run/{run.pk}/change/")
    assert "Article number" in html
    assert "EAN, Name" in html
    assert "Total incl. VAT" not in html
    assert "would be created" in html


def test_the_matrix_shows_the_pair_that_is_chosen_with_its_reasons(chief: Client, made: Connection) -> None:
    html = text(chief, "/admin/flows/connection/registers/?shop=pair_shop&erp=pair_erp")
    assert "It has one currency." in html
    assert "Variants have at most 2 dimensions." in html
    first = text(chief, "/admin/flows/connection/registers/?shop=nonsense")
    assert '<option value="woocommerce" selected>' in first
    assert member("view_connection").get("/admin/flows/connection/registers/").status_code == 200


def test_who_may_not_see_connections_sees_no_matrix() -> None:
    assert member("view_flow").get("/admin/flows/connection/registers/").status_code == 403


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_page_of_theirs_opens_in_both_languages(chief: Client, made: Connection, items: Any, language: str) -> None:
    profile = StockProfile.objects.create(customer=made.customer, name="Webb")
    addresses = [
        address_of(made),
        *(address_of(flow) for flow in made.flows.all()),
        *(address_of(one) for one in items.values()),
        *(main_flow(made, chosen) for chosen in ("", "shop", "erp", "combined")),
        address_of(profile),
        f"{PROFILES}add/",
        PROFILES,
        ITEMS,
        "/admin/flows/connection/registers/",
    ]
    assert [a for a in addresses if chief.get(a, headers={"accept-language": language}).status_code != 200] == []


def test_the_groups_of_support_work_with_items_and_the_lead_with_profiles(made: Connection, items: dict[str, Item]) -> None:
    from django.apps import apps
    from django.contrib.auth.models import Group

    from flows import groups

    groups.make(apps, "default")

    def may(name: str) -> set[str]:
        found = Permission.objects.filter(group=Group.objects.get(name=name), content_type__model__in=["item", "stockprofile"])
        return set(found.values_list("codename", flat=True))

    assert may("Support") == {"view_item", "change_item", "view_stockprofile"}
    assert may("Supportansvarig") == {
        "view_item", "change_item", "view_stockprofile", "add_stockprofile", "change_stockprofile",
    }  # fmt: skip
