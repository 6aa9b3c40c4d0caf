"""Choosing a main flow and adding shops: what is created, what is paused, what is refused, and that nothing is deleted."""

from __future__ import annotations

import pytest
from django.utils import timezone

from billing import contracts
from billing.dates import today
from billing.models import Customer, Feature, Package, Subscription
from billing.refusals import Refused
from flows import connecting, readiness, rights, services
from flows.connecting import Effect
from flows.models import Connection, Flow, StockProfile
from tests.flows import pairs
from tests.flows.pairs import connection, shop, ways
from tests.flows.pairs import pairs as _pairs

__all__ = ["_pairs"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_pairs")]

ERP_LEADS = {
    ("orders", "to_erp"): "paused",
    ("status", "to_shop"): "paused",
    ("products", "to_shop"): "paused",
    ("prices", "to_shop"): "paused",
    ("stock", "to_shop"): "paused",
}


def effects(of: Connection, main_flow: str) -> dict[tuple[str, str], Effect]:
    change = connecting.what_would_change(of, main_flow)
    return {(str(one.register), str(one.direction)): one.effect for one in change.consequences}


def reason(of: Connection, main_flow: str, register: str) -> str:
    change = connecting.what_would_change(of, main_flow)
    return next(str(one.reason) for one in change.consequences if one.register == register)


def with_a_shop(package: str = "400", main_flow: str = "", system: str = "pair_shop") -> Connection:
    made = connection(package)
    connecting.add_shop(made, shop(made, system=system), actor="siv")
    if main_flow:
        connecting.choose_main_flow(made, main_flow, actor="siv")
        made.refresh_from_db()
    return made


# --- choosing -----------------------------------------------------------------------------------------------------------------


def test_without_a_main_flow_a_shop_gets_a_flow_of_orders() -> None:
    assert ways(with_a_shop()) == {("orders", "to_erp"): "paused"}


def test_choosing_creates_what_the_pair_can_do_and_starts_nothing() -> None:
    made = with_a_shop(main_flow="erp")
    assert made.main_flow == "erp"
    assert ways(made) == ERP_LEADS


def test_what_would_change_is_what_changes_and_asking_changes_nothing() -> None:
    made = with_a_shop()
    asked = connecting.what_would_change(made, "combined")
    assert ways(made) == {("orders", "to_erp"): "paused"}
    done = connecting.choose_main_flow(made, "combined", actor="siv")
    assert [(one.effect, one.register) for one in done.consequences] == [
        (one.effect, one.register) for one in asked.consequences
    ]


def test_choosing_it_once_more_creates_nothing_twice() -> None:
    made = with_a_shop(main_flow="erp")
    before = set(made.flows.values_list("pk", flat=True))
    connecting.choose_main_flow(made, "erp", actor="siv")
    assert set(made.flows.values_list("pk", flat=True)) == before
    assert set(effects(made, "erp").values()) == {Effect.ASLEEP, Effect.IMPOSSIBLE}


def test_another_main_flow_pauses_what_no_longer_belongs_and_deletes_nothing() -> None:
    made = with_a_shop(main_flow="erp")
    made.flows.update(state=Flow.State.ACTIVE)
    before = set(made.flows.values_list("pk", flat=True))
    assert effects(made, "shop") == {
        ("orders", "to_erp"): Effect.KEEP,
        ("products", "to_erp"): Effect.CREATE,
        ("status", "to_shop"): Effect.PAUSE,
        ("products", "to_shop"): Effect.PAUSE,
        ("prices", "to_shop"): Effect.PAUSE,
        ("stock", "to_shop"): Effect.PAUSE,
    }
    connecting.choose_main_flow(made, "shop", actor="siv")
    assert before < set(made.flows.values_list("pk", flat=True))
    assert {way for way, state in ways(made).items() if state == "active"} == {("orders", "to_erp")}
    assert effects(made, "shop")["stock", "to_shop"] is Effect.LEAVE


def test_going_back_finds_the_flows_as_they_were_left() -> None:
    made = with_a_shop(main_flow="erp")
    made.flows.filter(register="stock").update(interval_minutes=17)
    for main_flow in ("shop", "erp"):
        connecting.choose_main_flow(made, main_flow, actor="siv")
    assert made.flows.get(register="stock").interval_minutes == 17
    assert effects(made, "erp")["stock", "to_shop"] is Effect.ASLEEP


def test_the_history_says_who_chose_and_who_created() -> None:
    made = with_a_shop(main_flow="erp")
    assert made.history.latest().history_change_reason == "main flow: erp (siv)"
    assert made.flows.get(register="stock").history.latest().history_change_reason == "created (siv)"


def test_what_the_package_lacks_is_not_created_and_named_with_the_package_that_has_it() -> None:
    made = with_a_shop("100", "erp")
    assert ways(made) == {way: "paused" for way in ERP_LEADS if way[0] in ("orders", "products", "prices")}
    assert "Paket 200 has it" in reason(made, "erp", "stock")
    assert "Paket 200 has it" in reason(made, "erp", "status")


def test_price_lists_are_of_package_400() -> None:
    made = with_a_shop("200", "erp", "list_shop")
    assert effects(made, "erp")["price_lists", "to_shop"] is Effect.NOT_IN_PACKAGE
    assert "Paket 400 has it" in reason(made, "erp", "price_lists")
    upgraded(made)
    connecting.choose_main_flow(made, "erp", actor="siv")
    assert ("price_lists", "to_shop") in ways(made)


def upgraded(made: Connection) -> None:
    subscription = Subscription.objects.get(customer=made.customer)
    contracts.change_package(subscription, Package.objects.get(code="400"), today=today(timezone.now()), actor="siv")


def test_what_the_pair_cannot_do_is_told_before_what_the_package_lacks() -> None:
    made = with_a_shop("100", "erp")
    assert effects(made, "erp")["price_lists", "to_shop"] is Effect.IMPOSSIBLE
    assert reason(made, "erp", "price_lists") == "It has a regular and a sale price only."


def test_the_combination_is_refused_below_package_400_and_nothing_changes() -> None:
    made = with_a_shop("200")
    assert "Paket 400 has it" in str(connecting.what_would_change(made, "combined").refusal or rights.NONE)
    with pytest.raises(Refused, match=r"Multishop is not part of Paket 200. Paket 400 has it"):
        connecting.choose_main_flow(made, "combined", actor="siv")
    made.refresh_from_db()
    assert (made.main_flow, ways(made)) == ("", {("orders", "to_erp"): "paused"})


def test_after_a_downgrade_the_combination_may_only_move_orders() -> None:
    made = with_a_shop("400", "combined")
    term = Subscription.objects.get(customer=made.customer).term_on(today(timezone.now()))
    assert term
    type(term).objects.update(features=[feature for feature in term.features if feature != Feature.MULTISHOP])
    missing = {flow.register: str(rights.hindrance(flow, today(timezone.now()))) for flow in made.flows.all()}
    assert missing.pop("orders") == ""
    assert {message[:24] for message in missing.values()} == {"Multishop is not part of"}


def test_a_pos_warns_when_the_shop_is_to_lead() -> None:
    made = with_a_shop()
    made.has_pos = True
    assert "POS" in str(connecting.what_would_change(made, "shop").warnings[0])
    assert connecting.what_would_change(made, "erp").warnings == ()


def test_a_flow_of_one_channel_belongs_to_the_main_flow_too() -> None:
    made = with_a_shop(main_flow="erp")
    theirs = made.flows.earliest("pk").shop
    flow = Flow.objects.create(connection=made, shop=theirs, channel="Finland", state=Flow.State.ACTIVE)
    connecting.choose_main_flow(made, "shop", actor="siv")
    flow.refresh_from_db()
    assert (flow.channel, flow.state) == ("Finland", "active")


# --- shops and channels -------------------------------------------------------------------------------------------------------


def test_a_further_shop_gets_the_flows_of_the_main_flow() -> None:
    made = with_a_shop(main_flow="erp")
    second = shop(made, "Andra", "list_shop")
    created = connecting.add_shop(made, second, actor="siv")
    assert [flow.register for flow in created] == ["orders", "status", "products", "prices", "price_lists", "stock"]
    assert {flow.state for flow in created} == {"paused"}


def test_a_further_shop_needs_multishop_and_the_first_does_not() -> None:
    made = with_a_shop("200")
    with pytest.raises(Refused, match="Paket 400 has it"):
        connecting.add_shop(made, shop(made, "Andra"), actor="siv")
    assert made.flows.count() == 1


def test_a_shop_counts_as_further_whatever_register_its_flow_moves() -> None:
    made = with_a_shop("200", "erp")
    second = Flow.objects.create(connection=made, shop=shop(made, "Andra"), register="stock", direction="to_shop")
    assert Feature.MULTISHOP in rights.needed(second)
    assert not any(Feature.MULTISHOP in rights.needed(flow) for flow in made.flows.exclude(pk=second.pk))


def test_a_shop_is_added_once_only_and_never_another_customers() -> None:
    made = with_a_shop()
    first = made.flows.get().shop
    with pytest.raises(Refused, match="part of this connection already"):
        connecting.add_shop(made, first, actor="siv")
    strangers = pairs.endpoint(Customer.objects.create(name="Annan AB"), "pair_shop", "Främmande")
    for wrong in (strangers, made.erp):
        with pytest.raises(Refused, match="is no shop of this customer"):
            connecting.add_shop(made, wrong, actor="siv")


def test_without_a_subscription_no_shop_is_added() -> None:
    made = connection()
    Subscription.objects.all().delete()
    with pytest.raises(Refused, match="no subscription"):
        connecting.add_shop(made, shop(made), actor="siv")


def test_a_shop_says_itself_whether_it_has_channels() -> None:
    made = connection()
    assert connecting.no_channels(shop(made)) is None
    assert str(connecting.no_channels(shop(made, "Andra", "list_shop"))) == "It is one shop."
    assert str(connecting.no_channels(made.erp)) == "This cannot be read from Pair ERP here."


# --- resuming -----------------------------------------------------------------------------------------------------------------


def flow_of(register: str, package: str = "400", **changes: object) -> Flow:
    made = with_a_shop(package, "erp")
    flow = made.flows.get(register=register)
    for name, value in changes.items():
        setattr(flow, name, value)
    flow.save()
    return flow


@pytest.mark.parametrize("register", ["products", "prices", "stock"])
def test_a_flow_of_articles_needs_no_statuses_to_run(register: str) -> None:
    services.resume_flow(flow_of(register), actor="siv")
    assert Flow.objects.get(register=register).state == Flow.State.ACTIVE


def test_orders_still_need_statuses() -> None:
    with pytest.raises(Refused, match="which order statuses trigger transfer"):
        services.resume_flow(flow_of("orders"), actor="siv")


def test_order_status_needs_something_that_can_happen() -> None:
    flow = flow_of("status")
    with pytest.raises(Refused, match="at least one of the things that can happen"):
        services.resume_flow(flow, actor="siv")
    flow.rules = {"delivered_message": "{number} is on its way."}
    services.resume_flow(flow, actor="siv")
    assert flow.state == Flow.State.ACTIVE


@pytest.mark.parametrize(("status", "captures"), [("completed", True), ("shipped", True), ("processing", False), ("", False)])
def test_a_payment_is_captured_only_at_a_status_at_which_the_shop_does(status: str, captures: bool) -> None:
    rules = {"paid_status": "processing", "delivered_status": status, "delivered_capture": True}
    flow = flow_of("status", rules=rules)
    assert readiness.capturing(flow.shop) == ["completed", "shipped"]
    if captures:
        services.resume_flow(flow, actor="siv")
    else:
        with pytest.raises(Refused, match=r"“Delivered” is to capture the payment.*completed, shipped"):
            services.resume_flow(flow, actor="siv")


def test_the_shop_says_itself_at_which_statuses_it_captures() -> None:
    flow = flow_of("status")
    flow.shop.options = {"capturing_statuses": ["done", "packed"]}
    assert readiness.capturing(flow.shop) == ["done", "packed"]
    flow.shop.options = {"capturing_statuses": " done ,\npacked"}
    assert readiness.capturing(flow.shop) == ["done", "packed"]


def test_a_shop_that_does_not_say_captures_when_an_order_is_completed() -> None:
    made = with_a_shop(system="list_shop")
    assert readiness.capturing(made.flows.get().shop) == ["completed"]


@pytest.mark.parametrize("side", ["shop", "erp"])
def test_both_systems_must_have_answered(side: str) -> None:
    flow = flow_of("stock")
    endpoint = flow.shop if side == "shop" else flow.connection.erp
    endpoint.health = endpoint.Health.UNKNOWN
    with pytest.raises(Refused, match=f"Test {endpoint.name} first"):
        services.resume_flow(flow, actor="siv")


def test_what_the_pair_cannot_do_is_not_resumed() -> None:
    made = with_a_shop()
    flow = Flow.objects.create(connection=made, shop=made.flows.get().shop, register="price_lists", direction="to_shop")
    with pytest.raises(Refused, match="It has a regular and a sale price only"):
        services.resume_flow(flow, actor="siv")


def test_a_missing_feature_is_named_with_its_package() -> None:
    made = with_a_shop("100", "erp")
    flow = Flow.objects.create(connection=made, shop=made.flows.earliest("pk").shop, register="stock", direction="to_shop")
    with pytest.raises(Refused, match=r"Stock is not part of Paket 100. Paket 200 has it"):
        services.resume_flow(flow, actor="siv")


def test_a_stock_profile_needs_its_own_feature() -> None:
    flow = flow_of("stock")
    flow.stock_profile = StockProfile.objects.create(customer=flow.connection.customer, name="Webb")
    with pytest.raises(Refused, match="Stock profiles belongs to the Client edition"):
        services.resume_flow(flow, actor="siv")


def test_products_never_run_both_ways_at_once() -> None:
    flow = flow_of("products")
    other = Flow.objects.create(
        connection=flow.connection, shop=flow.shop, register="products", direction="to_erp", state=Flow.State.ACTIVE
    )
    with pytest.raises(Refused, match="moves the same the other way"):
        services.resume_flow(flow, actor="siv")
    services.pause_flow(other, actor="siv")
    services.resume_flow(flow, actor="siv")
