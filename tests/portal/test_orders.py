"""The transfer log: what it shows, to whom, what may be tried again, and what is taken along."""

from __future__ import annotations

import csv
import io
import logging
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import tablib
from django.db import connection
from django.db.models import QuerySet
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.models import Customer, Role
from connectors.errors import WhoActs
from flows import finding
from flows.models import Event, Flow, Transfer
from sharespine.lib.text import Text
from sharespine.portal import exports, paging, verbs
from sharespine.portal.filtering import Narrowed
from sharespine.portal.order_log import LISTED, narrowed
from tests.browser import seed
from tests.portal import ledger
from tests.portal.conftest import Member

pytestmark = pytest.mark.django_db
State = Transfer.State
MERCHANT: dict[str, Any] = {"state": State.STOPPED, "acts": WhoActs.MERCHANT}
#: What each view shows, told of one order in plain Python.
VIEWS: dict[str, Callable[[Transfer], bool]] = {
    "": lambda order: True,
    "mine": lambda order: (order.state == "stopped" and order.acts == "merchant") or order.attention,
    "ours": lambda order: order.state == "uncertain" or (order.state == "stopped" and order.acts != "merchant"),
    "waiting": lambda order: order.state in ("waiting", "sending", "retrying"),
    "held": lambda order: order.state == "held",
    "sent": lambda order: order.state == "sent",
    "skipped": lambda order: order.state == "skipped",
    "changed": lambda order: order.attention,
}


def get(client: Client, customer: Customer, *parts: Any, **asked: Any) -> Any:
    answer = client.get("/".join(map(str, [f"/portal/{customer.pk}/orders", *parts, ""])), asked)
    assert answer.status_code == 200
    return answer


def shown(answer: Any) -> list[int]:
    return [order.pk for order in answer.context["page"].rows]


def rows_of(answer: Any) -> list[list[str]]:
    """The rows of a file of comma-separated values, headings first."""
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}")
    return list(csv.reader(io.StringIO(text[1:]), delimiter=";"))


# --- the list -----------------------------------------------------------------------------------------------------------------


def test_filters_pages_and_exports_show_each_order_that_plain_python_would(member: Member) -> None:
    """Any filters together, any size of a page: walking older and back shows each row once, and so does what is exported."""
    _client, customer = member()
    own = ledger.flows(customer)
    orders = ledger.orders(own[:2], 80)
    ledger.orders(ledger.flows(member()[1])[:2], 60)
    by_number = {order.number: order for order in orders}
    days = [date(2026, 10, 1) + timedelta(days=n) for n in (0, 4, 9, 30, 59)]
    some = st.sampled_from

    @settings(max_examples=40)
    @given(
        view=some(list(VIEWS)),
        flow=some(["", str(own[0].pk), str(own[1].pk), str(own[2].pk), "nonsense"]),
        state=some(["", "", *State.values]),
        first=some([None, None, *days]),
        last=some([None, None, *days]),
        cause=some(["", "", *ledger.CAUSES]),
        term=some(["", "", "1", *list(by_number)[:3], "4000", "anna", "ÅKESSON", "bygg", "zzz"]),
        size=st.integers(1, 60),
    )
    def same(view: str, flow: str, state: str, first: Any, last: Any, cause: str, term: str, size: int) -> None:
        asked = {"view": view, "flow": flow, "state": state, "first": first, "last": last, "cause": cause, "q": term}
        request = RequestFactory().get("/", {name: value for name, value in asked.items() if value})
        log = narrowed(request, customer)
        found = _found(orders, term)
        expected = [
            order.pk
            for order in sorted(orders, key=lambda order: -order.pk)
            if VIEWS[view](order)
            and (not flow.isdigit() or flow == str(own[2].pk) or order.flow_id == int(flow))
            and (not state or order.state == state)
            and (first is None or (order.placed_at is not None and _day(order.placed_at) >= first))
            and (last is None or (order.placed_at is not None and _day(order.placed_at) <= last))
            and (not cause or (order.cause == cause and (order.state in ("stopped", "uncertain") or order.attention)))
            and (found is None or order.pk in found)
        ]
        walk(log, LISTED, size, expected)

    same()


def _day(moment: datetime) -> date:
    return timezone.localtime(moment).date()


def _found(orders: list[Transfer], term: str) -> set[int] | None:
    """Those that a term finds, by the first of the ways that finds any. None where nothing is looked for."""
    if not term:
        return None
    small = term.lower()
    ways: tuple[Callable[[Transfer], bool], ...] = (
        lambda order: small in (order.number, order.target_id),
        lambda order: (
            order.number.startswith(small) or order.target_id.startswith(small) or order.buyer.lower().startswith(small)
        ),
        lambda order: small in order.buyer.lower(),
    )
    return next((hits for way in ways if (hits := {order.pk for order in orders if way(order)})), set())


def walk(log: Narrowed, whole: QuerySet[Any], size: int, expected: list[int]) -> None:
    """The rows are the expected ones: all at once, and page by page, older and older to the end, then back."""
    assert [row.pk for row in paging.every(log.parts, whole, chunk=size)] == expected
    assert log.rows.count() == len(expected)

    def at(address: str) -> paging.Page:
        asked = RequestFactory().get(f"/{address}").GET
        assert {name: asked[name] for name in log.kept} == log.kept
        return paging.page(log.parts, whole, asked, log.kept, size=size)

    page = at("?" + log.query)
    assert page.newer == page.newest == ""
    seen = [row.pk for row in page.rows]
    while page.older:
        page = at(page.older)
        seen += [row.pk for row in page.rows]
    assert seen == expected
    back = [row.pk for row in page.rows]
    while page.newer:
        page = at(page.newer)
        back = [row.pk for row in page.rows] + back
        if len(page.rows) < size:
            # The newest page: it is all that is newer.
            break
    assert back == expected


def test_a_page_that_is_no_more_is_the_first_one(member: Member) -> None:
    client, customer = member()
    orders = ledger.orders(ledger.flows(customer)[:1], 30)
    first = [order.pk for order in reversed(orders)][:25]
    for place in ({"before": 1}, {"after": orders[-1].pk}, {"before": "9" * 40}, {"after": "x"}, {"after": 2**63 - 1}):
        assert shown(get(client, customer, **place)) == first


def test_rows_that_come_in_meanwhile_move_nothing(member: Member) -> None:
    client, customer = member()
    own = ledger.flows(customer)[:1]
    orders = ledger.orders(own, 40)
    older = get(client, customer).context["page"].older
    ledger.orders(own, 10)
    answer = client.get(f"/portal/{customer.pk}/orders/{older}")
    assert shown(answer) == [order.pk for order in reversed(orders)][25:]


def test_a_list_says_in_words_that_it_is_empty(member: Member) -> None:
    client, customer = member()
    assert "No order has been fetched yet" in get(client, customer).content.decode()
    ledger.orders(ledger.flows(customer)[:1], 3, state=State.SENT, attention=False)
    assert "No order matches" in get(client, customer, q="zzz").content.decode()
    assert "No order waits for you." in get(client, customer, view="mine").content.decode()


def test_what_makes_no_sense_narrows_nothing_and_is_said_at_its_field(member: Member) -> None:
    client, customer = member()
    orders = ledger.orders(ledger.flows(customer)[:1], 5)
    answer = get(client, customer, view="?", state="none", first="2026-13-01", last="0001-01-01", flow="-1", q="a\0")
    assert len(shown(answer)) == len(orders)
    assert answer.content.decode().count('aria-invalid="true"') == 5


def test_days_are_those_of_the_customer_with_both_ends(member: Member) -> None:
    client, customer = member()
    Customer.objects.filter(pk=customer.pk).update(time_zone="America/New_York")
    flow = ledger.flows(customer)[0]
    at = datetime.fromisoformat
    late, next_day = (
        ledger.orders([flow], 1, placed_at=at(moment))[0]
        for moment in ("2026-11-03T04:59:59+00:00", "2026-11-03T05:00:00+00:00")
    )
    assert shown(get(client, customer, first="2026-11-02", last="2026-11-02")) == [late.pk]
    assert shown(get(client, customer, first="2026-11-03")) == [next_day.pk]
    assert "2026-11-02 23:59" in get(client, customer, late.pk).content.decode()


def test_a_search_that_finds_too_many_says_so(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "LIMIT", 4)
    monkeypatch.setattr(finding.matching, "__kwdefaults__", {"customer": None, "limit": 4})
    client, customer = member()
    ledger.orders(ledger.flows(customer)[:1], 9, state=State.WAITING)
    assert "and only some of them are shown" in get(client, customer, q="1").content.decode()


def test_a_list_asks_as_many_questions_of_many_rows_as_of_few(member: Member) -> None:
    asked = {}
    for count in (2, 60):
        client, customer = member()
        ledger.orders(ledger.flows(customer)[:2], count, **MERCHANT)
        get(client, customer)
        for path in ((), ("retry",)):
            with CaptureQueriesContext(connection) as captured:
                get(client, customer, *path, view="mine")
            asked[(count, path)] = len(captured)
    assert asked[(2, ())] == asked[(60, ())] <= 10
    assert asked[(2, ("retry",))] == asked[(60, ("retry",))] <= 10


def test_a_change_that_has_no_words_of_its_own_is_named_all_the_same(member: Member) -> None:
    client, customer = member()
    orders = ledger.orders(ledger.flows(customer)[:1], 2, state=State.SENT, attention=True, cause="", message=Text(""))
    words = "The order was changed in the shop after the transfer."
    assert get(client, customer, view="changed").content.decode().count(words) == len(orders)
    overview = client.get(f"/portal/{customer.pk}/").content.decode()
    assert words in overview
    assert "orders/?view=changed" in overview


# --- one order ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"state": State.SENT}, "The order is in e-conomic as order 41042."),
        ({"state": State.SENT, "attention": True}, "was changed in the shop afterwards"),
        ({"state": State.SENT, "attention": True, "error_code": "PluginFailed"}, "something that belongs to it failed"),
        ({"state": State.WAITING}, "waits for its turn"),
        ({"state": State.SENDING}, "on its way into e-conomic right now"),
        ({"state": State.RETRYING}, "We try again by ourselves."),
        ({"state": State.HELD}, "waits for room"),
        ({"state": State.UNCERTAIN}, "it is not sent twice"),
        ({"state": State.SKIPPED}, "The order is left out, so it is not in e-conomic."),
        ({"state": State.SKIPPED, "error_code": "SkippedByHand"}, "somebody decided so"),
        (MERCHANT, "something has to be put right first"),
        ({"state": State.STOPPED, "acts": WhoActs.STAFF}, "We are looking into it."),
        ({"state": State.STOPPED, "acts": WhoActs.US}, "You need not do anything."),
    ],
)
def test_an_order_says_where_it_is(member: Member, values: dict[str, Any], sentence: str) -> None:
    client, customer = member()
    order = seed.transfer(seed.flow(customer), 1042, **values)
    page = get(client, customer, order.pk).content.decode()
    assert sentence in page
    moves = values["state"] in (State.WAITING, State.SENDING, State.RETRYING, State.UNCERTAIN)
    assert ("data-live" in page) is moves


def test_an_order_that_waits_says_when_its_flow_does_not_run(member: Member) -> None:
    client, customer = member()
    flow = seed.flow(customer, state=Flow.State.PAUSED)
    order = seed.transfer(flow, 1042, State.WAITING)
    assert "its flow is paused" in get(client, customer, order.pk).content.decode()
    Flow.objects.filter(pk=flow.pk).update(state=Flow.State.ACTIVE, hindrance=Text("Package 200 has this."))
    assert "Package 200 has this." in get(client, customer, order.pk).content.decode()


def test_an_order_shows_its_rows_and_its_way_and_nothing_for_staff(member: Member) -> None:
    client, customer = member()
    order = seed.stopped(seed.flow(customer), 1043, seed.BARRED, sku="MOSSA-1")
    Event.objects.filter(transfer=order, kind="stopped").update(data={"evidence": "POST /orders → 400 hemligt"})
    page = get(client, customer, order.pk).content.decode()
    for word in ("Mössa, grå", "MOSSA-1", "Postnord, till ombud", "VAT 25", "Fetched from the shop.", order.reference):
        assert word in page
    assert "Lift the bar there and press Retry." in page
    for word in ("hemligt", "InvalidRecord", "/orders/drafts", "kund@example.se"):
        assert word not in page


def test_an_order_whose_details_are_gone_says_so(member: Member) -> None:
    client, customer = member()
    order = seed.transfer(seed.flow(customer), 1044, payload={"cancelled": False}, buyer="", slimmed_at=timezone.now())
    Event.objects.all().delete()
    page = get(client, customer, order.pk).content.decode()
    assert "They are still in the shop and in the ERP." in page
    assert "only what somebody decided is kept" in page


# --- trying again -------------------------------------------------------------------------------------------------------------


def post(client: Client, customer: Customer, *parts: Any, **data: str) -> Any:
    return client.post("/".join(map(str, [f"/portal/{customer.pk}/orders", *parts, ""])), data, follow=True)


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def test_a_merchant_tries_again_what_it_was_to_put_right_and_what_is_tried_later_anyway(member: Member) -> None:
    client, customer = member(Role.OPERATOR)
    flow = seed.flow(customer)
    stopped = seed.stopped(flow, 1, seed.BARRED, sku="A")
    later = seed.transfer(flow, 2, State.RETRYING)
    for order in (stopped, later):
        answer = post(client, customer, order.pk, "retry", reason="The bar is lifted")
        assert said(answer) == ["The order is tried again now. If it is already in the ERP, it is found there."]
        order.refresh_from_db()
        assert (order.state, order.message.message) == (State.WAITING, "")
        event = order.events.latest("id")
        assert event.actor.startswith("operator")
        assert "The bar is lifted" in str(event.text)


@pytest.mark.parametrize(
    "values",
    [
        {"state": State.STOPPED, "acts": WhoActs.STAFF},
        {"state": State.STOPPED, "acts": WhoActs.US},
        *({"state": state} for state in State.values if state not in (State.STOPPED, State.RETRYING)),
    ],
)
def test_a_merchant_does_not_try_again_what_others_see_to(member: Member, values: dict[str, Any]) -> None:
    client, customer = member()
    order = seed.transfer(seed.flow(customer), 3, **values)
    assert "try it again" in said(post(client, customer, order.pk, "retry"))[0]
    assert Transfer.objects.get(pk=order.pk).state == values["state"]
    assert not order.events.filter(kind="staff").exists()
    assert f"orders/{order.pk}/retry" not in get(client, customer, order.pk).content.decode()


def test_a_merchant_says_that_a_change_is_taken_care_of(member: Member) -> None:
    client, customer = member()
    order = seed.transfer(seed.flow(customer), 4, attention=True)
    assert "Mark as handled" in get(client, customer, order.pk).content.decode()
    assert said(post(client, customer, order.pk, "handled", reason="Credited")) == ["The order is marked as handled."]
    order.refresh_from_db()
    assert not order.attention
    assert "left alone" in said(post(client, customer, order.pk, "handled"))[0]


def test_many_are_asked_about_and_tried_again_the_oldest_first(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "LIMIT", 3)
    client, customer = member()
    flow = ledger.flows(customer)[0]
    orders = ledger.orders([flow], 5, **MERCHANT)
    ledger.orders([flow], 2, state=State.STOPPED, acts=WhoActs.US)
    ledger.orders([flow], 1, state=State.SENT)
    question = get(client, customer, "retry").content.decode()
    assert "Retry 3 orders" in question
    assert "2 stay for the next time" in question
    assert "2 are being looked after by us." in question
    assert "1 is already in the ERP." in question
    assert Transfer.objects.filter(state=State.WAITING).count() == 0
    answer = post(client, customer, "retry", reason="Lifted")
    assert said(answer) == ["3 orders are tried again. The rest waits: press Retry all again."]
    assert set(Transfer.objects.filter(state=State.WAITING).values_list("pk", flat=True)) == {order.pk for order in orders[:3]}
    assert said(post(client, customer, "retry")) == ["2 orders are tried again."]
    assert "Nothing was done" in said(post(client, customer, "retry"))[0]


def test_only_those_of_the_cause_are_tried_again(member: Member) -> None:
    client, customer = member()
    flow = ledger.flows(customer)[0]
    for cause in ledger.CAUSES:
        ledger.orders([flow], 2, cause=cause, message=Text(cause), **MERCHANT)
    page = get(client, customer, view="mine", cause=ledger.CAUSES[0])
    assert "Only those for this reason: Article … is barred." in page.content.decode()
    address = re.search(r'href="([^"]*/retry/\?[^"]*)"', page.content.decode())
    assert address
    assert client.post(address[1].replace("&amp;", "&")).status_code == 302
    left = Transfer.objects.filter(state=State.STOPPED).values_list("cause", flat=True)
    assert list(left) == [ledger.CAUSES[1]] * 2


def test_readers_and_onlookers_see_the_log_and_change_nothing(member: Member, onlooker: Client) -> None:
    reader, customer = member(Role.READER)
    flow = seed.flow(customer)
    order, changed = seed.stopped(flow, 5, seed.BARRED, sku="A"), seed.transfer(flow, 6, attention=True)
    for client in (reader, onlooker):
        for page in (get(client, customer, view="mine"), get(client, customer, order.pk), get(client, customer, changed.pk)):
            assert f"/portal/{customer.pk}/orders/retry/" not in page.content.decode()
            assert "Mark as handled</button>" not in page.content.decode()
            assert ">Retry</button>" not in page.content.decode()
        for path in (f"{order.pk}/retry/", "retry/", f"{changed.pk}/handled/"):
            assert client.post(f"/portal/{customer.pk}/orders/{path}").status_code == 403
        assert client.get(f"/portal/{customer.pk}/orders/retry/").status_code == 403
        assert len(rows_of(get(client, customer, "export", "csv"))) == 3
    assert Transfer.objects.filter(pk=order.pk, state=State.STOPPED).exists()


# --- taking along -------------------------------------------------------------------------------------------------------------


def test_a_list_is_taken_along_as_a_swedish_spreadsheet_opens_it(member: Member, caplog: pytest.LogCaptureFixture) -> None:
    client, customer = member(Role.READER)
    flow = seed.flow(customer)
    seed.transfer(flow, 1042, total=Decimal("12345678.90"), buyer='=HYPERLINK("http://evil")')
    seed.stopped(flow, 1043, seed.BARRED, sku="MOSSA-1")
    with caplog.at_level(logging.INFO, logger=exports.logger.name):
        answer = client.get(f"/portal/{customer.pk}/orders/export/csv/", {"view": "sent"}, headers={"accept-language": "sv"})
    assert re.fullmatch(r'attachment; filename="ord\w+-\d{4}-\d\d-\d\d.csv"', answer["Content-Disposition"])
    headings, row = rows_of(answer)
    cells = dict(zip(headings, row, strict=True))
    assert cells["Ordernummer"] == "1042"
    assert cells["Summa inkl. moms"] == "12345678,90"
    assert cells["Köpare"] == '\'=HYPERLINK("http://evil")'
    assert cells["Status"] == "skickad"
    assert f"exports transfer of customer {customer.pk} as csv (view=sent)" in caplog.text
    book = tablib.Dataset().load(b"".join(get(client, customer, "export", "xlsx").streaming_content), format="xlsx")
    assert [row["Order number"] for row in book.dict] == ["1043", "1042"]
    assert [row["Total incl. VAT"] for row in book.dict][1] == 12345678.9
    assert get(client, customer).content.decode().count("/orders/export/") == 2
    assert client.get(f"/portal/{customer.pk}/orders/export/pdf/").status_code == 404


def test_times_in_a_file_are_the_customers_and_a_workbook_has_an_end(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    client, customer = member()
    Customer.objects.filter(pk=customer.pk).update(time_zone="America/New_York")
    flow = ledger.flows(customer)[0]
    ledger.orders([flow], 3, placed_at=datetime.fromisoformat("2026-11-03T04:59:59+00:00"))
    headings, *rows = rows_of(get(client, customer, "export", "csv"))
    assert {row[headings.index("Placed")] for row in rows} == {"2026-11-02 23:59"}
    monkeypatch.setattr(exports, "MOST", 2)
    answer = client.get(f"/portal/{customer.pk}/orders/export/xlsx/", {"q": "1"}, follow=True)
    assert "A workbook holds 2 rows at most." in said(answer)[0]
    assert answer.request["QUERY_STRING"] == "q=1"


# --- whose --------------------------------------------------------------------------------------------------------------------


def test_nobody_reaches_the_orders_of_another_customer(member: Member) -> None:
    """By page, search, filter, export, or trying again, one or all."""
    client, customer = member()
    _other, theirs = member()
    own, foreign = ledger.flows(customer), ledger.flows(theirs)
    mine = ledger.orders(own[:1], 2, buyer="Anna Åkesson", **MERCHANT)
    hidden = ledger.orders(foreign[:1], 3, buyer="Hemlig Köpare", number="777", **MERCHANT)
    changed = ledger.orders(foreign[:1], 1, state=State.SENT, attention=True, target_id="888")
    for term in ("777", "888", "Hemlig", "köpare", hidden[0].reference, "77"):
        assert shown(get(client, customer, q=term)) == []
    assert len(shown(get(client, customer, flow=str(foreign[0].pk)))) == 2
    for order in (*hidden, *changed):
        assert client.get(f"/portal/{customer.pk}/orders/{order.pk}/").status_code == 404
        for verb in ("retry", "handled"):
            assert client.post(f"/portal/{customer.pk}/orders/{order.pk}/{verb}/").status_code == 404
        for path in ("", f"{order.pk}/", "export/csv/", "export/xlsx/", "retry/"):
            assert client.get(f"/portal/{theirs.pk}/orders/{path}").status_code == 404
            assert client.post(f"/portal/{theirs.pk}/orders/{path}").status_code == 404
    assert {row[0] for row in rows_of(get(client, customer, "export", "csv"))[1:]} == {order.number for order in mine}
    post(client, customer, "retry")
    assert Transfer.objects.filter(customer=theirs, state=State.STOPPED).count() == 3
    assert Transfer.objects.filter(customer=customer, state=State.WAITING).count() == 2
    assert Transfer.objects.get(pk=changed[0].pk).attention
