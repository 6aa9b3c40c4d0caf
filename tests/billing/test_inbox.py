"""The inbox of sales: what came in, what it asks for, and what staff make of it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from billing import contracts, pricelist, requests, sign_ups
from billing.contracts import Agreed
from billing.dates import add_months, next_month
from billing.models import (
    AddOnPrice,
    Customer,
    Edition,
    Feature,
    Grant,
    Offer,
    Package,
    PackageRequest,
    Quote,
    SignUp,
    Subscription,
)
from billing.refusals import Refused
from flows import pruning
from sharespine import menu
from tests.billing.contracted import ACTOR, day, sold
from tests.billing.inbox import quoted, signed_up
from tests.browser import seed

pytestmark = pytest.mark.django_db
CONFIRM = {"_form_submitted": "on"}
SIGN_UPS, REQUESTS, QUOTES = (f"/admin/billing/{name}/" for name in ("signup", "packagerequest", "quote"))
State = SignUp.State


@pytest.fixture
def chief() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(seed.user())
    return client


def member(*permissions: str) -> Client:
    user = User.objects.create_user("kim", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def page(client: Client, address: str) -> str:
    """A page, without the spaces between words that amounts must not break at."""
    return client.get(address).content.decode().replace("\N{NO-BREAK SPACE}", " ")


def verb(client: Client, list_page: str, row: Any, name: str, **values: Any) -> str:
    answer = client.post(f"{list_page}{row.pk}/{name}/", {**CONFIRM, **values}, follow=True)
    return answer.content.decode()


def listed(client: Client, view: str) -> set[str]:
    return {row.company for row in client.get(SIGN_UPS, {"view": view}).context["cl"].result_list}


def offered(client: Client, row: SignUp) -> set[str]:
    html = page(client, f"{SIGN_UPS}{row.pk}/change/")
    return {name for name in ("take", "start", "decline") if f"{SIGN_UPS}{row.pk}/{name}/" in html}


# --- what is seen -------------------------------------------------------------------------------------------------------------


def test_the_list_has_a_view_for_each_thing_one_looks_for(chief: Client) -> None:
    quote = quoted()
    for state in State:
        signed_up(state.value, state=state, quote=quote, number="")
    assert listed(chief, "new") == {"new"}
    assert listed(chief, "taken") == {"taken"}
    assert listed(chief, "done") == {"started", "declined"}
    assert listed(chief, "unconfirmed") == {"unconfirmed"}
    assert listed(chief, "") == {"new", "taken", "started", "declined"}
    # Paket 400 with an extra shop.
    assert "1 090.00 kr" in page(chief, SIGN_UPS)


def test_the_page_shows_the_subscription_that_is_asked_for(chief: Client) -> None:
    sign_up = signed_up()
    html = page(chief, f"{SIGN_UPS}{sign_up.pk}/change/")
    for said in (
        "Paket 400",
        "Extra shop: WooCommerce 2",
        "With the main flow “#1 The shop leads” it goes nowhere.",
        "Scheduling belongs to the Client edition",
        "StartUp or larger",
        "A POS is used with the ERP",
        "Hedvig &lt;b&gt;Hatt&lt;/b&gt;",
        sign_up.quote.number,
    ):
        assert said in html, said


def test_a_package_that_is_too_small_is_told_by_what_it_lacks(chief: Client) -> None:
    sign_up = signed_up(package="100")
    html = page(chief, f"{SIGN_UPS}{sign_up.pk}/change/")
    assert "Multishop is not part of Paket 100." in html
    assert "Paket 100 holds 100 orders a month, 350 are wanted." in html


def test_a_customer_that_has_the_same_number_already_is_pointed_out(chief: Client) -> None:
    other = Customer.objects.create(name="Gamla Hattar AB", organisation_number="556036-0793")
    sign_up = signed_up()
    html = page(chief, f"{SIGN_UPS}{sign_up.pk}/change/")
    assert f"/admin/billing/customer/{other.pk}/change/" in html
    assert "Gamla Hattar AB" in html


def test_what_is_new_is_counted_in_the_menu_also_before_there_is_any_flow(chief: Client, rf: Any) -> None:
    signed_up()
    signed_up("Två AB", state=State.TAKEN, number="")
    requests.ask(Customer.objects.create(name="Ull AB"), None, "Mer", "ulla")
    request = rf.get("/admin/")
    request.user = User.objects.get(username="sara")
    badges = {str(item["title"]): item.get("badge") for group in menu.items(request) for item in group["items"]}
    assert (badges["Sign-ups"], badges["Package requests"], badges["Quotes"]) == ("1", "1", None)


def test_lists_ask_a_fixed_number_of_questions(chief: Client, django_assert_max_num_queries: Any) -> None:
    customer = Customer.objects.create(name="Ull AB")
    for index in range(12):
        signed_up(f"Hattar {index}", number="")
        requests.answer(requests.ask(customer, None, "Mer", "ulla"), "Ja", ACTOR)
    for address in (SIGN_UPS, REQUESTS, QUOTES):
        with django_assert_max_num_queries(9):
            assert chief.get(address).status_code == 200


def test_a_quote_is_looked_at_and_changed_by_nobody(chief: Client) -> None:
    quote = signed_up().quote
    html = page(chief, f"{QUOTES}{quote.pk}/change/")
    for said in ("Every package", "recommended", "1 090.00 kr", "Paket 100 holds 100 orders a month", "Hedvigs Hattar AB"):
        assert said in html, said
    assert 'name="_save"' not in html
    for address in (f"{QUOTES}add/", f"{QUOTES}{quote.pk}/delete/", f"{SIGN_UPS}add/", f"{REQUESTS}add/"):
        assert chief.get(address).status_code == 403


# --- taking, starting, declining ----------------------------------------------------------------------------------------------


def test_only_what_makes_sense_is_offered(chief: Client) -> None:
    quote = quoted()
    found = {state: offered(chief, signed_up(state.value, state=state, quote=quote, number="")) for state in State}
    assert found == {
        State.UNCONFIRMED: set(),
        State.NEW: {"take", "start", "decline"},
        State.TAKEN: {"start", "decline"},
        State.STARTED: set(),
        State.DECLINED: set(),
    }


def test_somebody_takes_it_and_the_next_one_is_told(chief: Client) -> None:
    sign_up = signed_up()
    assert "The sign-up is yours." in verb(chief, SIGN_UPS, sign_up, "take")
    sign_up.refresh_from_db()
    assert (sign_up.state, sign_up.handled_by) == (State.TAKEN, "sara")
    with pytest.raises(Refused, match="handled by sara"):
        sign_ups.take(sign_up, actor="kim")


def test_it_is_declined_with_a_note(chief: Client) -> None:
    sign_up = signed_up()
    verb(chief, SIGN_UPS, sign_up, "decline", note=" ")
    sign_up.refresh_from_db()
    assert sign_up.state == State.NEW
    verb(chief, SIGN_UPS, sign_up, "decline", note="Ångrade sig")
    sign_up.refresh_from_db()
    assert (sign_up.state, sign_up.note) == (State.DECLINED, "Ångrade sig")


def test_it_is_started_at_the_prices_of_the_quote_whatever_they_are_now(chief: Client) -> None:
    sign_up = signed_up()
    now = day()
    dearer = [
        pricelist.Wanted(offer.package, offer.monthly_price * 2, Decimal(1), 10, features=frozenset({Feature.ORDERS}))
        for offer in Offer.on(now, Edition.CLOUD)
        if offer.monthly_price is not None
    ]
    begins = next_month(now)
    pricelist.publish(Edition.CLOUD, dearer, valid_from=begins, today=now, actor=ACTOR)
    AddOnPrice.objects.create(kind="shop", valid_from=begins, monthly_price=999)
    html = verb(chief, SIGN_UPS, sign_up, "start", begins_on=begins, start_minutes="150")
    assert "The subscription is started." in html
    subscription = Subscription.objects.get()
    term = subscription.terms.get()
    assert (term.monthly_price, term.installation_price, term.order_cap) == (795, 6400, 400)
    assert (subscription.edition, subscription.begins_on) == ("cloud", begins)
    add_on = subscription.add_ons.get()
    assert (add_on.kind, add_on.label, add_on.monthly_price) == ("shop", "WooCommerce 2", 295)
    sign_up.refresh_from_db()
    assert (sign_up.state, sign_up.customer.status if sign_up.customer else "") == (State.STARTED, Customer.Status.STARTING)
    assert subscription.customer.service_account.balance == 150
    # What the package held when it was quoted, and holds no more, is granted: all that the wishes take.
    granted = {grant.feature: grant.reason for grant in Grant.objects.all()}
    assert set(granted) == {Feature.CUSTOMERS, Feature.PRODUCTS, Feature.MULTISHOP}
    assert set(granted.values()) == {f"Held by quote {sign_up.quote.number}"}


def test_what_was_agreed_on_the_phone_goes_before_the_quote(chief: Client) -> None:
    sign_up = signed_up(state=State.TAKEN)
    verb(chief, SIGN_UPS, sign_up, "start", begins_on=day(), monthly_price="700,50", order_cap="500")
    term = Subscription.objects.get().terms.get()
    assert (term.monthly_price, term.installation_price, term.order_cap) == (Decimal("700.50"), 6400, 500)


def test_one_on_request_is_started_at_what_was_agreed_and_not_without(chief: Client) -> None:
    sign_up = signed_up(package="premium")
    assert "This field is required" in verb(chief, SIGN_UPS, sign_up, "start", begins_on=day())
    with pytest.raises(Refused, match="sold on request"):
        sign_ups.start(sign_up, begins_on=day(), actor=ACTOR)
    assert not Subscription.objects.exists()
    verb(
        chief, SIGN_UPS, sign_up, "start", begins_on=day(), monthly_price="2500", order_cap="5000", installation_price="12 000"
    )
    subscription = Subscription.objects.get()
    assert subscription.terms.get().monthly_price == 2500
    assert subscription.add_ons.get().monthly_price == 295


def test_an_add_on_that_the_chosen_package_cannot_have_is_not_sold() -> None:
    subscription = sign_ups.start(signed_up(package="100"), begins_on=day(), actor=ACTOR)
    assert not subscription.add_ons.exists()
    assert subscription.terms.get().order_cap == 100


def test_nothing_is_started_twice_nor_half(chief: Client) -> None:
    sign_up = signed_up()
    assert sign_up.customer
    contracts.start(sign_up.customer, Package.objects.get(code="100"), "cloud", begins_on=day(), actor=ACTOR)
    assert "has a subscription since" in verb(chief, SIGN_UPS, sign_up, "start", begins_on=day())
    sign_up.refresh_from_db()
    assert sign_up.state == State.NEW
    too_early = date(2024, 1, 1)
    with pytest.raises(Refused):
        sign_ups.start(signed_up("Två AB", number=""), begins_on=too_early, actor=ACTOR)
    assert Subscription.objects.count() == 1


def test_a_sign_up_whose_customer_is_gone_cannot_be_started() -> None:
    sign_up = signed_up()
    assert sign_up.customer
    sign_up.customer.delete()
    with pytest.raises(Refused, match="has been removed"):
        sign_ups.start(sign_up, begins_on=day(), actor=ACTOR)


@pytest.mark.parametrize(
    ("permissions", "may"),
    [
        (("view_signup",), set()),
        (("view_signup", "change_signup"), {"take", "decline"}),
        (("view_signup", "change_signup", "change_subscription"), {"take", "start", "decline"}),
    ],
)
def test_who_may_do_what(permissions: tuple[str, ...], may: set[str]) -> None:
    client, sign_up = member(*permissions), signed_up()
    assert offered(client, sign_up) == may
    for name in {"take", "start", "decline"} - may:
        values = {**CONFIRM, "begins_on": day(), "note": "x"}
        assert client.post(f"{SIGN_UPS}{sign_up.pk}/{name}/", values).status_code == 403
    sign_up.refresh_from_db()
    assert sign_up.state == State.NEW


# --- requests for another package ---------------------------------------------------------------------------------------------


@pytest.fixture
def asked() -> PackageRequest:
    customer = sold("Bodils Blommor").customer
    return requests.ask(customer, Package.objects.get(code="400"), " Vi öppnar en butik till. ", "bodil@blommor.example")


def test_a_customer_asks_for_one_thing_at_a_time(asked: PackageRequest) -> None:
    assert (asked.state, asked.text, asked.asked_by) == ("new", "Vi öppnar en butik till.", "bodil@blommor.example")
    with pytest.raises(Refused, match="open already"):
        requests.ask(asked.customer, None, "Och en till", "bodil@blommor.example")
    requests.decline(asked, "Det går inte.", ACTOR)
    assert requests.ask(asked.customer, None, "Och en till", "bodil@blommor.example").state == "new"


def test_nothing_cannot_be_asked_for() -> None:
    with pytest.raises(Refused, match="Choose a package"):
        requests.ask(Customer.objects.create(name="Ull AB"), None, "  ", "ulla")


def test_a_request_is_answered_once_in_words_that_the_customer_reads(chief: Client, asked: PackageRequest) -> None:
    verb(chief, REQUESTS, asked, "answer", text=" ")
    asked.refresh_from_db()
    assert asked.state == "new"
    assert "The request is answered." in verb(chief, REQUESTS, asked, "answer", text="Klart från måndag.")
    asked.refresh_from_db()
    assert (asked.state, asked.answer, asked.handled_by) == ("done", "Klart från måndag.", "sara")
    with pytest.raises(Refused, match="sara has answered"):
        requests.decline(asked, "Nej.", "kim")
    assert f"{REQUESTS}{asked.pk}/answer/" not in page(chief, f"{REQUESTS}{asked.pk}/change/")


def test_its_page_leads_to_what_a_change_would_do(chief: Client, asked: PackageRequest) -> None:
    html = page(chief, f"{REQUESTS}{asked.pk}/change/")
    assert f"/admin/billing/customer/{asked.customer_id}/package/?package=400" in html
    assert "Vi öppnar en butik till." in html


def test_who_may_only_look_answers_nothing(asked: PackageRequest) -> None:
    client = member("view_packagerequest")
    assert "answer/" not in page(client, f"{REQUESTS}{asked.pk}/change/")
    assert client.post(f"{REQUESTS}{asked.pk}/answer/", {**CONFIRM, "text": "Ja"}).status_code == 403


# --- keeping the database small -----------------------------------------------------------------------------------------------


def test_what_led_to_nothing_is_pruned_and_the_rest_stays() -> None:
    kept, lost = signed_up(), signed_up("Okänd AB", state=State.UNCONFIRMED, number="")
    lonely, young = quoted(), quoted()
    long_ago = timezone.now() - timedelta(days=366)
    Quote.objects.exclude(pk=young.pk).update(created_at=long_ago)
    SignUp.objects.update(created_at=long_ago)
    removed = pruning.prune_all()
    assert (removed["sign-ups nobody confirmed"], removed["quotes that led to nothing"]) == (1, 2)
    assert list(SignUp.objects.all()) == [kept]
    assert set(Quote.objects.all()) == {kept.quote, young}
    assert not Quote.objects.filter(pk__in=[lonely.pk, lost.quote_id]).exists()


def test_prices_of_the_quote_hold_after_its_last_day_for_who_signed_up_before() -> None:
    sign_up = signed_up()
    Quote.objects.update(valid_until=day() - timedelta(days=1))
    subscription = sign_ups.start(sign_up, begins_on=add_months(day(), 1), actor=ACTOR, agreed=Agreed())
    assert subscription.terms.get().monthly_price == 795
