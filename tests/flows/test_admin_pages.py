"""Every page of the back office, for everybody who may see it and those who may not."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from billing.models import Package
from flows.models import Endpoint, Event, Run, Transfer
from sharespine.lib.admin import HistoryAdmin
from tests.browser import seed
from tests.customers import subscribed

ADMIN = "/admin/"


def member(*permissions: str) -> Client:
    """Somebody of the staff with the permissions named, and no others."""
    user = User.objects.create_user(f"user-{len(permissions)}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


#: What is sold and bought, by the names of the models that have pages.
SOLD = ("package", "addonprice", "hourpack", "subscription", "grant", "addon", "quote", "signup", "packagerequest")


def kinds(model: Any) -> list[int]:
    """One record of each kind that a page may show in another way: of each combination of what its fields let one choose."""
    chosen = [
        field.attname for field in model._meta.concrete_fields if field.choices or field.get_internal_type() == "BooleanField"
    ]
    found: dict[Any, int] = {}
    for pk, *values in model._default_manager.order_by("pk").values_list("pk", *chosen):
        found.setdefault(tuple(values), pk)
    return list(found.values())


def pages() -> list[str]:
    """A list, a form and each kind of record of all registered models of ours."""
    pages = ("flows/transfer/causes/", "billing/customer/follow-up/", "billing/invoicebasis/month/")
    addresses = [ADMIN, *(f"{ADMIN}{page}" for page in pages)]
    for model, page in admin.site._registry.items():
        if model._meta.app_label not in ("flows", "billing", "auth"):
            continue
        base = f"{ADMIN}{model._meta.app_label}/{model._meta.model_name}/"
        addresses.append(base)
        if not isinstance(page, HistoryAdmin) and model is not Package:
            addresses.append(f"{base}add/")
        addresses += [f"{base}{pk}/change/" for pk in kinds(model)]
    return addresses


@pytest.mark.parametrize("language", ["sv", pytest.param("en", marks=pytest.mark.deep)])
def test_every_page_opens_in_both_languages(chief: Client, language: str) -> None:
    found = {address: chief.get(address, headers={"accept-language": language}).status_code for address in pages()}
    assert {address: status for address, status in found.items() if status != 200} == {}
    assert len(found) > 50


def test_who_may_only_look_sees_everything_and_gets_no_buttons(seeded: seed.Seeded) -> None:
    looker = member(
        "view_customer",
        "view_endpoint",
        "view_connection",
        "view_flow",
        "view_run",
        "view_transfer",
        "view_delivery",
        "view_webhook",
        "view_hookmessage",
        "view_worker",
        "view_item",
        "view_stockprofile",
        "view_initialsync",
        "view_initialarticle",
        "view_lookuptable",
        *(f"view_{model}" for model in SOLD),
        "view_serviceaccount",
        "view_entry",
        "view_workcategory",
        "view_invoicebasis",
        "view_apikey",
        "see_portal",
    )
    for address in pages():
        if "/add/" in address or "/auth/" in address:
            continue
        page = looker.get(address, headers={"accept-language": "en"})
        assert page.status_code == 200, address
        html = page.content.decode()
        assert 'name="_save"' not in html, address
        assert "/retry/" not in html, address
        assert "Retry all" not in html, address
        assert "cs_hemlig" not in html, address


def test_who_may_do_nothing_sees_nothing(seeded: seed.Seeded) -> None:
    nobody = member()
    assert {nobody.get(address).status_code for address in pages() if address != ADMIN} == {403}


def test_who_may_not_see_orders_learns_nothing_of_them_elsewhere(seeded: seed.Seeded) -> None:
    seller = member("view_customer")
    for address in (ADMIN, f"{ADMIN}billing/customer/{seeded.customers[0].pk}/change/"):
        html = seller.get(address).content.decode()
        assert "barred" not in html
        assert "bo-tile" not in html


def test_the_language_is_switched_and_kept(chief: Client) -> None:
    chief.post("/i18n/setlang/", {"language": "en", "next": ADMIN})
    assert '<html lang="en"' in chief.get(ADMIN, headers={"accept-language": "sv"}).content.decode()


def test_strangers_are_sent_to_the_log_in(seeded: seed.Seeded) -> None:
    assert {Client().get(address).status_code for address in pages()} == {302}


@pytest.mark.parametrize("model", [Run, Transfer, Event, "delivery"])
def test_history_cannot_be_added_changed_or_deleted_by_anybody(model: Any, chief: Client, rf: Any, seeded: seed.Seeded) -> None:
    registered = {m._meta.model_name: page for m, page in admin.site._registry.items()}
    name = model if isinstance(model, str) else model._meta.model_name
    page = registered.get(name)
    if page is None:
        # Events are seen on their transfer only: there is no page of their own to change them on.
        assert name == "event"
        return
    request = rf.get("/")
    request.user = seeded.user
    assert not page.has_add_permission(request)
    assert not page.has_change_permission(request)
    assert not page.has_delete_permission(request)
    assert "delete_selected" not in page.get_actions(request)


def test_the_queue_has_no_pages(chief: Client) -> None:
    assert chief.get(f"{ADMIN}django_q/failure/").status_code == 404


def test_one_cause_on_many_orders_is_one_line(chief: Client) -> None:
    html = chief.get(ADMIN, headers={"accept-language": "en"}).content.decode()
    assert "14 orders" in html
    assert "Article … is barred in e-conomic" in html


def test_the_page_of_an_order_tells_its_story(chief: Client) -> None:
    order = Transfer.objects.get(number="2001")
    html = chief.get(f"{ADMIN}flows/transfer/{order.pk}/change/", headers={"accept-language": "sv"}).content.decode()
    assert "MOSSA-1" in html
    assert "Mössa, grå" in html
    assert "Article MOSSA-1 is barred" in html or "MOSSA-1" in html
    assert f"{order.total:,.2f}".replace(",", "\xa0").replace(".", ",") + "\xa0kr" in html
    assert "Validation failed" in html


def test_a_record_that_cannot_be_read_still_has_a_page(chief: Client) -> None:
    Transfer.objects.filter(number="2001").update(payload={"lines": "nonsense"})
    order = Transfer.objects.get(number="2001")
    assert "nonsense" in chief.get(f"{ADMIN}flows/transfer/{order.pk}/change/").content.decode()


def test_texts_from_a_shop_are_escaped(chief: Client) -> None:
    order = Transfer.objects.filter(buyer__contains="<b>").first()
    assert order
    html = chief.get(f"{ADMIN}flows/transfer/{order.pk}/change/").content.decode()
    assert "<b>Lund</b>" not in html
    assert "&lt;b&gt;Lund" in html


def test_the_progress_of_a_run_stops_being_asked_for_when_it_has_ended(chief: Client) -> None:
    run = Run.objects.get(state=Run.State.RUNNING)
    address = f"{ADMIN}flows/run/{run.pk}/progress/"
    assert chief.get(address).status_code == 200
    Run.objects.filter(pk=run.pk).update(state=Run.State.DONE)
    assert chief.get(address).status_code == 286


def test_a_dry_run_shows_what_would_be_sent_and_what_would_stop(chief: Client) -> None:
    run = Run.objects.get(kind=Run.Kind.DRY)
    html = chief.get(f"{ADMIN}flows/run/{run.pk}/change/").content.decode()
    assert "/orders/drafts" in html
    assert "MOSSA-1 is barred" in html
    assert "255 characters" in html


def test_an_endpoint_that_denies_us_says_what_to_do(chief: Client) -> None:
    denied = Endpoint.objects.get(health=Endpoint.Health.DENIED)
    html = chief.get(f"{ADMIN}flows/endpoint/{denied.pk}/change/", headers={"accept-language": "en"}).content.decode()
    assert "Make new ones and save them on the endpoint." in html


def test_pages_forbid_strange_scripts_and_frames(chief: Client) -> None:
    policy = chief.get(ADMIN).headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert "frame-ancestors 'none'" in policy


CEILINGS = {
    ADMIN: 15,
    f"{ADMIN}flows/transfer/": 14,
    f"{ADMIN}flows/transfer/?view=stopped": 14,
    f"{ADMIN}flows/transfer/causes/": 6,
    f"{ADMIN}flows/run/": 8,
    f"{ADMIN}flows/endpoint/": 8,
    f"{ADMIN}flows/connection/": 8,
    f"{ADMIN}flows/flow/": 8,
    f"{ADMIN}flows/delivery/": 8,
    f"{ADMIN}flows/webhook/": 8,
    f"{ADMIN}flows/hookmessage/": 8,
    f"{ADMIN}billing/customer/": 9,
    f"{ADMIN}billing/customer/follow-up/": 14,
    f"{ADMIN}billing/package/": 8,
    f"{ADMIN}billing/subscription/": 8,
    f"{ADMIN}billing/grant/": 8,
    f"{ADMIN}billing/addon/": 8,
}


@pytest.mark.parametrize("address", CEILINGS)
def test_lists_ask_the_database_a_fixed_number_of_questions(
    address: str, chief: Client, seeded: seed.Seeded, django_assert_max_num_queries: Any
) -> None:
    for index in range(8):
        flow = seed.flow(subscribed(f"Butik {index}"))
        seed.stopped(flow, 3000 + index, seed.BARRED, sku="A")
        seed._runs([flow, flow], timezone.now())
    with django_assert_max_num_queries(CEILINGS[address]):
        assert chief.get(address).status_code == 200
