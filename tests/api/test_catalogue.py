"""The public part of the API before anybody asks for a price: packages, systems, main flows, whom to turn to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from billing.models import AddOnKind, AddOnPrice, Edition, Feature, Offer, Package
from connectors import registry
from connectors.registry import connector_class
from flows import planner
from tests.pairs import systems as paired

pytestmark = pytest.mark.django_db


API = "/api/v1/"


def asked(address: str, *, language: str = "en", status: int = 200) -> Any:
    answer = Client().get(API + address, headers={"accept-language": language})
    assert answer.status_code == status, answer.content
    return answer.json()


def of(answer: Any, edition: str) -> dict[str, Any]:
    found = next(one for one in answer["editions"] if one["edition"] == edition)
    return {package["package"]: package for package in found["packages"]}


def test_the_price_list_tells_prices_caps_and_features_of_both_editions() -> None:
    answer = asked("packages/")
    cloud, client = of(answer, "cloud"), of(answer, "client")
    assert list(cloud) == list(client) == ["100", "200", "400", "800", "premium"]
    assert cloud["200"]["monthly"] == {"without_vat": "495.00", "with_vat": "618.75"}
    assert cloud["200"]["installation"] == {"without_vat": "4200.00", "with_vat": "5250.00"}
    assert (cloud["200"]["order_cap"], cloud["200"]["on_request"]) == (200, False)
    assert cloud["200"]["features"] == ["orders", "customers", "products", "order_status", "stock"]
    assert "scheduling" in client["200"]["features"]
    premium = cloud["premium"]
    assert (premium["on_request"], premium["monthly"], premium["installation"], premium["order_cap"]) == (
        True,
        None,
        None,
        None,
    )
    assert answer["add_ons"][0] == {
        "kind": "shop",
        "name": "Extra shop",
        "needs": "multishop",
        "monthly": {"without_vat": "295.00", "with_vat": "368.75"},
    }


def test_it_is_asked_for_by_edition_and_in_swedish() -> None:
    answer = asked("packages/?edition=client", language="sv")
    assert [one["edition"] for one in answer["editions"]] == ["client"]
    assert {row["name"] for row in answer["editions"][0]["features"]} >= {"Orderinformation", "Lagersaldo"}


def test_it_is_that_of_the_database_and_of_the_day_in_sweden() -> None:
    day = date(2027, 1, 1)
    Offer.objects.create(
        package=Package.objects.get(code="100"),
        edition=Edition.CLOUD,
        valid_from=day,
        monthly_price=Decimal("310.10"),
        installation_price=Decimal(0),
        order_cap=120,
        features=[Feature.ORDERS],
    )
    AddOnPrice.objects.create(kind=AddOnKind.SHOP, valid_from=day, monthly_price=Decimal(300))
    with time_machine.travel("2026-12-31T22:59:00+00:00", tick=False):
        assert of(asked("packages/"), "cloud")["100"]["monthly"]["without_vat"] == "295.00"
    with time_machine.travel("2026-12-31T23:01:00+00:00", tick=False):
        answer = asked("packages/")
    assert (answer["day"], of(answer, "cloud")["100"]["valid_from"]) == ("2027-01-01", "2027-01-01")
    assert of(answer, "cloud")["100"]["monthly"] == {"without_vat": "310.10", "with_vat": "387.63"}
    assert of(answer, "cloud")["100"]["features"] == ["orders"]
    assert answer["add_ons"][0]["monthly"]["without_vat"] == "300.00"


@pytest.mark.parametrize("address", ["packages/", "systems/", "systems/economic/", "main-flows/", "contact/"])
def test_answers_may_be_kept_for_a_while_in_each_language(address: str) -> None:
    answer = Client().get(API + address)
    assert {"public", "max-age"} <= {part.strip().partition("=")[0] for part in answer.headers["Cache-Control"].split(",")}
    assert "Accept-Language" in answer.headers["Vary"]
    again = Client().get(API + address, headers={"if-none-match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_systems_are_told_from_their_manifests() -> None:
    answer = asked("systems/")
    assert [system["key"] for system in answer["systems"]] == list(registry.SYSTEMS)
    erp = asked("systems/economic/")
    assert erp in answer["systems"]
    manifest = connector_class("economic").manifest
    assert {module["module"]: module["mandatory"] for module in erp["modules"]} == {
        m.key: m.mandatory for m in manifest.modules
    }
    assert (erp["editions"], erp["variant_dimensions"], erp["price_lists"]["supported"]) == (["cloud"], 0, True)
    assert [document["kind"] for document in erp["documents"]] == ["order", "invoice"]
    shop = asked("systems/woocommerce/", language="sv")
    assert shop["price_lists"] == {
        "supported": False,
        "reason": "WooCommerce har inga prislistor: bara ordinarie pris och kampanjpris.",
    }
    assert [system["role"] for system in asked("systems/?role=erp")["systems"]] == ["erp"]


def test_the_main_flows_tell_which_register_goes_which_way_and_what_it_takes() -> None:
    flows = {one["main_flow"]: one for one in asked("main-flows/")["main_flows"]}
    for main_flow, moved in planner.TABLE.items():
        told = {one["register"]: one["direction"] for one in flows[main_flow]["registers"]}
        assert told == {str(register): str(direction) for register, direction in moved.items()}
        assert all(one["possible"] is None for one in flows[main_flow]["registers"])
    # The combination needs multishop.
    assert [package["package"] for package in flows["combined"]["packages"]] == ["400", "400"]
    assert [package["package"] for package in flows["shop"]["packages"]] == ["100", "100"]
    takes = {one["register"]: one["packages"][0]["package"] for one in flows["erp"]["registers"]}
    assert takes == {"orders": "100", "status": "200", "products": "100", "prices": "100", "price_lists": "400", "stock": "200"}


def test_of_a_pair_they_tell_what_it_cannot_and_why() -> None:
    answer = asked("main-flows/?shop=woocommerce&erp=economic", language="sv")
    combined = next(one for one in answer["main_flows"] if one["main_flow"] == "combined")
    assert [package["edition"] for package in combined["packages"]] == ["cloud"]
    cannot = {one["register"]: one["reasons"] for one in combined["registers"] if not one["possible"]}
    assert cannot == {"price_lists": ["WooCommerce har inga prislistor: bara ordinarie pris och kampanjpris."]}


def test_of_another_pair_they_tell_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("list_shop", "invoice_erp"):
        monkeypatch.setitem(registry.SYSTEMS, key, f"tests.pairs.{key}")
    answer = asked("main-flows/?shop=list_shop&erp=invoice_erp")
    erp = next(one for one in answer["main_flows"] if one["main_flow"] == "erp")
    cannot = {one["register"]: one["reasons"] for one in erp["registers"] if not one["possible"]}
    assert cannot == {"price_lists": [paired.NO_LISTS], "status": [paired.ONLY_INVOICES]}
    assert asked("systems/list_shop/")["price_lists"] == {"supported": True, "reason": ""}
    assert asked("systems/invoice_erp/")["price_lists"] == {"supported": False, "reason": paired.NO_LISTS}


def test_whom_to_turn_to_is_what_the_installation_says(settings: Any) -> None:
    settings.CONTACTS = {
        role: {"name": role, "phone": "08-1", "email": f"{role}@ours.example"} for role in ("sales", "support")
    }
    assert asked("contact/")["sales"]["email"] == "sales@ours.example"


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("packages/?edition=gold", 400, "invalid_request"),
        ("packages/?edition=%ed%a0%80%00", 400, "invalid_request"),
        ("packages/?day=2026-01-01", 400, "invalid_request"),
        ("systems/?role=\x00", 400, "invalid_request"),
        ("systems/fortnine/", 404, "not_found"),
        ("main-flows/?shop=woocommerce", 400, "invalid_request"),
        ("main-flows/?shop=economic&erp=woocommerce", 400, "invalid_request"),
    ],
)
def test_what_is_asked_wrongly_is_a_problem_in_words(address: str, status: int, code: str) -> None:
    assert asked(address, status=status)["code"] == code


def test_a_price_list_costs_few_questions(django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(4):
        asked("packages/")
