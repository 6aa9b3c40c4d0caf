"""Runs in the portal: what each saw and did, in words, and nothing that is for staff."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.models import Customer, Role
from flows.models import Item, Run, Transfer
from sharespine.portal.runs import KINDS, WHOLE, narrowed
from tests.portal import ledger
from tests.portal.conftest import Member
from tests.portal.test_orders import rows_of, walk

pytestmark = pytest.mark.django_db


def get(client: Client, customer: Customer, *parts: Any, **asked: Any) -> Any:
    answer = client.get("/".join(map(str, [f"/portal/{customer.pk}/runs", *parts, ""])), asked)
    assert answer.status_code == 200
    return answer


def test_filters_and_pages_show_each_run_that_plain_python_would(member: Member) -> None:
    _client, customer = member()
    own = ledger.flows(customer)
    registers = {flow.pk: flow.register for flow in own}
    runs = ledger.runs(own, 80)
    ledger.runs(ledger.flows(member()[1]), 40)
    some = st.sampled_from
    days = [date(2026, 10, 1) + timedelta(days=n) for n in (0, 4, 30, 59)]

    @settings(max_examples=20)
    @given(
        flow=some(["", "", *(str(flow.pk) for flow in own), "17x"]),
        register=some(["", "", "orders", "stock", "prices"]),
        state=some(["", "", *Run.State.values]),
        kind=some(["", "", *Run.Kind.values]),
        first=some([None, *days]),
        last=some([None, *days]),
        size=st.integers(1, 40),
    )
    def same(flow: str, register: str, state: str, kind: str, first: Any, last: Any, size: int) -> None:
        asked = {"flow": flow, "register": register, "state": state, "kind": kind, "first": first, "last": last}
        log = narrowed(RequestFactory().get("/", {name: value for name, value in asked.items() if value}), customer)
        expected = [
            run.pk
            for run in sorted(runs, key=lambda run: -run.pk)
            if run.kind in KINDS
            and (not flow.isdigit() or run.flow_id == int(flow))
            and (register not in registers.values() or registers[run.flow_id] == register)
            and (not state or run.state == state)
            and (kind not in KINDS or run.kind == kind)
            and (first is None or timezone.localtime(run.started_at).date() >= first)
            and (last is None or timezone.localtime(run.started_at).date() <= last)
        ]
        walk(log, WHOLE, size, expected)

    same()


def test_a_run_says_what_it_did_and_what_stopped(member: Member) -> None:
    client, customer = member(Role.READER)
    first, _second, stock = ledger.flows(customer)
    now = timezone.now()
    both = {"started_at": now - timedelta(seconds=75), "ended_at": now, "lease_until": now, "kind": "sweep", "stopped": 1}
    run = Run.objects.create(flow=first, state=Run.State.DONE, seen=1200, sent=2, **both)
    order = ledger.orders([first], 1, run=run, state=Transfer.State.STOPPED)[0]
    page = get(client, customer, run.pk).content.decode()
    for words in ("1\xa0200 seen, 2 sent, 1 stopped", "1 min 15 s", "daily check", f"/orders/{order.pk}/"):
        assert words in page
    of_stock = Run.objects.create(flow=stock, state=Run.State.DONE, written=3, **both)
    item = ledger.items([stock], 1, run=of_stock, state=Item.State.STOPPED)[0]
    page = get(client, customer, of_stock.pk).content.decode()
    assert "0 seen, 3 written, 1 stopped" in page
    assert f"/items/{item.pk}/" in page


def test_a_run_under_way_is_followed_and_one_that_failed_says_why(member: Member) -> None:
    client, customer = member()
    flow = ledger.flows(customer)[0]
    assert "Nothing has run yet." in get(client, customer).content.decode()
    failed = next(run for run in ledger.runs([flow], 60) if run.state == Run.State.FAILED and run.kind in KINDS)
    page = get(client, customer, failed.pk).content.decode()
    assert "What answered is not the system we expected." in page
    assert "nothing is lost and nothing is sent twice" in page
    assert "data-live" not in page + get(client, customer).content.decode()
    for text in (page, get(client, customer).content.decode()):
        assert "hemligt" not in text
        assert "worker-7" not in text
    now = timezone.now()
    live = Run.objects.create(flow=flow, started_at=now, lease_until=now + timedelta(minutes=1))
    assert "data-live" in get(client, customer, live.pk).content.decode()
    assert "data-live" in get(client, customer).content.decode()
    assert "No run matches" in get(client, customer, first="2020-01-01", last="2020-01-01").content.decode()


def test_what_staff_only_try_is_no_run_of_the_merchant(member: Member) -> None:
    client, customer = member()
    runs = ledger.runs(ledger.flows(customer)[:1], 60)
    shown = {run.pk for run in runs if run.kind in KINDS}
    assert 0 < len(shown) < len(runs)
    for run in runs:
        assert client.get(f"/portal/{customer.pk}/runs/{run.pk}/").status_code == (200 if run.pk in shown else 404)
    headings, *rows = rows_of(get(client, customer, "export", "csv"))
    assert [int(row[0].strip("#")) for row in rows] == sorted(shown, reverse=True)
    assert not [cell for row in rows for cell in row if "hemligt" in cell or "worker" in cell]
    assert headings[-1] == "What happened"


def test_a_list_asks_as_many_questions_of_many_rows_as_of_few(member: Member) -> None:
    asked = set()
    for count in (6, 90):
        client, customer = member()
        ledger.runs(ledger.flows(customer), count)
        get(client, customer)
        with CaptureQueriesContext(connection) as captured:
            get(client, customer)
        asked.add(len(captured))
    assert len(asked) == 1
    assert asked.pop() <= 10


def test_nobody_reaches_the_runs_of_another_customer(member: Member, onlooker: Client) -> None:
    client, customer = member()
    _other, theirs = member()
    mine, foreign = ledger.flows(customer), ledger.flows(theirs)
    ledger.runs(mine[:1], 6)
    hidden = ledger.runs(foreign[:1], 6)
    assert all(run.flow_id == mine[0].pk for run in get(client, customer, flow=str(foreign[0].pk)).context["page"].rows)
    for run in hidden:
        assert client.get(f"/portal/{customer.pk}/runs/{run.pk}/").status_code == 404
    for path in ("", f"{hidden[0].pk}/", "export/csv/"):
        assert client.get(f"/portal/{theirs.pk}/runs/{path}").status_code == 404
    assert len(rows_of(get(onlooker, customer, "export", "csv"))) == len(rows_of(get(client, customer, "export", "csv")))
