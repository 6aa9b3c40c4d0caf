"""What is connected, as the merchant sees it: how it stands, what to do, and pausing it."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import contracts
from billing.models import Customer, Edition, Package, Role
from connectors.base import Register
from flows import services, tasks
from flows.models import Connection, Endpoint, Flow, Run, Transfer
from sharespine.lib.text import Text
from tests.billing.contracted import day
from tests.browser import seed
from tests.customers import price_list, subscribed
from tests.portal.conftest import Member

SECRET = "cs_hemlig"
DENIED = Text("The credentials are wrong or have been revoked. Make new ones and save them on the endpoint.")


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The flows that a worker was told to run. Nobody has pressed anything yet."""
    cache.clear()
    found: list[int] = []
    monkeypatch.setattr(tasks, "wake_for", lambda flow_id, **_: found.append(flow_id))
    return found


def flow_of(customer: Customer, **values: Any) -> Flow:
    made = seed.flow(customer, **values)
    Connection.objects.filter(pk=made.connection_id).update(main_flow="erp")
    made.connection.refresh_from_db()
    return made


def another(flow: Flow, register: Register, **values: Any) -> Flow:
    way = Flow.Direction.TO_SHOP
    return Flow.objects.create(connection=flow.connection, shop=flow.shop, register=register, direction=way, **values)


def page(client: Client, customer: Customer, *parts: Any) -> Any:
    answer = client.get("/".join(map(str, [f"/portal/{customer.pk}/connections", *parts, ""])))
    assert answer.status_code == 200
    return answer


def post(client: Client, customer: Customer, *parts: Any, **data: str) -> list[str]:
    """The messages after a press."""
    answer = client.post("/".join(map(str, [f"/portal/{customer.pk}/connections", *parts, ""])), data, follow=True)
    assert answer.status_code == 200
    return [str(message) for message in answer.context["messages"]]


def texts(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_a_connection_is_told_in_words_and_never_with_credentials(member: Member) -> None:
    client, customer = member(Role.READER)
    flow = flow_of(customer, next_run_at=timezone.now() + timedelta(days=2))
    Endpoint.objects.filter(pk=flow.shop_id).update(health=Endpoint.Health.DENIED, trouble=DENIED)
    Connection.objects.filter(pk=flow.connection_id).update(modules=["startup"])
    run = Run.objects.create(
        flow=flow, state=Run.State.FAILED, started_at=timezone.now(), lease_until=timezone.now(), seen=12, sent=3, stopped=1,
        evidence="GET /wp-json 401", error=Text("It broke."),
    )  # fmt: skip
    Run.objects.create(
        flow=flow, kind=Run.Kind.DRY, state=Run.State.DONE, started_at=run.started_at, lease_until=timezone.now()
    )
    answer = page(client, customer)
    shown = answer.context["found"][0]
    assert shown.modules == [("StartUp or larger", True, True), ("API", True, False), ("Inventory, for stock", False, False)]
    (row,) = shown.rows
    assert (row.state, row.often, row.last) == ("active", "every 5 minutes", run)
    assert row.next_run == timezone.localtime(flow.next_run_at).strftime("%Y-%m-%d %H:%M")
    words = texts(answer)
    for expected in ("#2 The ERP leads", "does not let us in", str(DENIED), "call the helpdesk", "12 seen, 3 sent, 1 stopped"):
        assert expected in words
    for address in ("", f"flows/{flow.pk}/"):
        words = texts(client.get(f"/portal/{customer.pk}/connections/{address}"))
        assert not any(kept_back in words for kept_back in (SECRET, "127.0.0.1:8801", "GET /wp-json"))


def test_a_flow_says_what_was_chosen_by_the_names_that_the_shop_uses(member: Member) -> None:
    client, customer = member(Role.READER)
    flow = flow_of(customer, trigger_statuses=["completed", "lost"], target_options={"document_kind": "invoice"})
    told = {"delivered_status": "completed", "delivered_capture": True, "paid_message": "Tack!"}
    statuses = another(flow, Register.STATUS, rules=told)
    assert page(client, customer, "flows", flow.pk).context["choices"] == [
        ("Statuses that trigger transfer", ["Färdigbehandlad", "lost"]),
        ("Orders become", ["Invoice"]),
    ]
    assert page(client, customer, "flows", statuses.pk).context["choices"] == [
        (
            "What the shop is told",
            ["Delivered: the status becomes “Färdigbehandlad”, the payment is captured", "Paid: the buyer gets an e-mail"],
        )
    ]


@pytest.mark.parametrize(
    ("flow_values", "connection_values", "state", "next_run"),
    [
        ({"next_run_at": None}, {}, "active", "within a minute"),
        ({"hindrance": Text("No package.")}, {}, "may not run", "when the package has what it needs"),
        ({}, {"state": "paused"}, "stands still", "–"),
        ({"state": "paused"}, {}, "not begun", "–"),
    ],
)
def test_each_flow_says_how_it_stands_and_what_it_waits_for(
    member: Member, flow_values: dict[str, Any], connection_values: dict[str, Any], state: str, next_run: str
) -> None:
    client, customer = member(Role.READER)
    flow = flow_of(customer, **flow_values)
    Connection.objects.filter(pk=flow.connection_id).update(**connection_values or {"state": "active"})
    (row,) = page(client, customer).context["found"][0].rows
    assert (row.state, row.next_run) == (state, next_run)


def test_a_flow_that_runs_or_whose_system_is_left_alone_says_so(member: Member) -> None:
    client, customer = member(Role.READER)
    flow = flow_of(customer)
    soon = timezone.now() + timedelta(minutes=1)
    run = Run.objects.create(flow=flow, started_at=timezone.now(), lease_until=soon)
    assert page(client, customer).context["found"][0].rows[0].next_run == "runs now"
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(minutes=1))
    Endpoint.objects.filter(pk=flow.connection.erp_id).update(open_until=soon)
    assert page(client, customer).context["found"][0].rows[0].next_run == "when e-conomic answers again"


def test_own_times_are_told_where_they_hold(member: Member) -> None:
    client, customer = member(Role.READER)
    own = {"cron": "0 6 * * *", "quiet_from": time(22), "quiet_to": time(5)}
    flow_of(customer, **own)
    (row,) = page(client, customer).context["found"][0].rows
    assert row.often == "at its own times, quiet from 22:00 until 05:00"
    price_list()
    small = Customer.objects.create(name="Liten AB")
    contracts.start(small, Package.objects.get(code="100"), Edition.CLIENT, begins_on=day(), actor="sara")
    flow = flow_of(small, **own)
    client, _ = member(Role.READER, small)
    assert page(client, small).context["found"][0].rows[0].often == "every 5 minutes"
    assert "Its own times do not hold now." in texts(page(client, small, "flows", flow.pk))


def test_an_operator_pauses_and_resumes_a_connection_with_or_without_a_reason(member: Member) -> None:
    client, customer = member(Role.OPERATOR)
    flow = flow_of(customer)
    Connection.objects.filter(pk=flow.connection_id).update(modules=["startup", "api"])
    address = flow.connection_id, "pause"
    assert "Stock-taking" in texts(page(client, customer, *address))
    assert "paused" in post(client, customer, *address, reason="  ")[0]
    who = flow.connection.customer.memberships.get().user.username
    flow.connection.refresh_from_db()
    assert str(flow.connection.pause_reason) == f"Paused by {who}."
    assert post(client, customer, *address) == ["The connection is not active."]
    assert "active again" in post(client, customer, flow.connection_id, "resume")[0]
    post(client, customer, *address, reason="Inventering")
    assert f"Paused by {who}: Inventering" in texts(page(client, customer))
    assert "Resume the connection" in texts(page(client, customer))


def test_what_the_service_does_not_allow_is_said_and_not_done(member: Member) -> None:
    client, customer = member(Role.OPERATOR)
    flow = flow_of(customer)
    joined = flow.connection
    services.pause_connection(joined, actor="sara", reason="Nycklar")
    Endpoint.objects.filter(pk=joined.erp_id).update(health=Endpoint.Health.DENIED)
    assert post(client, customer, joined.pk, "resume") == [
        "Test e-conomic first: it must answer before the connection is activated."
    ]
    Connection.objects.filter(pk=joined.pk).update(state=Connection.State.DRAFT)
    assert "being set up" in post(client, customer, joined.pk, "resume")[0]
    joined.refresh_from_db()
    assert joined.state == Connection.State.DRAFT
    assert "/resume/" not in texts(page(client, customer))


def test_an_operator_says_why_a_flow_is_paused_and_others_read_it_until_it_is_resumed(member: Member) -> None:
    client, customer = member(Role.OPERATOR)
    reader, _same = member(Role.READER, customer)
    flow = flow_of(customer)
    order = seed.transfer(flow, 1042, Transfer.State.WAITING)
    address = "flows", flow.pk, "pause"
    assert f'href="/portal/{customer.pk}/connections/flows/{flow.pk}/pause/"' in texts(page(client, customer, "flows", flow.pk))
    question = texts(page(client, customer, *address))
    assert "Stock-taking" in question
    assert "Pause “Webbutiken → e-conomic”?" in question
    assert post(client, customer, *address, reason="x" * 201) == []
    assert Flow.objects.get(pk=flow.pk).is_live
    assert "paused" in post(client, customer, *address, reason=" Inventering <i> till måndag ")[0]
    who = customer.memberships.get(role=Role.OPERATOR).user.username
    assert str(Flow.objects.get(pk=flow.pk).pause_reason) == f"Paused by {who}: Inventering <i> till måndag"
    for where in (("flows", flow.pk), ()):
        words = texts(page(reader, customer, *where))
        assert "Inventering &lt;i&gt; till måndag" in words, where
        assert f"by {who}" in words, where
    waits = texts(reader.get(f"/portal/{customer.pk}/orders/{order.pk}/"))
    assert f"its flow is paused. </h2> <p>Paused by {who}: Inventering" in waits.replace("paused.</h2>", "paused. </h2>")
    assert "active again" in post(client, customer, "flows", flow.pk, "resume")[0]
    for where in (("flows", flow.pk), ()):
        assert "Inventering" not in texts(page(reader, customer, *where)), where


def test_an_operator_pauses_and_resumes_a_flow_and_sees_who_paused_it(member: Member) -> None:
    client, customer = member(Role.OPERATOR)
    flow = flow_of(customer)
    assert "paused" in post(client, customer, "flows", flow.pk, "pause")[0]
    assert post(client, customer, "flows", flow.pk, "pause") == ["The flow is paused already."]
    (row,) = page(client, customer).context["found"][0].rows
    assert (row.state, row.paused_by) == ("paused", customer.memberships.get().user.username)
    assert f"by {row.paused_by}" in texts(page(client, customer))
    assert "active again" in post(client, customer, "flows", flow.pk, "resume")[0]
    services.pause_flow(flow, actor="sara")
    assert page(client, customer).context["found"][0].rows[0].paused_by == "sara"
    Flow.objects.filter(pk=flow.pk).update(trigger_statuses=[])
    assert "Choose which order statuses" in post(client, customer, "flows", flow.pk, "resume")[0]
    flow.refresh_from_db()
    assert flow.state == Flow.State.PAUSED


def test_what_never_began_or_is_no_part_of_the_main_flow_is_begun_by_staff(member: Member) -> None:
    client, customer = member(Role.OPERATOR)
    flow = flow_of(customer)
    stock = another(flow, Register.STOCK)
    products = another(flow, Register.PRODUCTS, state=Flow.State.ACTIVE)
    services.pause_flow(products, actor="sara")
    Connection.objects.filter(pk=flow.connection_id).update(main_flow="shop")
    for one in (stock, products):
        assert "Resume" not in texts(page(client, customer, "flows", one.pk))
        assert "We configure this flow" in post(client, customer, "flows", one.pk, "resume")[0]
    assert Flow.objects.filter(state=Flow.State.ACTIVE).count() == 1


def test_a_flow_is_started_once_a_minute_and_only_when_it_may_run(member: Member, started: list[int]) -> None:
    client, customer = member(Role.OPERATOR)
    flow = flow_of(customer)
    assert "started" in post(client, customer, "flows", flow.pk, "start")[0]
    assert "less than a minute ago" in post(client, customer, "flows", flow.pk, "start")[0]
    assert started == [flow.pk]
    cache.clear()
    Flow.objects.filter(pk=flow.pk).update(hindrance=Text("Stock is not part of Paket 100. Paket 200 has it."))
    assert post(client, customer, "flows", flow.pk, "start") == ["Stock is not part of Paket 100. Paket 200 has it."]
    Flow.objects.filter(pk=flow.pk).update(state=Flow.State.PAUSED, hindrance=Text(""))
    assert "is paused. Resume it" in post(client, customer, "flows", flow.pk, "start")[0]
    assert started == [flow.pk]


def test_a_system_that_did_not_let_us_in_is_tested_again_but_not_all_the_time(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, customer = member(Role.OPERATOR)
    shop = flow_of(customer).shop
    Endpoint.objects.filter(pk=shop.pk).update(health=Endpoint.Health.DENIED, trouble=DENIED)
    asked: list[Endpoint] = []

    def check(endpoint: Endpoint, *, actor: str) -> None:
        asked.append(endpoint)
        endpoint.health = Endpoint.Health.WORKING if len(asked) > 1 else Endpoint.Health.DENIED

    monkeypatch.setattr(services, "check_endpoint", check)
    assert post(client, customer, "systems", shop.pk, "test") == [f"Webbutiken: {DENIED}"]
    assert "a moment ago" in post(client, customer, "systems", shop.pk, "test")[0]
    cache.clear()
    assert post(client, customer, "systems", shop.pk, "test") == ["Webbutiken answers as it should."]
    assert asked == [shop, shop]


def verbs(flow: Flow) -> list[str]:
    own, joined = f"flows/{flow.pk}", flow.connection_id
    return [
        f"{own}/pause/", f"{own}/resume/", f"{own}/start/", f"{joined}/pause/", f"{joined}/resume/",
        f"systems/{flow.shop_id}/test/",
    ]  # fmt: skip


def test_readers_and_staff_look_and_change_nothing(member: Member, onlooker: Client, started: list[int]) -> None:
    reader, customer = member(Role.READER)
    flow = flow_of(customer)
    for client in (reader, onlooker):
        for address in ("", f"flows/{flow.pk}/"):
            html = texts(client.get(f"/portal/{customer.pk}/connections/{address}"))
            assert not any(verb in html for verb in verbs(flow))
        for verb in verbs(flow):
            assert client.post(f"/portal/{customer.pk}/connections/{verb}").status_code == 403
        for pause in (f"{flow.connection_id}/pause/", f"flows/{flow.pk}/pause/"):
            assert client.get(f"/portal/{customer.pk}/connections/{pause}").status_code == 403
    flow.refresh_from_db()
    assert flow.is_live
    assert started == []


def test_what_is_another_customers_does_not_exist(member: Member, started: list[int]) -> None:
    client, customer = member(Role.OWNER)
    theirs = flow_of(subscribed("Annan AB"))
    assert page(client, customer).context["found"] == []
    for address in (f"flows/{theirs.pk}/", f"flows/{theirs.pk}/pause/", f"{theirs.connection_id}/pause/"):
        assert client.get(f"/portal/{customer.pk}/connections/{address}").status_code == 404
    for verb in verbs(theirs):
        assert client.post(f"/portal/{customer.pk}/connections/{verb}").status_code == 404
    theirs.refresh_from_db()
    assert theirs.is_live
    assert started == []


def test_the_number_of_questions_does_not_grow_with_the_flows(member: Member, django_assert_num_queries: Any) -> None:
    client, customer = member(Role.OPERATOR)
    flow = flow_of(customer, cron="0 6 * * *")
    Run.objects.create(flow=flow, state=Run.State.DONE, started_at=timezone.now(), lease_until=timezone.now())
    with CaptureQueriesContext(connection) as few:
        page(client, customer)
    more = flow_of(customer)
    for one in (flow, more):
        for register in (Register.STATUS, Register.STOCK, Register.PRICES):
            services.pause_flow(another(one, register, cron="0 7 * * *", state=Flow.State.ACTIVE), actor="sara")
    for each in Flow.objects.all():
        Run.objects.create(flow=each, state=Run.State.DONE, started_at=timezone.now(), lease_until=timezone.now())
    with django_assert_num_queries(len(few)):
        assert sum(len(one.rows) for one in page(client, customer).context["found"]) == 8
    assert len(few) < 15


def test_the_pages_are_swedish_too(member: Member) -> None:
    client, customer = member(Role.READER)
    flow_of(customer)
    answer = client.get(f"/portal/{customer.pk}/connections/", headers={"accept-language": "sv"})
    assert "#2 Affärssystemet styr" in texts(answer)
    assert "Order inkl. kund" in texts(answer)
