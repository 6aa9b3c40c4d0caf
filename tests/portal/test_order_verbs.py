"""What a merchant does to several orders at once: asked about first, done to those that it means, and to nobody else's."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import Customer, Role
from connectors.errors import WhoActs
from flows.models import Event, Transfer
from sharespine.portal import verbs
from tests.portal import ledger
from tests.portal.conftest import Member
from tests.portal.test_orders import MERCHANT, get, post, said

pytestmark = pytest.mark.django_db
State = Transfer.State
CHANGED: dict[str, Any] = {"state": State.SENT, "attention": True}


def waiting_for_somebody() -> set[int]:
    """The orders that were changed after the transfer, and not handled."""
    return set(Transfer.objects.filter(attention=True).values_list("pk", flat=True))


def ids(orders: list[Transfer]) -> set[int]:
    return {order.pk for order in orders}


def boxes(page: str) -> set[int]:
    return {int(pk) for pk in re.findall(r'<input class="tick"[^>]* value="(\d+)"', page)}


def ticked(client: Client, customer: Customer, verb: str, orders: list[Transfer] | list[str], **kept: str) -> str:
    """The address to which a browser goes that ticks the orders in a list and presses the button of a verb."""
    rows = [("row", order.pk if isinstance(order, Transfer) else order) for order in orders]
    return f"/portal/{customer.pk}/orders/{verb}/?" + urlencode([*kept.items(), *rows, ("ticked", "yes")])


def test_all_changed_orders_of_a_list_are_asked_about_and_marked_as_handled_the_oldest_first(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verbs, "LIMIT", 3)
    client, customer = member(Role.OPERATOR)
    flow = ledger.flows(customer)[0]
    changed = ledger.orders([flow], 5, **CHANGED)
    ledger.orders([flow], 2, state=State.SENT, attention=False)
    ledger.orders([flow], 1, **MERCHANT)
    assert "orders/handled/?view=changed" in get(client, customer, view="changed").content.decode()
    question = get(client, customer, "handled").content.decode()
    for words in (
        "3 orders are affected.",
        "Mark 3 orders as handled",
        "2 stay for the next time",
        "2 have no change to be handled.",
        "1 is not in the ERP, so it stays as it is.",
    ):
        assert words in question
    assert waiting_for_somebody() == ids(changed)
    assert said(post(client, customer, "handled", reason="Credited by hand")) == [
        "3 orders are marked as handled. The rest waits: press Mark all as handled again."
    ]
    assert waiting_for_somebody() == ids(changed[3:])
    events = Event.objects.filter(kind="staff")
    assert {event.transfer_id for event in events} == ids(changed[:3])
    assert all("Credited by hand" in str(event.text) and event.actor.startswith("operator") for event in events)
    assert said(post(client, customer, "handled")) == ["2 orders are marked as handled."]
    assert said(post(client, customer, "handled")) == [
        "Nothing was done: there is no order any more with a change to be handled."
    ]
    assert "There is no order here with a change" in get(client, customer, "handled").content.decode()
    assert Transfer.objects.filter(state=State.SENT).count() == 7


def test_what_is_ticked_is_done_and_nothing_else(member: Member) -> None:
    """As a browser without scripts does it: the form of the list, its boxes and its two buttons."""
    client, customer = member(Role.OPERATOR)
    flow = ledger.flows(customer)[0]
    changed, stopped = ledger.orders([flow], 3, **CHANGED), ledger.orders([flow], 3, **MERCHANT)
    ledger.orders([flow], 1, state=State.STOPPED, acts=WhoActs.US)
    page = get(client, customer, view="mine").content.decode()
    assert boxes(page) == ids(changed) | ids(stopped)
    form = re.search(r'<form method="get" action="([^"]*/orders/retry/)">(.*?)</form>', page, re.DOTALL)
    assert form
    assert '<input type="hidden" name="view" value="mine">' in form[2]
    assert re.search(rf'<button name="ticked" value="yes" formaction="/portal/{customer.pk}/orders/handled/">', form[2])
    address = ticked(client, customer, "handled", changed[:2], view="mine")
    question = html.unescape(client.get(address).content.decode())
    assert "Mark 2 orders as handled" in question
    assert f"/portal/{customer.pk}/orders/?view=mine" in question
    answer = client.post(address, {"reason": "Rättad"}, follow=True)
    assert said(answer) == ["2 orders are marked as handled."]
    assert answer.request["QUERY_STRING"] == "view=mine"
    assert waiting_for_somebody() == ids(changed[2:])
    assert said(client.post(ticked(client, customer, "retry", stopped[1:2]), follow=True)) == ["1 order is tried again."]
    assert ids(list(Transfer.objects.filter(state=State.WAITING))) == ids(stopped[1:2])


def test_a_list_of_which_nothing_can_be_done_has_nothing_to_tick(member: Member) -> None:
    client, customer = member(Role.OPERATOR)
    ledger.orders(ledger.flows(customer)[:1], 3, state=State.SENT, attention=False)
    page = get(client, customer).content.decode()
    assert "ticked" not in page
    assert "handled" not in page


@pytest.mark.parametrize("verb", ["retry", "handled"])
def test_who_ticks_nothing_is_told_so_and_nothing_is_done(member: Member, verb: str) -> None:
    client, customer = member(Role.OPERATOR)
    flow = ledger.flows(customer)[0]
    changed = ledger.orders([flow], 2, **CHANGED)
    ledger.orders([flow], 2, **MERCHANT)
    for rows in ([], ["", "x", "-1", "1e3"]):
        address = ticked(client, customer, verb, rows, view="mine")
        for answer in (client.get(address, follow=True), client.post(address, follow=True)):
            assert said(answer) == ["Nothing was done: none is ticked. Tick those that you mean, and press again."]
            assert answer.request["QUERY_STRING"] == "view=mine"
    assert waiting_for_somebody() == ids(changed)
    assert Transfer.objects.filter(state=State.STOPPED).count() == 2
    assert client.get(ticked(client, customer, verb, ["9" * 18])).status_code == 200
    assert client.get(ticked(client, customer, verb, ["9" * 40])).status_code == 302


def test_what_happened_to_a_ticked_order_meanwhile_is_said(member: Member) -> None:
    client, customer = member(Role.OPERATOR)
    flow = ledger.flows(customer)[0]
    handled, busy, changed = ledger.orders([flow], 3, **CHANGED)
    Transfer.objects.filter(pk=handled.pk).update(attention=False)
    Transfer.objects.filter(pk=busy.pk).update(owner="worker-1", lease_until=timezone.now() + timedelta(minutes=5))
    address = ticked(client, customer, "handled", [handled, busy, changed], view="changed")
    assert "1 has no change to be handled." in client.get(address).content.decode()
    assert said(client.post(address, follow=True)) == [
        "1 order is marked as handled. 1 was left alone: something else is being done to it just now."
    ]
    assert waiting_for_somebody() == {busy.pk}


@pytest.mark.parametrize("verb", ["retry", "handled"])
def test_nobody_does_anything_to_the_orders_of_another_customer(member: Member, verb: str) -> None:
    """Those that are ticked in an address of one's own are as good as none, and those of a list are only one's own."""
    client, customer = member()
    _other, theirs = member()
    own, foreign = ledger.flows(customer)[:1], ledger.flows(theirs)[:1]
    for flows in (own, foreign):
        ledger.orders(flows, 2, **CHANGED)
        ledger.orders(flows, 2, **MERCHANT)
    hidden = list(Transfer.objects.filter(customer=theirs))
    address = ticked(client, customer, verb, hidden)
    page, nowhere = client.get(address).content.decode(), client.get(ticked(client, customer, verb, ["9" * 9])).content.decode()
    token = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|name="next" value="[^"]*"')
    assert token.sub("", page) == token.sub("", nowhere)
    assert "Nothing was done" in said(client.post(address, follow=True))[0]
    post(client, customer, verb)
    for path in (f"/portal/{theirs.pk}/orders/{verb}/", ticked(client, theirs, verb, hidden)):
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404
    assert Transfer.objects.filter(customer=theirs, attention=True).count() == 2
    assert Transfer.objects.filter(customer=theirs, state=State.STOPPED).count() == 2
    assert not Event.objects.filter(transfer__customer=theirs).exists()
    assert Event.objects.filter(transfer__customer=customer).count() == 2


def test_who_only_reads_or_looks_on_ticks_nothing_and_marks_nothing(member: Member, onlooker: Client) -> None:
    reader, customer = member(Role.READER)
    changed = ledger.orders(ledger.flows(customer)[:1], 2, **CHANGED)
    for client in (reader, onlooker):
        page = get(client, customer, view="changed").content.decode()
        assert boxes(page) == set()
        assert "Mark all as handled" not in page
        for address in (f"/portal/{customer.pk}/orders/handled/", ticked(client, customer, "handled", changed)):
            assert client.get(address).status_code == 403
            assert client.post(address).status_code == 403
    assert waiting_for_somebody() == ids(changed)


def test_as_many_questions_are_asked_for_many_orders_as_for_few(member: Member) -> None:
    asked: dict[tuple[str, int], int] = {}
    for count in (2, 60):
        client, customer = member()
        flow = ledger.flows(customer)[0]
        meant = {"handled": ledger.orders([flow], count, **CHANGED), "retry": ledger.orders([flow], count, **MERCHANT)}
        get(client, customer)
        for verb, orders in meant.items():
            for name, ask in (("asks", client.get), ("does", client.post)):
                with CaptureQueriesContext(connection) as captured:
                    assert ask(ticked(client, customer, verb, orders)).status_code in (200, 302)
                asked[(f"{verb} {name}", count)] = len(captured)
        assert not Transfer.objects.filter(customer=customer, attention=True).exists()
    for what in ("handled asks", "handled does", "retry asks", "retry does"):
        assert asked[(what, 2)] == asked[(what, 60)]
    assert asked[("handled asks", 60)] <= asked[("retry asks", 60)] <= 10
    assert asked[("handled does", 60)] <= asked[("retry does", 60)] <= 25
