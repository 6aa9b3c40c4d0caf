"""The page of a customer: what it shows of the contract, and the verbs that change it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from billing import caps, contracts
from billing.dates import add_months, end_of_month, next_month
from billing.models import AddOn, AddOnKind, Contact, Customer, Feature, Grant, Membership, Package, Subscription
from flows.models import Flow
from tests.billing.contracted import ACTOR, contracted, day, sold
from tests.browser import seed
from tests.customers import price_list

CONFIRM = {"_form_submitted": "on"}
CUSTOMERS = "/admin/billing/customer/"


@pytest.fixture
def chief(db: None) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(seed.user())
    return client


def page(client: Client, customer_id: int) -> str:
    """The page of a customer, without the spaces between words that amounts must not break at."""
    return client.get(f"{CUSTOMERS}{customer_id}/change/").content.decode().replace("\N{NO-BREAK SPACE}", " ")


def verb(client: Client, customer_id: int, name: str, **values: Any) -> str:
    """Do a verb, and return what the page says then."""
    answer = client.post(f"{CUSTOMERS}{customer_id}/{name}/", {**CONFIRM, **values}, follow=True)
    return answer.content.decode()


def offered(client: Client, customer_id: int) -> set[str]:
    html = page(client, customer_id)
    verbs = ("start", "keep_package", "pause", "resume", "grant_feature", "grant_orders", "give_notice", "withdraw_notice")
    return {name for name in verbs if f'hx-get="{CUSTOMERS}{customer_id}/{name}/"' in html}


# --- starting -----------------------------------------------------------------------------------------------------------------


def test_a_subscription_is_started_from_the_page_of_its_customer(chief: Client) -> None:
    customer = Customer.objects.create(name="Ull AB")
    assert offered(chief, customer.pk) == {"start"}
    package = Package.objects.get(code="400")
    verb(chief, customer.pk, "start", package=package.pk, edition="cloud", begins_on=day(), start_minutes="150")
    term = Subscription.objects.get(customer=customer).terms.get()
    assert (term.monthly_price, term.installation_price, term.order_cap) == (795, 6400, 400)
    assert term.set_by == "sara"
    assert customer.service_account.balance == 150
    customer.refresh_from_db()
    assert customer.status == Customer.Status.STARTING
    html = page(chief, customer.pk)
    assert "795.00 kr" in html
    assert "2 h 30 min" in html


def test_premium_is_sold_at_what_was_agreed_and_refused_without(chief: Client) -> None:
    customer = Customer.objects.create(name="Ull AB")
    values = {"package": Package.objects.get(code="premium").pk, "edition": "client", "begins_on": day()}
    assert "sold on request" in verb(chief, customer.pk, "start", **values)
    assert not customer.subscriptions.exists()
    verb(chief, customer.pk, "start", **values, monthly_price="2 495,50", order_cap="3000", installation_price="12000")
    term = customer.subscriptions.get().terms.get()
    assert (term.monthly_price, term.order_cap) == (Decimal("2495.50"), 3000)


def test_a_second_subscription_is_refused_in_words(chief: Client) -> None:
    subscription = sold("Ull AB")
    values = {"package": Package.objects.get(code="100").pk, "edition": "cloud", "begins_on": day()}
    assert "has a subscription since" in verb(chief, subscription.customer_id, "start", **values)
    assert Subscription.objects.count() == 1


# --- what the page shows ------------------------------------------------------------------------------------------------------


def test_the_page_shows_the_month_as_a_bar_with_its_history(chief: Client) -> None:
    near = contracted().near
    html = page(chief, near.customer_id)
    assert "85 %" in html
    assert 'style="width: 85%"' in html
    assert "204 of 200" in html


def test_a_month_gone_by_is_measured_by_the_cap_it_ended_with(chief: Client) -> None:
    full = contracted().full
    month = add_months(day().replace(day=1), -1)
    full.customer.order_months.create(month=month, used=120)
    assert "120 of 150" in page(chief, full.customer_id)


def test_what_comes_what_was_granted_and_what_was_added_is_seen(chief: Client) -> None:
    plain = contracted().plain
    html = page(chief, plain.customer_id)
    assert f"from {next_month(day())}: 295.00 kr, 100 orders" in html
    assert "Prövar före köp" in html
    assert "Butik två" in html
    assert f"/admin/billing/addon/{AddOn.objects.get(label='Butik två').pk}/end/" in html
    assert f"/admin/billing/addon/{AddOn.objects.get(label='Butik tre').pk}/end/" not in html


def test_who_may_not_see_contracts_learns_nothing_of_them(db: None) -> None:
    subscription = contracted().plain
    user = User.objects.create_user("kim", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_customer"))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    html = page(client, subscription.customer_id)
    assert "795.00" not in html
    assert "Prövar före köp" not in html
    assert client.get(f"{CUSTOMERS}follow-up/").status_code == 403
    assert client.get("/admin/billing/package/").status_code == 403


def test_who_may_only_look_changes_nothing(db: None) -> None:
    subscription = contracted().near
    user = User.objects.create_user("kim", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    assert offered(client, subscription.customer_id) == set()
    assert client.post(f"{CUSTOMERS}{subscription.customer_id}/pause/", {**CONFIRM, "reason": "x"}).status_code == 403
    assert client.get(f"{CUSTOMERS}{subscription.customer_id}/package/").status_code == 403
    assert client.post("/admin/billing/package/?edition=cloud", {}).status_code == 403
    assert not subscription.pauses.exists()


# --- verbs --------------------------------------------------------------------------------------------------------------------


def test_a_pause_is_noted_and_ended(chief: Client) -> None:
    subscription = sold("Ull AB")
    customer = subscription.customer_id
    verb(chief, customer, "pause", begins_on=day() - timedelta(days=3), reason="Semester", charged="on")
    pause = subscription.pauses.get()
    assert (pause.until, pause.charged, pause.reason, pause.set_by) == (None, True, "Semester", "sara")
    assert "resume" in offered(chief, customer)
    assert "pause" not in offered(chief, customer)
    verb(chief, customer, "resume", on=day())
    pause.refresh_from_db()
    assert pause.until == day() - timedelta(days=1)


def test_a_pause_needs_a_reason(chief: Client) -> None:
    subscription = sold("Ull AB")
    verb(chief, subscription.customer_id, "pause", begins_on=day(), reason=" ")
    assert not subscription.pauses.exists()


def test_notice_is_given_and_withdrawn(chief: Client) -> None:
    subscription = sold("Ull AB", months=12)
    customer = subscription.customer_id
    dialog = chief.get(f"{CUSTOMERS}{customer}/give_notice/").content.decode()
    assert f"the last day is {add_months(day(), 1)}" in dialog
    verb(chief, customer, "give_notice", on=day())
    subscription.refresh_from_db()
    assert subscription.ends_on == add_months(day(), 1)
    assert "withdraw_notice" in offered(chief, customer)
    verb(chief, customer, "withdraw_notice")
    subscription.refresh_from_db()
    assert subscription.ends_on is None


def test_a_granted_feature_is_one_that_the_package_has_not(chief: Client) -> None:
    subscription = sold("Ull AB", "100")
    customer = subscription.customer_id
    dialog = chief.get(f"{CUSTOMERS}{customer}/grant_feature/").content.decode()
    assert 'value="field_mapping"' in dialog
    assert 'value="orders"' not in dialog
    verb(chief, customer, "grant_feature", feature="field_mapping", begins_on=day(), reason="Prövar")
    grant = Grant.objects.get()
    assert (grant.feature, grant.expires_on, grant.reason, grant.set_by) == (Feature.FIELD_MAPPING, None, "Prövar", "sara")
    chief.post(f"/admin/billing/grant/{grant.pk}/end/", {**CONFIRM, "on": day()})
    grant.refresh_from_db()
    assert grant.expires_on == day()


def test_granted_orders_count_at_once(chief: Client) -> None:
    subscription = sold("Ull AB", "100")
    customer = subscription.customer_id
    verb(chief, customer, "grant_orders", number="50", begins_on=day(), expires_on=end_of_month(day()), reason="Kampanj")
    assert caps.cap(customer, day()) == 150


def test_an_add_on_is_sold_at_the_price_of_the_list_and_ended(chief: Client) -> None:
    subscription = sold("Ull AB", "400")
    verb(chief, subscription.customer_id, "sell_add_on", kind="shop", label="Butik två", begins_on=day())
    add_on = AddOn.objects.get()
    assert (add_on.monthly_price, add_on.ends_on) == (295, None)
    chief.post(f"/admin/billing/addon/{add_on.pk}/end/", {**CONFIRM, "on": end_of_month(day())})
    add_on.refresh_from_db()
    assert add_on.ends_on == end_of_month(day())


def test_an_add_on_that_the_package_has_not_is_refused_with_the_package_that_has_it(chief: Client) -> None:
    subscription = sold("Ull AB", "100")
    said = verb(chief, subscription.customer_id, "sell_add_on", kind="shop", label="Butik två", begins_on=day())
    assert "Paket 400 has it" in said
    assert not AddOn.objects.exists()


# --- changing the package -----------------------------------------------------------------------------------------------------


def changing(customer_id: int, package: str = "") -> str:
    return f"{CUSTOMERS}{customer_id}/package/" + (f"?package={package}" if package else "")


def test_every_package_tells_what_it_would_do(chief: Client) -> None:
    subscription = sold("Ull AB")
    html = chief.get(changing(subscription.customer_id)).content.decode()
    assert f"from {next_month(day())}" in html
    assert "at once" in html
    assert "sold on request" in html
    assert "has Paket 200 already" in html


def test_an_upgrade_holds_at_once(chief: Client) -> None:
    subscription = sold("Ull AB")
    chief.post(changing(subscription.customer_id, "400"), {"confirm": "1"})
    term = subscription.term_on(day())
    assert term
    assert (term.package.code, term.monthly_price, term.order_cap) == ("400", 795, 400)


def test_a_preview_changes_nothing(chief: Client) -> None:
    subscription = sold("Ull AB")
    html = chief.post(
        changing(subscription.customer_id, "premium"), {"preview": "1", "monthly_price": "1999,5", "order_cap": "9"}
    )
    assert "1 999.50" in html.content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert subscription.terms.count() == 1
    chief.get(changing(subscription.customer_id, "400"))
    assert subscription.terms.count() == 1


def test_a_downgrade_comes_with_the_next_month_and_can_be_taken_back(chief: Client) -> None:
    subscription = sold("Ull AB")
    customer = subscription.customer_id
    chief.post(changing(customer, "100"), {"confirm": "1"})
    now, then = subscription.term_on(day()), subscription.term_on(next_month(day()))
    assert now
    assert then
    assert (now.package.code, then.package.code) == ("200", "100")
    assert "keep_package" in offered(chief, customer)
    verb(chief, customer, "keep_package")
    assert subscription.terms.count() == 1
    assert "No change of the package is to come" in verb(chief, customer, "keep_package")


def two_shops(subscription: Subscription) -> tuple[Flow, Flow]:
    """A connection with two shops: the second flow needs multishop."""
    first = seed.flow(subscription.customer)
    shop = seed.endpoint(subscription.customer, "woocommerce", "Butik två")
    second = Flow.objects.create(
        connection=first.connection, shop=shop, state=Flow.State.ACTIVE, trigger_statuses=["processing"]
    )
    return first, second


def test_a_downgrade_names_the_flows_that_will_stop(chief: Client) -> None:
    subscription = sold("Ull AB", "400")
    first, second = two_shops(subscription)
    html = chief.get(changing(subscription.customer_id, "200")).content.decode()
    assert "1 flow stops" in html
    assert f"/admin/flows/flow/{second.pk}/change/" in html
    assert f"/admin/flows/flow/{first.pk}/change/" not in html


def test_a_flow_whose_feature_is_granted_does_not_stop(chief: Client) -> None:
    subscription = sold("Ull AB", "400")
    two_shops(subscription)
    contracts.grant_feature(subscription, Feature.MULTISHOP, begins_on=day(), reason="Kulans", actor=ACTOR)
    assert "flow stops" not in chief.get(changing(subscription.customer_id, "200")).content.decode()


def test_a_package_of_nobody_is_not_found(chief: Client) -> None:
    customer = Customer.objects.create(name="Ull AB")
    assert chief.get(changing(customer.pk)).status_code == 404
    assert chief.get(changing(customer.pk + 1)).status_code == 404


# --- the customer itself ------------------------------------------------------------------------------------------------------


def save(client: Client, customer: Customer, **values: Any) -> int:
    forms = {
        f"{people}-{count}_FORMS": "0"
        for people in ("contacts", "memberships", "invitations", "changes")
        for count in ("TOTAL", "INITIAL")
    }
    answer = client.post(f"{CUSTOMERS}{customer.pk}/change/", {"name": customer.name, "language": "sv", **forms, **values})
    return answer.status_code


def test_what_is_left_empty_is_as_with_most_customers(chief: Client) -> None:
    chief.post(f"{CUSTOMERS}add/", {"name": "Ull AB", "language": "sv", "country": "", "time_zone": "", "vat_number": ""})
    customer = Customer.objects.get(name="Ull AB")
    assert (customer.country, customer.time_zone, customer.status) == ("SE", "Europe/Stockholm", "prospect")


@pytest.mark.parametrize(
    ("column", "value"), [("vat_number", "SE556036079302"), ("country", "Sverige"), ("time_zone", "Europe/Uppsala")]
)
def test_nonsense_is_refused(chief: Client, column: str, value: str) -> None:
    customer = Customer.objects.create(name="Ull AB")
    assert save(chief, customer, **{column: value}) == 200
    customer.refresh_from_db()
    assert getattr(customer, column) != value


def test_a_status_that_comes_by_itself_cannot_be_set_by_hand(chief: Client) -> None:
    customer = sold("Ull AB").customer
    assert save(chief, customer, status="ended") == 200
    assert save(chief, customer, status="active") == 302
    customer.refresh_from_db()
    assert customer.status == Customer.Status.ACTIVE


def test_contacts_are_kept_on_the_page(chief: Client) -> None:
    customer = Customer.objects.create(name="Ull AB")
    contact = {"contacts-TOTAL_FORMS": "1", "contacts-0-name": "Anna", "contacts-0-email": "anna@example.se"}
    assert save(chief, customer, **contact, **{"contacts-0-gets_notices": "on"}) == 302
    assert Contact.objects.get(customer=customer).gets_notices


def test_a_user_is_let_in_by_name_or_e_mail(chief: Client) -> None:
    customer = Customer.objects.create(name="Ull AB")
    anna = User.objects.create_user("anna", "anna@example.se")
    assert save(chief, customer, **{"memberships-TOTAL_FORMS": "1", "memberships-0-login": "Anna@example.se"}) == 302
    assert Membership.objects.get().user == anna
    assert 'value="anna"' in page(chief, customer.pk)
    assert save(chief, customer, **{"memberships-TOTAL_FORMS": "1", "memberships-0-login": "nobody"}) == 200
    assert save(chief, customer, **{"memberships-TOTAL_FORMS": "1", "memberships-0-login": "anna"}) == 200
    assert Membership.objects.count() == 1


def test_who_may_log_in_is_kept_when_the_page_is_saved_and_can_be_put_out(chief: Client) -> None:
    customer = Customer.objects.create(name="Ull AB")
    there = Membership.objects.create(customer=customer, user=User.objects.create_user("anna"))
    rows = {"memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "1", "memberships-0-id": there.pk}
    rows["memberships-0-customer"] = customer.pk
    assert save(chief, customer, **rows, phone="070") == 302
    assert Membership.objects.get().user.username == "anna"
    assert save(chief, customer, **rows, **{"memberships-0-DELETE": "on"}) == 302
    assert not Membership.objects.exists()


def test_a_customer_that_bought_something_cannot_be_deleted(chief: Client) -> None:
    customer = sold("Ull AB").customer
    assert chief.post(f"{CUSTOMERS}{customer.pk}/delete/", {"post": "yes"}).status_code == 403
    prospect = Customer.objects.create(name="Bara frågade AB")
    chief.post(f"{CUSTOMERS}{prospect.pk}/delete/", {"post": "yes"})
    assert not Customer.objects.filter(pk=prospect.pk).exists()


def test_the_list_shows_package_and_use(chief: Client) -> None:
    contracted()
    html = chief.get(CUSTOMERS).content.decode()
    assert "170 of 200" in html
    assert chief.get(f"{CUSTOMERS}?status__exact=leaving").context["cl"].result_count == 1


# --- history ------------------------------------------------------------------------------------------------------------------


def test_a_subscription_tells_what_was_done_to_it(chief: Client) -> None:
    plain = contracted().plain
    html = chief.get(f"/admin/billing/subscription/{plain.pk}/change/").content.decode()
    assert f"package 100 from {next_month(day())} · sara" in html
    assert "subscription started · sara" in html


def test_what_was_sold_cannot_be_edited(chief: Client) -> None:
    kinds = contracted()
    for address in (
        f"subscription/{kinds.plain.pk}",
        f"grant/{Grant.objects.all()[0].pk}",
        f"addon/{AddOn.objects.all()[0].pk}",
    ):
        assert 'name="_save"' not in chief.get(f"/admin/billing/{address}/change/").content.decode()
        assert chief.post(f"/admin/billing/{address}/delete/", {"post": "yes"}).status_code == 403


def test_a_price_list_is_there_to_sell_from(db: None) -> None:
    price_list()
    subscription = sold("Ull AB", "400")
    made = contracts.add(subscription, AddOnKind.SHOP, "Två", begins_on=date(2030, 1, 1), actor=ACTOR)
    assert made.monthly_price == 295
