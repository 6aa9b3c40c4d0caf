"""Every package × edition × feature at the three gates: what is configured, what is run, and what the API says."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone, translation
from pytest_django.fixtures import Settings

from billing import contracts, gates
from billing.dates import today
from billing.models import Customer, Feature, Package, Subscription
from billing.refusals import Refused
from connectors import registry
from flows import engine, services
from flows.models import Connection, Endpoint, Flow, Run, StockProfile
from sharespine.lib.said import said
from tests.twins.world import EPOCH, WORLDS, World

pytestmark = pytest.mark.django_db

PACKAGES = ("100", "200", "400", "800", "premium")
#: The published matrix, written out by hand. ✓ the package has it; 200, 400, 800, Premium: it has not, and this one has it;
#: "grant": no package of the edition has it, staff can grant it.
MATRIX = """
                       cloud:                                  client:
                       100     200     400     800     premium 100     200     400     800     premium
orders                 ✓       ✓       ✓       ✓       ✓       ✓       ✓       ✓       ✓       ✓
customers              ✓       ✓       ✓       ✓       ✓       ✓       ✓       ✓       ✓       ✓
products               ✓       ✓       ✓       ✓       ✓       ✓       ✓       ✓       ✓       ✓
order_status           200     ✓       ✓       ✓       ✓       200     ✓       ✓       ✓       ✓
stock                  200     ✓       ✓       ✓       ✓       200     ✓       ✓       ✓       ✓
stock_profiles         grant   grant   grant   grant   grant   400     400     ✓       ✓       ✓
price_lists            400     400     ✓       ✓       ✓       400     400     ✓       ✓       ✓
scheduling             grant   grant   grant   grant   grant   200     ✓       ✓       ✓       ✓
field_mapping          grant   grant   grant   grant   grant   800     800     800     ✓       ✓
plugins                800     800     800     ✓       ✓       800     800     800     ✓       ✓
reconciliation         grant   grant   grant   grant   grant   ✓       ✓       ✓       ✓       ✓
multishop              400     400     ✓       ✓       ✓       400     400     ✓       ✓       ✓
key_account_manager    Premium Premium Premium Premium ✓       Premium Premium Premium Premium ✓
"""
#: What a refusal must say, for each mark of the table.
SAID = {
    "200": "Paket 200 has it",
    "400": "Paket 400 has it",
    "800": "Paket 800 has it",
    "Premium": "Premium has it",
    "grant": "The helpdesk can grant it",
}
ON_OFFER = contracts.Agreed(monthly_price=Decimal(2500), installation_price=Decimal(0), order_cap=2000)


def column(edition: str, package: str) -> dict[str, str]:
    """Feature → its mark, for one package of an edition."""
    place = PACKAGES.index(package) + (len(PACKAGES) if edition == "client" else 0)
    rows = [line.split() for line in MATRIX.strip().splitlines()[2:]]
    return {feature: marks[place] for feature, *marks in rows}


@dataclass
class Shops:
    """A customer with two shops to one ERP: the flow of the second needs multishop, too. And one that moves every register."""

    customer: Customer
    subscription: Subscription
    flows: dict[str, Flow]

    def flow_for(self, feature: str) -> Flow | None:
        """The flow that shows whether `feature` is there; None for those that no flow needs."""
        return self.flows.get(feature)


@pytest.fixture(autouse=True)
def _twins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(registry.SYSTEMS, "twin_shop", "tests.twins.shop")
    monkeypatch.setitem(registry.SYSTEMS, "twin_erp", "tests.twins.erp")
    monkeypatch.setitem(registry.SYSTEMS, "list_shop", "tests.pairs.list_shop")
    monkeypatch.setitem(registry.SYSTEMS, "pair_erp", "tests.pairs.erp")
    WORLDS["matrix"] = World()
    with translation.override("en"):
        yield
    WORLDS.clear()


@pytest.fixture
def staff() -> Client:
    return logged_in(is_staff=True, sees_customers=True)


def logged_in(*, is_staff: bool, sees_customers: bool) -> Client:
    user = User.objects.create_user("siv", is_staff=is_staff)
    if sees_customers:
        user.user_permissions.add(Permission.objects.get(codename="view_customer"))
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def with_two_shops(package: str, edition: str) -> Shops:
    customer = Customer.objects.create(name="Ull AB")
    subscription = contracts.start(
        customer,
        Package.objects.get(code=package),
        edition,
        begins_on=date(2026, 1, 1),
        actor="siv",
        agreed=ON_OFFER if package == "premium" else contracts.LISTED,
    )
    working = {"customer": customer, "options": {"address": "matrix"}, "health": Endpoint.Health.WORKING}
    erp = Endpoint.objects.create(system="twin_erp", name="ERP", **working)
    connection = Connection.objects.create(customer=customer, name="Ull", erp=erp, state=Connection.State.ACTIVE)
    made = []
    for name in ("First", "Second"):
        shop = Endpoint.objects.create(system="twin_shop", name=name, **working)
        made.append(
            Flow.objects.create(
                connection=connection,
                shop=shop,
                state=Flow.State.PAUSED,
                trigger_statuses=["processing"],
                look_up_before=EPOCH,
            )
        )
    first, second = made
    flows = {"orders": first, "customers": first, "multishop": second, **moving_every_register(customer)}
    return Shops(customer, subscription, flows)


def moving_every_register(customer: Customer) -> dict[str, Flow]:
    """Feature → the flow that needs it, and nothing else that is sold apart from it."""
    profile = StockProfile.objects.create(customer=customer, name="Webb")
    wanted: dict[str, dict[str, Any]] = {
        "products": {"register": "products"},
        "order_status": {"register": "status", "rules": {"delivered_status": "completed"}},
        "stock": {"register": "stock"},
        "price_lists": {"register": "price_lists"},
        "stock_profiles": {"register": "stock", "stock_profile": profile},
    }
    flows = {}
    for feature, columns in wanted.items():
        working = {"customer": customer, "health": Endpoint.Health.WORKING}
        erp = Endpoint.objects.create(system="pair_erp", name=f"ERP of {feature}", **working)
        shop = Endpoint.objects.create(system="list_shop", name=f"Shop of {feature}", **working)
        connection = Connection.objects.create(customer=customer, name=feature, erp=erp, state=Connection.State.ACTIVE)
        flows[feature] = Flow.objects.create(
            connection=connection, shop=shop, direction=Flow.Direction.TO_SHOP, state=Flow.State.PAUSED, **columns
        )
    return flows


# --- the gates: each answers "" where it lets pass, else what it says ---------------------------------------------------------


def configured(shops: Shops, feature: str) -> str:
    """Resuming a flow; of a feature that no flow needs, what configuring it will ask."""
    try:
        if flow := shops.flow_for(feature):
            services.resume_flow(flow, actor="siv")
        else:
            gates.demand(shops.customer.pk, [feature], today(timezone.now()))
    except Refused as refusal:
        return said(refusal.text)
    return ""


def run(shops: Shops, feature: str) -> str:
    """A run of a flow, set up by force; of a feature that no flow needs, what a run will ask."""
    if flow := shops.flow_for(feature):
        Flow.objects.filter(pk=flow.pk).update(state=Flow.State.ACTIVE)
        before = Run.objects.filter(flow=flow).count()
        ran = engine.run(flow.pk)
        flow.refresh_from_db()
        assert (ran is None) == bool(flow.hindrance.message) == (Run.objects.filter(flow=flow).count() == before)
        return said(flow.hindrance)
    day = today(timezone.now())
    if gates.has(shops.customer.pk, [feature], day):
        return ""
    return said(gates.rights(shops.customer.pk, day).of(feature).reason)


def offered(staff: Client, shops: Shops) -> dict[str, str]:
    """What the API says of each feature."""
    answer = staff.get(f"/api/v1/customers/{shops.customer.pk}/features/").json()
    told = {row["feature"]: row for row in answer["features"]}
    assert all(row["allowed"] == (not row["reason"]) for row in told.values())
    assert all(not row["package"] or row["package"] in row["reason"] for row in told.values())
    return {feature: row["reason"] for feature, row in told.items()}


def test_the_table_has_every_feature_and_every_package() -> None:
    assert set(column("cloud", "100")) == set(Feature.values)
    assert list(Package.objects.values_list("code", flat=True)) == list(PACKAGES)


@pytest.mark.parametrize("edition", ["cloud", "client"])
@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_has_what_the_price_list_says_at_all_three_gates(package: str, edition: str, staff: Client) -> None:
    shops = with_two_shops(package, edition)
    api = offered(staff, shops)
    wrong = []
    for feature, mark in column(edition, package).items():
        answers = {"configured": configured(shops, feature), "run": run(shops, feature), "api": api[feature]}
        for gate, answer in answers.items():
            right = answer == "" if mark == "✓" else SAID[mark] in answer and str(Feature(feature).label) in answer
            if not right:
                wrong.append((feature, gate, mark, answer))
    assert wrong == []


@pytest.mark.parametrize("gate", [configured, run])
@pytest.mark.parametrize("feature", ["orders", "multishop", "stock", "stock_profiles", "price_lists", "field_mapping"])
def test_nothing_passes_without_a_subscription_or_while_it_is_paused(feature: str, gate: Callable[[Shops, str], str]) -> None:
    shops = with_two_shops("premium", "client")
    assert gate(shops, feature) == ""
    contracts.pause(shops.subscription, begins_on=date(2026, 2, 1), actor="siv", reason="Rebuilding")
    assert "paused" in gate(shops, feature)
    shops.subscription.pauses.all().delete()
    Subscription.objects.update(ends_on=date(2026, 2, 1))
    assert "no subscription" in gate(shops, feature)


def test_a_grant_opens_all_three_gates_until_its_last_day(staff: Client) -> None:
    shops = with_two_shops("100", "cloud")
    last = today(timezone.now())
    grant = contracts.grant_feature(
        shops.subscription, "multishop", begins_on=last, expires_on=last, reason="Trial", actor="siv"
    )
    assert (configured(shops, "multishop"), run(shops, "multishop"), offered(staff, shops)["multishop"]) == ("", "", "")
    row = next(
        row
        for row in staff.get(f"/api/v1/customers/{shops.customer.pk}/features/").json()["features"]
        if row["feature"] == "multishop"
    )
    assert (row["allowed"], row["granted"]) == (True, True)
    type(grant).objects.update(begins_on=date(2026, 1, 1), expires_on=date(2026, 1, 2))
    for answer in (configured(shops, "multishop"), run(shops, "multishop"), offered(staff, shops)["multishop"]):
        assert "Paket 400 has it" in answer


def test_a_flow_that_got_its_feature_back_forgets_what_stopped_it() -> None:
    shops = with_two_shops("200", "cloud")
    assert "Paket 400" in run(shops, "multishop")
    contracts.change_package(shops.subscription, Package.objects.get(code="400"), today=today(timezone.now()), actor="siv")
    assert run(shops, "multishop") == ""


# --- who may ask the API ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("is_staff", "sees_customers"), [(True, False), (False, True), (False, False)])
def test_the_api_tells_only_staff_who_may_see_customers(is_staff: bool, sees_customers: bool) -> None:
    shops = with_two_shops("100", "cloud")
    client = logged_in(is_staff=is_staff, sees_customers=sees_customers)
    assert client.get(f"/api/v1/customers/{shops.customer.pk}/features/").status_code == 403
    assert Client().get(f"/api/v1/customers/{shops.customer.pk}/features/").status_code == 403


def test_a_name_and_a_password_do_not_do_for_a_log_in(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    shops = with_two_shops("100", "cloud")
    user = User.objects.create_superuser("robot", password="korv med bröd 17")
    # It would be a way past the second factor.
    basic = base64.b64encode(f"{user}:korv med bröd 17".encode()).decode()
    asked = Client().get(f"/api/v1/customers/{shops.customer.pk}/features/", headers={"authorization": f"Basic {basic}"})
    assert asked.status_code == 403


def test_the_api_speaks_the_language_it_is_asked_in(staff: Client) -> None:
    shops = with_two_shops("100", "cloud")
    answer = staff.get(f"/api/v1/customers/{shops.customer.pk}/features/", headers={"accept-language": "sv"}).json()
    named = {row["feature"]: row["name"] for row in answer["features"]}
    with translation.override("sv"):
        assert named == {feature: str(feature.label) for feature in Feature}
    assert (answer["package"], answer["edition"]) == ("Paket 100", "cloud")


def test_a_customer_that_is_not_there_is_not_found(staff: Client) -> None:
    assert staff.get("/api/v1/customers/0/features/").status_code == 404


def test_the_features_are_in_the_schema() -> None:
    schema = Client().get("/api/v1/schema/").json()
    answer = schema["paths"]["/api/v1/customers/{customer}/features/"]["get"]["responses"]["200"]["content"]["application/json"]
    assert answer["schema"]["$ref"].endswith("/CustomerFeatures")
    assert set(schema["components"]["schemas"]["Feature"]["properties"]) == {
        "feature", "name", "allowed", "granted", "reason", "package",
    }  # fmt: skip
