"""Articles and statuses in the portal: what each was brought to, what may be tried again, and what is taken along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.models import Customer, Role
from connectors.base import Register
from connectors.errors import WhoActs
from flows.models import Item
from sharespine.lib.text import Text
from sharespine.portal import filtering, verbs
from sharespine.portal.item_log import WHOLE, narrowed
from tests.browser import seed
from tests.portal import ledger
from tests.portal.conftest import Member
from tests.portal.test_orders import rows_of, said, walk

pytestmark = pytest.mark.django_db
State = Item.State
MERCHANT: dict[str, Any] = {"state": State.STOPPED, "acts": WhoActs.MERCHANT, "error_code": ""}


def get(client: Client, customer: Customer, *parts: Any, **asked: Any) -> Any:
    answer = client.get("/".join(map(str, [f"/portal/{customer.pk}/items", *parts, ""])), asked)
    assert answer.status_code == 200
    return answer


def post(client: Client, customer: Customer, *parts: Any) -> Any:
    return client.post("/".join(map(str, [f"/portal/{customer.pk}/items", *parts, ""])), follow=True)


@pytest.mark.parametrize("most_parts", [1, 200])
def test_filters_and_pages_show_each_item_that_plain_python_would(
    member: Member, monkeypatch: pytest.MonkeyPatch, most_parts: int
) -> None:
    """Asked for flow by flow, or all together where there are too many flows."""
    monkeypatch.setattr(filtering, "MOST_PARTS", most_parts)
    _client, customer = member()
    first, _second, stock = ledger.flows(customer)
    own = [stock, ledger.another(first, Register.STATUS), ledger.another(first, Register.PRICES)]
    items = ledger.items(own, 70)
    ledger.items(ledger.flows(member()[1])[2:], 40)
    some = st.sampled_from

    @settings(max_examples=15)
    @given(
        flow=some(["", "", *(str(flow.pk) for flow in own), str(first.pk)]),
        register=some(["", "", "stock", "status", "prices", "orders"]),
        state=some(["", "", *State.values]),
        term=some(["", "", "ART-7", "art-1", "zzz"]),
        size=st.integers(1, 40),
    )
    def same(flow: str, register: str, state: str, term: str, size: int) -> None:
        asked = {"flow": flow, "register": register, "state": state, "q": term}
        request = RequestFactory().get("/", {name: value for name, value in asked.items() if value})
        log = narrowed(request, customer)
        # A flow of orders, and their register, cannot be chosen here: that narrows nothing.
        flow, register = flow if flow != str(first.pk) else "", register if register != "orders" else ""
        among = [item for item in items if (not flow or item.flow_id == int(flow))]
        among = [item for item in among if not register or register == next(f.register for f in own if f.pk == item.flow_id)]
        ways: tuple[Callable[[Item], bool], ...] = (
            lambda item: item.number.lower() == term.lower(),
            lambda item: item.number.lower().startswith(term.lower()),
        )
        hits = next((found for way in ways if (found := {item.pk for item in among if way(item)})), set())
        expected = [item.pk for item in among if (not state or item.state == state) and (not term or item.pk in hits)]
        walk(log, WHOLE, size, sorted(expected, reverse=True))

    same()


def test_a_list_asks_as_many_questions_of_many_rows_as_of_few(member: Member) -> None:
    asked = set()
    for count in (2, 60):
        client, customer = member()
        ledger.items(ledger.flows(customer)[2:], count, **MERCHANT)
        get(client, customer)
        with CaptureQueriesContext(connection) as captured:
            get(client, customer, state="stopped")
        asked.add(len(captured))
    assert len(asked) == 1
    assert asked.pop() <= 10


def test_empty_lists_say_why(member: Member) -> None:
    client, customer = member()
    assert "Only orders are transferred for you." in get(client, customer).content.decode()
    ledger.flows(customer)
    assert "Nothing has been fetched yet." in get(client, customer).content.decode()
    assert "Nothing matches" in get(client, customer, state="stopped").content.decode()


@pytest.mark.parametrize(
    ("values", "sentence", "may"),
    [
        ({"state": State.DONE, "written": "4 st", "written_at": timezone.now()}, "Webbutiken is as e-conomic says.", False),
        ({"state": State.DONE}, "There is nothing that Webbutiken has to be told.", False),
        ({"state": State.WAITING}, "with the next run", False),
        ({"state": State.RETRYING}, "We try again by ourselves.", True),
        ({"state": State.SKIPPED}, "It is left out", False),
        (MERCHANT, "Put it right in e-conomic or Webbutiken, then press Retry.", True),
        ({**MERCHANT, "error_code": "Gone"}, "It then goes by itself.", False),
        ({**MERCHANT, "acts": WhoActs.US}, "We are looking into it.", False),
    ],
)
def test_an_item_says_where_it_is_and_is_tried_again_only_where_the_merchant_acts(
    member: Member, values: dict[str, Any], sentence: str, may: bool
) -> None:
    client, customer = member(Role.OPERATOR)
    item = ledger.items(ledger.flows(customer)[2:], 1, payload={"hemligt": "hemligt"}, **values)[0]
    page = get(client, customer, item.pk).content.decode()
    assert sentence in page
    assert "hemligt" not in page
    assert (">Retry</button>" in page) is may
    answer = post(client, customer, item.pk, "retry")
    tried = Item.objects.get(pk=item.pk).message.message == "Tried again by %(actor)s."
    assert tried is may
    assert ("tried again with the next run" in said(answer)[0]) is may


def test_the_status_of_an_order_leads_to_the_order(member: Member) -> None:
    client, customer = member()
    flow = seed.flow(customer)
    order = seed.transfer(flow, 1042)
    item = ledger.items([ledger.another(flow, Register.STATUS)], 1, key=order.reference, number="1042")[0]
    assert f"/portal/{customer.pk}/orders/{order.pk}/" in get(client, customer, item.pk).content.decode()


def test_many_are_tried_again_and_the_rest_is_left_with_a_reason(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "LIMIT", 2)
    client, customer = member()
    stock = ledger.flows(customer)[2]
    for n, values in enumerate([MERCHANT] * 3 + [{**MERCHANT, "acts": WhoActs.US}, {"state": State.DONE}]):
        ledger.items([stock], 1, source_id=f"s{n}", **values)
    question = get(client, customer, "retry").content.decode()
    for words in ("Retry all 2", "1 stay for the next time", "1 is being looked after by us.", "1 is up to date."):
        assert words in question
    assert said(post(client, customer, "retry")) == [
        "2 are tried again with the next run. The rest waits: press Retry all again."
    ]
    assert said(post(client, customer, "retry")) == ["1 is tried again with the next run."]
    assert "Nothing was done" in said(post(client, customer, "retry"))[0]
    assert Item.objects.filter(state=State.WAITING).count() == 3


def test_nobody_reaches_the_items_of_another_customer(member: Member, onlooker: Client) -> None:
    """By page, search, filter, export, or trying again, one or all; nor does who only looks on change anything."""
    client, customer = member()
    reader, _same = member(Role.READER, customer)
    _other, theirs = member()
    stock, foreign = ledger.flows(customer)[2], ledger.flows(theirs)[2]
    mine = ledger.items([stock], 2, **MERCHANT)
    hidden = ledger.items([foreign], 2, number="HEMLIG", message=Text("Hemligt."), **MERCHANT)
    assert get(client, customer, q="HEMLIG").context["page"].rows == []
    assert len(get(client, customer, flow=str(foreign.pk)).context["page"].rows) == 2
    for item in hidden:
        assert client.get(f"/portal/{customer.pk}/items/{item.pk}/").status_code == 404
        assert client.post(f"/portal/{customer.pk}/items/{item.pk}/retry/").status_code == 404
        assert client.get(f"/portal/{theirs.pk}/items/{item.pk}/").status_code == 404
    headings, *rows = rows_of(get(client, customer, "export", "csv"))
    assert {row[0] for row in rows} == {item.number for item in mine}
    assert headings[:4] == ["Article or order", "Name", "Register", "From"]
    for looker in (reader, onlooker):
        assert looker.post(f"/portal/{customer.pk}/items/{mine[0].pk}/retry/").status_code == 403
        assert looker.post(f"/portal/{customer.pk}/items/retry/").status_code == 403
        assert ">Retry" not in get(looker, customer).content.decode()
    post(client, customer, "retry")
    assert Item.objects.filter(flow=foreign, state=State.STOPPED).count() == 2
    assert Item.objects.filter(flow=stock, state=State.WAITING).count() == 2
