"""Asking for a price: what comes of wishes and systems, and an answer that is the same for ever."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from billing.models import Feature, Offer, Quote
from connectors import registry
from connectors.registry import connector_class
from flows import planner
from sharespine import sales
from sharespine.sales import Ask
from tests.pairs import systems as paired

API = "/api/v1/quotes/"
PLAIN: dict[str, Any] = {"shops": [{"system": "woocommerce"}], "erp": "economic", "orders_per_month": 80}


def post(body: Any, *, language: str = "en") -> Any:
    sent = body if isinstance(body, str | bytes) else json.dumps(body)
    return Client().post(API, sent, content_type="application/json", headers={"accept-language": language})


def quoted(**changes: Any) -> dict[str, Any]:
    answer = post({**PLAIN, **changes})
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.django_db
def test_a_quote_is_saved_and_fetched_by_its_number_in_either_language() -> None:
    answer = post({**PLAIN, "orders_per_month": 350, "wishes": {"stock": True}})
    assert answer.status_code == 201
    quote = answer.json()
    assert answer.headers["Location"].endswith(f"{API}{quote['number']}/")
    assert (quote["recommended"], quote["edition"], quote["orders_per_month"]) == ("400", "cloud", 350)
    assert [need["feature"] for need in quote["needs"]] == ["orders", "customers", "stock"]
    fetched = Client().get(answer.headers["Location"], headers={"accept-language": "en"})
    assert fetched.json() == quote
    assert fetched.headers["Cache-Control"] == "no-store"
    swedish = Client().get(answer.headers["Location"], headers={"accept-language": "sv"}).json()
    assert swedish["needs"][2]["name"] == "Lagersaldo"
    assert swedish["packages"][3]["monthly"]["with_vat"] == quote["packages"][3]["monthly"]["with_vat"] == "1493.75"


@pytest.mark.django_db
def test_it_stays_as_it_was_when_prices_change_and_its_days_are_over() -> None:
    quote = quoted(wishes={"stock": True}, shops=[{"system": "woocommerce"}, {"system": "woocommerce"}])
    Offer.objects.update(monthly_price=1, features=[], order_cap=1)
    with time_machine.travel("2030-01-01T12:00:00+01:00", tick=False):
        assert Client().get(f"{API}{quote['number']}/", headers={"accept-language": "en"}).json() == quote


@pytest.mark.django_db
def test_nobody_gets_at_a_quote_without_its_number() -> None:
    quoted()
    for number in ("Q-2222222222", "1", "%00", "Q-", "%ed%a0%80"):
        answer = Client().get(f"{API}{number}/")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Client().get(API).status_code == 405


@pytest.mark.django_db
def test_the_modules_that_the_systems_need_stand_on_it() -> None:
    told = {(one["system"], one["module"]): one["mandatory"] for one in quoted()["modules"]}
    assert told == {("economic", "startup"): True, ("economic", "api"): True, ("economic", "inventory"): False}


@pytest.mark.django_db
def test_what_the_pair_cannot_do_is_told_with_the_reason_and_costs_nothing() -> None:
    quote = quoted(wishes={"price_lists": True}, main_flow="erp")
    assert quote["impossible"] == [
        {
            "what": "price_lists",
            "name": "Price structures",
            "shop": "woocommerce",
            "shop_name": "WooCommerce",
            "reasons": ["WooCommerce has no price lists: regular and campaign price only."],
        }
    ]
    # Price lists take package 400; nobody is sold it for what cannot be had.
    assert quote["recommended"] == "100"


@pytest.mark.django_db
def test_what_the_edition_has_not_is_told_with_the_reason() -> None:
    quote = quoted(wishes={"scheduling": True, "field_mapping": True, "stock_profiles": True, "gateways": ["klarna", "klarna"]})
    assert [one["what"] for one in quote["impossible"]] == ["stock_profiles", "scheduling", "field_mapping", "gateways"]
    assert all("belongs to the Client edition" in one["reasons"][0] for one in quote["impossible"])
    assert (quote["recommended"], quote["add_ons"]) == ("100", [])


@pytest.mark.django_db
def test_what_the_main_flow_does_not_move_cannot_be_wished_for() -> None:
    quote = quoted(main_flow="shop", wishes={"stock": True})
    assert [(one["what"], one["shop"]) for one in quote["impossible"]] == [("stock", None)]
    assert "#1 The shop leads" in quote["impossible"][0]["reasons"][0]
    assert quoted(main_flow="erp", wishes={"stock": True})["recommended"] == "200"


@pytest.mark.django_db
def test_the_combination_and_further_shops_take_multishop_and_each_further_shop_costs() -> None:
    assert quoted(main_flow="combined")["recommended"] == "400"
    quote = quoted(shops=[{"system": "woocommerce"}] * 3)
    assert [(one["kind"], one["name"]) for one in quote["add_ons"]] == [("shop", "WooCommerce 2"), ("shop", "WooCommerce 3")]
    found = next(one for one in quote["packages"] if one["package"] == quote["recommended"] == "400")
    assert found["monthly"]["without_vat"] == "1385.00"
    assert [one["text"] for one in quote["packages"][0]["lacks"]] == ["Multishop is not part of Paket 100."]


@pytest.mark.django_db
def test_a_pos_beside_a_shop_that_leads_is_warned_of() -> None:
    assert quoted(main_flow="shop", has_pos=True)["warnings"] == [str(planner.POS_WARNING)]
    assert quoted(main_flow="erp", has_pos=True)["warnings"] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("country", "number", "rate", "with_vat"),
    [("se", "", "25", "368.75"), ("DK", "DK 13585628", "0", "295.00"), ("no", "", "0", "295.00")],
)
def test_the_country_decides_the_vat(country: str, number: str, rate: str, with_vat: str) -> None:
    quote = quoted(country=country, vat_number=number)
    assert (quote["vat"]["rate"], quote["packages"][0]["monthly"]["with_vat"]) == (rate, with_vat)
    assert bool(quote["vat"]["note"]) is (rate == "0")


@pytest.mark.django_db
def test_a_shop_that_can_do_what_another_cannot_is_enough_to_pay_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.SYSTEMS, "list_shop", "tests.pairs.list_shop")
    quote = quoted(shops=[{"system": "woocommerce"}, {"system": "list_shop"}], wishes={"price_lists": True}, main_flow="erp")
    assert [(one["what"], one["shop"]) for one in quote["impossible"]] == [("price_lists", "woocommerce")]
    assert "price_lists" in [need["feature"] for need in quote["needs"]]


def client_erp(*, reconciles: bool) -> Any:
    """An ERP that runs in the Client edition."""
    manifest = replace(paired.Erp.manifest, editions=("client",))
    capabilities = replace(paired.Erp.capabilities, reconciles=reconciles)
    return type("ClientErp", (paired.Erp,), {"manifest": manifest, "capabilities": capabilities})


@pytest.mark.parametrize("reconciles", [True, False])
def test_gateways_are_reconciled_in_an_erp_of_the_client_edition_that_can(reconciles: bool) -> None:
    shop = connector_class("woocommerce")
    ask = Ask(
        shops=(shop,), erp=client_erp(reconciles=reconciles), orders=1, gateways=("klarna",), wishes=frozenset({"plugins"})
    )
    found = sales.impossible(ask)
    assert [str(reason) for one in found for reason in one.reasons] == (
        [] if reconciles else ["We reconcile payments in Visma Administration, not in Pair ERP."]
    )
    assert sales.needs(ask, found).gateways == (("Klarna",) if reconciles else ())


@given(
    wishes=st.frozensets(st.sampled_from(list(sales.WISHES))),
    main_flow=st.sampled_from(["", *planner.TABLE]),
    erp=st.sampled_from([paired.Erp, paired.InvoiceErp, client_erp(reconciles=True), connector_class("economic")]),
    shops=st.lists(st.sampled_from([paired.Shop, paired.ListShop, connector_class("woocommerce")]), min_size=1, max_size=3),
)
def test_every_wish_is_either_needed_of_the_package_or_told_to_be_impossible(
    wishes: frozenset[str], main_flow: str, erp: Any, shops: list[Any]
) -> None:
    ask = Ask(shops=tuple(shops), erp=erp, orders=1, main_flow=main_flow, wishes=wishes)
    found = sales.impossible(ask)
    needed = sales.needs(ask, found)
    for wish in wishes:
        barred = [one for one in found if one.what == wish]
        assert all(one.reasons for one in barred)
        if set(sales.WISHES[wish]) <= needed.features:
            # Some shop can have it.
            assert len({one.shop for one in barred if one.shop}) < len(set(shops)) or _by_another(wish, wishes, needed.features)
        else:
            assert barred
    wanted = {feature for wish in wishes for feature in sales.WISHES[wish]}
    assert needed.features <= wanted | {Feature.ORDERS, Feature.CUSTOMERS, Feature.PRODUCTS, Feature.MULTISHOP}
    assert len(needed.shops) == len(shops) - 1


def _by_another(wish: str, wishes: frozenset[str], features: frozenset[Feature]) -> bool:
    """Whether another wish, too, needs what this one does."""
    return any(set(sales.WISHES[wish]) <= set(sales.WISHES[other]) for other in wishes - {wish})


ODD: list[Any] = ["\x00", "", [], {}, None, True, -1, 0, 1.5, 10**30, "9" * 3000, [[[[]]]], {"a": {"b": []}}, "💶", "NaN"]


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["shops", "erp", "orders_per_month", "main_flow", "wishes", "country", "vat_number"])
def test_whatever_is_sent_is_answered_by_a_quote_or_a_problem(field: str) -> None:
    for odd in ODD:
        cache.clear()
        answer = post({**PLAIN, field: odd})
        assert answer.status_code in (201, 400), (odd, answer.content)
        if answer.status_code == 400:
            problem = answer.json()
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert problem["code"] == "invalid_request"
            assert any(error["field"].split(".")[0] == field for error in problem["errors"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        "",
        "[",
        "null",
        "1",
        '"x"',
        "[" * 40_000,
        '{"orders_per_month": ' + "9" * 5000 + "}",
        "NaN",
        b"\xff\xfe",
        '{"erp": "\\ud800"}',
    ],
)
def test_a_body_that_is_no_object_is_a_problem(body: Any) -> None:
    answer = post(body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.django_db
def test_nothing_is_kept_of_what_was_refused() -> None:
    post({**PLAIN, "shops": []})
    post({**PLAIN, "shops": [{"system": "woocommerce"}] * 21})
    post({**PLAIN, "erp": "woocommerce"})
    post({**PLAIN, "vat_number": "SE1"})
    assert not Quote.objects.exists()
