"""What staff can do to orders and flows by hand: never by GET, never without a question, never past their rights."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django_q.models import OrmQ

from connectors.base import Draft, Register, Step
from connectors.errors import InvalidRecord
from connectors.records import Order
from flows import services
from flows.admin import bulk
from flows.models import Connection, Endpoint, Flow, Transfer
from sharespine.lib.text import Text
from tests.browser import seed
from tests.flows.test_admin_pages import member

TRANSFERS = "/admin/flows/transfer/"
CONFIRM = {"_form_submitted": "on"}


def actions() -> list[tuple[Any, str]]:
    """Every action that unfold serves at an address of its own."""
    pages: list[Any] = list(admin.site._registry.values())
    kinds = ("actions_list", "actions_detail", "actions_row", "actions_submit_line")
    return [
        (page, name) for page in pages for kind in kinds for name in page._extract_action_names(getattr(page, kind, ()) or ())
    ]


def test_every_action_asks_first_and_runs_on_post_only() -> None:
    """unfold runs an action without a dialog on GET, without any token: a link in a mail could press it."""
    assert len(actions()) >= 14
    assert [
        f"{type(page).__name__}.{name}" for page, name in actions() if not getattr(getattr(page, name), "dialog", None)
    ] == []


def test_opening_a_dialog_changes_nothing(chief: Client) -> None:
    for state in Transfer.State.values:
        for order in Transfer.objects.filter(state=state)[:1]:
            for verb in ("retry", "skip", "mark_handled"):
                assert chief.get(f"{TRANSFERS}{order.pk}/{verb}/").status_code == 200
            order.refresh_from_db()
            assert order.state == state


def test_an_action_without_the_token_of_the_page_is_refused(seeded: seed.Seeded) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(seeded.user)
    order = Transfer.objects.get(number="2000")
    assert client.post(f"{TRANSFERS}{order.pk}/retry/", CONFIRM).status_code == 403
    order.refresh_from_db()
    assert order.state == Transfer.State.STOPPED


def test_a_retry_is_kept_on_the_timeline_with_its_reason_and_who_pressed(chief: Client) -> None:
    order = Transfer.objects.get(number="2000")
    answer = chief.post(f"{TRANSFERS}{order.pk}/retry/", {**CONFIRM, "reason": "Upplåst"}, headers={"hx-request": "true"})
    assert answer.headers["HX-Redirect"] == f"{TRANSFERS}{order.pk}/change/"
    order.refresh_from_db()
    assert order.state == Transfer.State.WAITING
    event = order.events.last()
    assert event
    assert event.actor == "sara"
    assert "Upplåst" in str(event.text)


def test_skipping_needs_a_reason(chief: Client) -> None:
    order = Transfer.objects.get(number="2000")
    chief.post(f"{TRANSFERS}{order.pk}/skip/", {**CONFIRM, "reason": " "})
    order.refresh_from_db()
    assert order.state == Transfer.State.STOPPED
    chief.post(f"{TRANSFERS}{order.pk}/skip/", {**CONFIRM, "reason": "Testorder"})
    order.refresh_from_db()
    assert order.state == Transfer.State.SKIPPED


def test_a_change_after_the_transfer_is_marked_as_handled(chief: Client) -> None:
    order = Transfer.objects.get(attention=True)
    chief.post(f"{TRANSFERS}{order.pk}/mark_handled/", CONFIRM)
    order.refresh_from_db()
    assert not order.attention


def test_who_may_only_look_cannot_act(seeded: seed.Seeded) -> None:
    looker = member("view_transfer", "view_flow", "view_connection", "view_endpoint", "view_customer")
    order = Transfer.objects.get(number="2000")
    flow = seeded.flows[0]
    addresses = [
        f"{TRANSFERS}{order.pk}/retry/",
        f"{TRANSFERS}{order.pk}/skip/",
        f"{TRANSFERS}causes/retry/?state__exact=stopped",
        f"/admin/flows/flow/{flow.pk}/start/",
        f"/admin/flows/connection/{flow.connection_id}/pause/",
        f"/admin/flows/endpoint/{flow.shop_id}/test/",
    ]
    assert {looker.post(address, {**CONFIRM, "reason": "x"}).status_code for address in addresses} == {403}
    looker.post(TRANSFERS, {"action": "retry_selected", "_selected_action": [order.pk], "confirmed": "yes"})
    order.refresh_from_db()
    assert order.state == Transfer.State.STOPPED


def select(client: Client, orders: Any, **extra: Any) -> Any:
    chosen = [order.pk for order in orders]
    return client.post(f"{TRANSFERS}?view=", {"action": "retry_selected", "_selected_action": chosen, **extra}, follow=True)


def test_a_bulk_retry_asks_first_and_says_what_it_leaves_alone(chief: Client) -> None:
    orders = [*Transfer.objects.filter(state="stopped")[:3], *Transfer.objects.filter(state="sent")[:2]]
    answer = select(chief, orders)
    assert answer.context["affected"] == 3
    assert [n for _, n in answer.context["left_alone"]] == [2]
    assert Transfer.objects.filter(state="stopped").count() == 17
    select(chief, orders, confirmed="yes", reason="")
    assert Transfer.objects.filter(state="stopped").count() == 14


def test_a_bulk_retry_takes_a_bounded_number_the_oldest_first(chief: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "LIMIT", 5)
    orders = list(Transfer.objects.filter(state="stopped").order_by("id"))
    assert select(chief, orders).context["beyond"] == "12"
    select(chief, orders, confirmed="yes", reason="")
    left = set(Transfer.objects.filter(state="stopped").values_list("pk", flat=True))
    assert left == {order.pk for order in orders[5:]}


def test_all_orders_of_a_view_are_taken_across_its_pages(chief: Client) -> None:
    page = Transfer.objects.filter(state="stopped")[:1]
    chief.post(
        f"{TRANSFERS}?view=stopped",
        {"action": "retry_selected", "_selected_action": [page[0].pk], "select_across": "1", "confirmed": "yes", "reason": ""},
    )
    assert Transfer.objects.filter(state="stopped").count() == 0


def test_a_cause_is_retried_as_a_whole_and_only_on_post(chief: Client) -> None:
    address = f"{TRANSFERS}causes/retry/"
    query = {"cause": seed.BARRED, "state__exact": "stopped"}
    assert chief.get(address, query).context["affected"] == 14
    assert Transfer.objects.filter(state="stopped").count() == 17
    chief.post(address, {"confirmed": "yes", "reason": ""}, query_params=query)
    assert Transfer.objects.filter(state="stopped").count() == 3


def test_skipping_many_needs_a_reason_too(chief: Client) -> None:
    order = Transfer.objects.get(number="2000")
    form = {"action": "skip_selected", "_selected_action": [order.pk], "confirmed": "yes"}
    chief.post(TRANSFERS, {**form, "reason": "  "})
    order.refresh_from_db()
    assert order.state == Transfer.State.STOPPED
    chief.post(TRANSFERS, {**form, "reason": "Testordrar"})
    order.refresh_from_db()
    assert order.state == Transfer.State.SKIPPED


def test_a_preview_shows_what_would_be_sent_and_is_not_made_by_a_link(chief: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def preview(transfer: Transfer) -> Draft:
        asked.append(transfer.pk)
        step = Step(purpose="Make the order", method="POST", path="/orders/drafts", body={"net": Decimal("80.10")})
        return Draft(
            register=Register.ORDERS,
            reference="R-1",
            steps=(step,),
            total=Decimal("100.10"),
            total_vat=Decimal("20.00"),
            currency="SEK",
        )

    monkeypatch.setattr(services, "preview", preview)
    order = Transfer.objects.get(number="2000")
    assert chief.get(f"{TRANSFERS}{order.pk}/preview/").status_code == 302
    assert asked == []
    html = chief.post(f"{TRANSFERS}{order.pk}/preview/").content.decode()
    assert asked == [order.pk]
    assert "/orders/drafts" in html
    assert "80.10" in html


def test_a_preview_that_would_stop_says_why(chief: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def preview(transfer: Transfer) -> Draft:
        raise InvalidRecord(Text(seed.BARRED, {"sku": "A-9"}))

    monkeypatch.setattr(services, "preview", preview)
    order = Transfer.objects.get(number="2000")
    assert "Article A-9 is barred" in chief.post(f"{TRANSFERS}{order.pk}/preview/").content.decode()


def test_a_flow_is_started_paused_and_resumed(chief: Client, seeded: seed.Seeded) -> None:
    flow = seeded.flows[0]
    queued = OrmQ.objects.count()
    chief.post(f"/admin/flows/flow/{flow.pk}/start/", CONFIRM)
    assert OrmQ.objects.count() == queued + 1
    chief.post(f"/admin/flows/flow/{flow.pk}/pause/", CONFIRM)
    assert Flow.objects.get(pk=flow.pk).state == Flow.State.PAUSED
    chief.post(f"/admin/flows/flow/{flow.pk}/start/", CONFIRM)
    assert OrmQ.objects.count() == queued + 1
    chief.post(f"/admin/flows/flow/{flow.pk}/resume/", CONFIRM)
    assert Flow.objects.get(pk=flow.pk).state == Flow.State.ACTIVE


def test_a_flow_is_paused_with_a_reason_where_there_is_one_and_says_it_until_it_is_resumed(
    chief: Client, seeded: seed.Seeded
) -> None:
    flow = seeded.flows[0]
    page, listed = f"/admin/flows/flow/{flow.pk}/change/", "/admin/flows/flow/"

    def read(address: str) -> str:
        return str(chief.get(address, headers={"accept-language": "en"}).content.decode())

    assert "Paused by" not in read(page)
    chief.post(f"/admin/flows/flow/{flow.pk}/pause/", {**CONFIRM, "reason": "Nya artikelnummer <b>"})
    for address in (page, listed):
        assert "Paused by sara: Nya artikelnummer &lt;b&gt;" in read(address), address
    chief.post(f"/admin/flows/flow/{flow.pk}/resume/", CONFIRM)
    for address in (page, listed):
        assert "Paused by" not in read(address), address
    chief.post(f"/admin/flows/flow/{flow.pk}/pause/", CONFIRM)
    assert "Paused by sara." in read(page)


def test_a_connection_is_not_activated_while_a_module_is_unconfirmed(chief: Client, seeded: seed.Seeded) -> None:
    connection = seeded.flows[2].connection
    Connection.objects.filter(pk=connection.pk).update(state=Connection.State.DRAFT, modules=["api"])
    answer = chief.post(f"/admin/flows/connection/{connection.pk}/activate/", CONFIRM, follow=True)
    assert "StartUp" in answer.content.decode()
    connection.refresh_from_db()
    assert connection.state == Connection.State.DRAFT


def test_a_connection_is_paused_with_a_reason_that_is_kept(chief: Client, seeded: seed.Seeded) -> None:
    connection = seeded.flows[0].connection
    chief.post(f"/admin/flows/connection/{connection.pk}/pause/", {**CONFIRM, "reason": "Flytt"})
    connection.refresh_from_db()
    assert connection.state == Connection.State.PAUSED
    assert "Flytt" in str(connection.pause_reason)
    change = connection.history.first()
    assert change
    assert change.history_user == seeded.user


def test_testing_an_endpoint_tells_what_is_wrong(chief: Client, seeded: seed.Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(endpoint: Endpoint, *, actor: str) -> Endpoint:
        endpoint.health, endpoint.trouble = Endpoint.Health.DENIED, Text("The consumer key is wrong.")
        return endpoint

    monkeypatch.setattr(services, "check_endpoint", check)
    shop = seeded.flows[0].shop_id
    answer = chief.post(f"/admin/flows/endpoint/{shop}/test/", CONFIRM, follow=True)
    assert "The consumer key is wrong." in answer.content.decode()


def test_testing_an_endpoint_without_address_or_keys_says_so(chief: Client, seeded: seed.Seeded) -> None:
    for endpoint in (seeded.flows[0].shop, seeded.flows[0].connection.erp):
        Endpoint.objects.filter(pk=endpoint.pk).update(options={}, secrets="")
        answer = chief.post(f"/admin/flows/endpoint/{endpoint.pk}/test/", CONFIRM, follow=True)
        assert answer.status_code == 200
        assert Endpoint.objects.get(pk=endpoint.pk).health != Endpoint.Health.WORKING


def test_the_seed_is_readable_as_orders(seeded: seed.Seeded) -> None:
    from connectors.records import from_json

    assert from_json(Order, Transfer.objects.get(number="2000").payload).number == "2000"
