"""Outgoing webhooks: exactly one message for what happened, none for what did not, signed, in order, until it arrives."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django.fixtures import Settings

from billing import notices
from billing.models import Customer, OrderMonth
from billing.refusals import Refused
from connectors.base import Unreadable
from connectors.errors import InvalidRecord, Missing, ServerFailed
from connectors.http import Limits
from connectors.sandbox import Fault
from flows import pruning, services, tasks, webhooks
from flows.models import Alert, Chore, HookEvent, HookMessage, Run, Transfer, Webhook
from flows.outgoing import delivery, outbox, people, sending, settling, signing
from flows.outgoing.timing import ATTEMPTS, LONGEST, LONGEST_PAUSE, again_after, pause_after
from sharespine.lib import checkpoints
from sharespine.lib.text import N_, Text
from tests.clock import Clock, standing_still
from tests.customers import subscribed
from tests.flows.conftest import Rig
from tests.flows.test_engine import raising
from tests.twins.receiver import Receiver

pytestmark = pytest.mark.django_db
ALL = list(webhooks.EVENTS)
GONE_ARTICLE = Text(N_("Article %(sku)s does not exist in the ERP. Create it there, then retry."), {"sku": "A-1"})


@dataclass
class Hooked:
    """A webhook of a customer, and what receives it."""

    webhook: Webhook
    receiver: Receiver

    def now(self) -> Webhook:
        return Webhook.objects.get(pk=self.webhook.pk)

    def messages(self) -> list[HookMessage]:
        return list(HookMessage.objects.filter(webhook=self.webhook).order_by("pk"))

    def states(self) -> list[str]:
        return [one.state for one in self.messages()]

    def make(self, *numbers: str) -> None:
        """So many messages about orders, as a run would write them."""
        for number in numbers:
            outbox.message(self.now(), HookEvent.TRANSFERRED, {"number": number}, at=timezone.now()).save()
        until_due()


def until_due() -> None:
    """SQLite tells the time in whole milliseconds: what is due now may be due in the next one only."""
    time.sleep(0.002)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    with standing_still(monkeypatch) as made:
        yield made


@pytest.fixture
def served() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def hooked(served: ExitStack, customer: Customer, events: list[str] | None = None) -> Hooked:
    receiver = Receiver()
    address = served.enter_context(receiver.serve())
    webhook, receiver.secret = webhooks.make(customer, f"{address}/take/?from=us", events or ALL, actor="anna")
    return Hooked(webhook, receiver)


@pytest.fixture
def hook(rig: Rig, served: ExitStack) -> Hooked:
    return hooked(served, rig.flow.connection.customer)


def waits(hook: Hooked) -> list[float]:
    """In how many seconds each waiting message is due."""
    return [(one.due_at - timezone.now()).total_seconds() for one in hook.messages() if one.due_at]


# --- what is told -------------------------------------------------------------------------------------------------------------


def test_an_order_that_arrives_is_told_once_with_its_numbers_and_without_its_buyer(rig: Rig, hook: Hooked) -> None:
    rig.world.place("1042", total="125.00")
    rig.run()
    rig.run(kind=Run.Kind.SWEEP)
    assert delivery.deliver() == 1
    [got] = hook.receiver.got
    transfer = rig.transfer("1042")
    assert got["type"] == "order.transferred"
    assert got["timestamp"].endswith("Z")
    assert got["data"] == {
        "id": str(transfer.pk),
        "flow": str(rig.flow.pk),
        "kind": "order",
        "number": "1042",
        "source_id": "1042",
        "reference": transfer.reference,
        "total": "125.00",
        "currency": "SEK",
        "document": "order",
        "erp_number": transfer.target_id,
        "erp_total": "125.00",
        "found": False,
    }
    [call] = hook.receiver.history.calls()
    assert (call.method, call.path, call.query) == ("POST", "/take/", [("from", "us")])
    assert "Märta" not in json.dumps(got, ensure_ascii=False)
    assert "kund.example" not in json.dumps(got)
    [message] = hook.messages()
    assert (message.state, message.status_code, message.attempts) == ("delivered", 200, 1)
    assert got["id"] == str(message.uid)
    assert message.transfer == transfer
    assert hook.receiver.forged == 0


def test_an_order_that_is_found_in_the_erp_counts_as_transferred(rig: Rig, hook: Hooked) -> None:
    rig.world.place("1")
    rig.world.after_write = raising(ServerFailed(outcome_unknown=True))
    rig.run()
    assert hook.messages() == []
    rig.make_due()
    rig.run()
    assert [(one.event, one.payload["data"]["found"]) for one in hook.messages()] == [("order.transferred", True)]


def test_an_order_that_stops_is_told_in_the_language_of_the_customer_each_time_that_it_does(rig: Rig, hook: Hooked) -> None:
    Customer.objects.update(language="sv")
    rig.world.place("1")
    rig.world.on_prepare = raising(Missing(GONE_ARTICLE), times=2)
    rig.run()
    services.retry(Transfer.objects.all(), actor="anna")
    rig.run()
    first, second = (one.payload["data"] for one in hook.messages())
    assert first == second
    assert {key: first[key] for key in ("number", "error_code", "message", "who_acts")} == {
        "number": "1",
        "error_code": "Missing",
        "message": str(GONE_ARTICLE),
        "who_acts": "merchant",
    }
    rig.make_due()
    services.retry(Transfer.objects.all(), actor="anna")
    rig.run()
    assert [one.event for one in hook.messages()] == ["order.stopped", "order.stopped", "order.transferred"]


def test_what_the_erp_says_about_the_buyer_is_left_out(rig: Rig, hook: Hooked) -> None:
    said = "Kunden märta SJÖSTRÖM (1@kund.example) är spärrad, artikel A-1."
    rig.world.place("1")
    rig.world.on_prepare = raising(InvalidRecord(Text("The ERP says: %(words)s", {"words": said})))
    rig.run()
    [message] = hook.messages()
    assert message.payload["data"]["message"] == "The ERP says: Kunden … (…) är spärrad, artikel A-1."


def test_of_an_order_that_could_not_be_read_only_the_sentence_is_told(rig: Rig, hook: Hooked, monkeypatch: Any) -> None:
    error = InvalidRecord(Text("The e-mail %(email)s is none.", {"email": "marta@kund"}))
    rig.world.place("1")
    before = type(rig.flow.shop.connect()).read

    def broken(self: Any, query: Any) -> Any:
        for page in before(self, query):
            yield type(page)(records=(), unreadable=(Unreadable("1", "1", error),), reached=page.reached)

    monkeypatch.setattr(type(rig.flow.shop.connect()), "read", broken)
    rig.run()
    [message] = hook.messages()
    assert message.payload["data"]["message"] == "The e-mail … is none."
    assert message.transfer == rig.transfer("1")
    rig.run()
    assert len(hook.messages()) == 1


def test_names_are_left_out_whole_words_only_and_a_country_or_a_customer_number_is_no_name() -> None:
    record = {"buyer": {"name": "Li Ek", "number": "104", "address": {"city": "Umeå", "country": "SE"}}, "delivery": None}
    text = Text("%(a)s in Umeås grupp, 1042, SE: li ek från UMEÅ", {"a": "Li Ek"})
    assert people.told(text, record) == "… in Umeås grupp, 1042, SE: … från …"


def test_only_what_a_webhook_was_made_for_is_told_and_only_to_its_customer(rig: Rig, served: ExitStack) -> None:
    stopped = hooked(served, rig.flow.connection.customer, ["order.stopped"])
    other = hooked(served, subscribed("Annan AB"))
    rig.world.place("1")
    rig.run()
    assert HookMessage.objects.count() == 0
    rig.world.place("2")
    rig.world.on_prepare = raising(Missing())
    rig.run()
    assert [len(one.messages()) for one in (stopped, other)] == [1, 0]


def test_the_end_of_the_months_orders_is_told_with_its_notice_once(rig: Rig, hook: Hooked) -> None:
    customer = subscribed("Kapad AB", orders=100, email="kapad@example.se")
    webhook, _ = webhooks.make(customer, "https://kapad.example/", ALL, actor="anna")
    at = timezone.now().replace(year=2026, month=5, day=11)
    OrderMonth.objects.create(customer=customer, month=date(2026, 5, 1), used=80)
    for _ in range(2):
        notices.tell(at=at)
    [message] = HookMessage.objects.all()
    assert message.webhook == webhook
    data = message.payload["data"]
    assert (data["month"], data["level"], data["used"], data["cap"]) == ("2026-05", "near", 80, 100)


def test_a_transaction_that_is_rolled_back_tells_nothing_and_the_next_one_tells_once(rig: Rig, hook: Hooked) -> None:
    written = 0

    def fail_once() -> None:
        nonlocal written
        written = written or HookMessage.objects.count()
        if written:
            checkpoints.arm("")
            raise RuntimeError("not written")

    checkpoints.listen("before_settle_commit", fail_once)
    rig.world.place("1")
    rig.run()
    assert written == 1
    assert rig.world.references() == [rig.transfer("1").reference]
    assert HookMessage.objects.count() == 0
    Transfer.objects.update(lease_until=timezone.now() - timedelta(minutes=1))
    rig.run()
    rig.make_due()
    rig.run()
    assert rig.transfer("1").state == Transfer.State.SENT
    assert [one.payload["data"]["number"] for one in hook.messages()] == ["1"]


def test_where_there_is_no_webhook_a_run_asks_for_them_once_and_writes_nothing(rig: Rig) -> None:
    for number in range(7):
        rig.world.place(str(number))
    with CaptureQueriesContext(connection) as asked:
        rig.run()
    about_hooks = [one["sql"] for one in asked.captured_queries if "flows_webhook" in one["sql"] or "hookmessage" in one["sql"]]
    assert len(about_hooks) == 1
    assert Transfer.objects.filter(state="sent").count() == 7


# --- how it is sent -----------------------------------------------------------------------------------------------------------


def test_messages_of_one_webhook_go_in_the_order_in_which_they_were_written(hook: Hooked) -> None:
    numbers = [str(number) for number in range(23)]
    hook.make(*numbers)
    assert delivery.deliver() == 23
    assert [number for _, number in hook.receiver.told] == numbers


def test_a_receiver_that_is_down_gets_it_when_it_is_back_under_the_same_id(rig: Rig, clock: Clock) -> None:
    with ExitStack() as served:
        hook = hooked(served, rig.flow.connection.customer)
    hook.make("1", "2", "3")
    assert delivery.deliver() == 0
    assert [(one.attempts, one.state) for one in hook.messages()] == [(1, "waiting"), (0, "waiting"), (0, "waiting")]
    assert "No connection" in str(hook.messages()[0].trouble)
    # All wait together: until then nothing is due, and the receiver is left alone.
    assert all(10 <= seconds <= 11 for seconds in waits(hook))
    assert not delivery.due().exists()
    hook.make("4")
    assert not delivery.due().exists()
    clock.move(timedelta(seconds=12))
    assert delivery.deliver() == 0
    # What was tried goes to the end of the queue: it may be that one which the receiver cannot take.
    assert sorted(waits(hook))[2] <= 22
    assert max(waits(hook)) == waits(hook)[0] >= 300
    clock.move(timedelta(seconds=25))
    port = int(hook.webhook.address.split(":")[2].split("/")[0])
    uids = [str(one.uid) for one in hook.messages()]
    with hook.receiver.serve(port=port):
        assert delivery.deliver() == 4
    assert [one["id"] for one in hook.receiver.got] == [*uids[1:], uids[0]]
    assert (hook.now().misses, hook.now().resume_at) == (0, None)


def test_a_500_is_tried_again_and_does_not_hold_up_the_messages_after_it(hook: Hooked, clock: Clock) -> None:
    hook.receiver.answers["1"] = 500
    hook.make("1", "2", "3")
    assert delivery.deliver() == 2
    assert [number for _, number in hook.receiver.told] == ["2", "3"]
    poison = hook.messages()[0]
    assert (poison.state, poison.status_code, str(poison.trouble)) == (
        "waiting",
        500,
        "The receiver answered 500 instead of 2xx.",
    )
    assert hook.now().misses == 0
    hook.receiver.answers.clear()
    clock.move(timedelta(seconds=6))
    assert delivery.deliver() == 1
    assert hook.receiver.seen.count(str(poison.uid)) == 2
    assert hook.states() == ["delivered"] * 3


def test_a_receiver_that_refuses_everything_is_left_alone_after_three(hook: Hooked, clock: Clock) -> None:
    hook.receiver.faults.add(Fault("status", status=503, times=None, headers={"Retry-After": "300"}))
    hook.make(*map(str, range(8)))
    delivery.deliver()
    assert len(hook.receiver.history) == 1
    assert min(waits(hook)) == 300
    hook.receiver.faults.clear()
    hook.receiver.faults.add(Fault("status", status=400, times=None))
    clock.move(timedelta(seconds=301))
    delivery.deliver()
    assert len(hook.receiver.history) == 1 + 3
    assert hook.now().misses == 2


#: Those that the receiver read before something went wrong: it takes them twice, and can tell by their id.
READ_FIRST = ("truncate", "drop_after", "slow", "delay")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("status", status=302, headers={"Location": "http://127.0.0.1:1/inside"}), "sent us on to another address (302)"),
        (Fault("status", status=404, body="<h1>Nothing here</h1>"), "answered 404"),
        (Fault("truncate"), "broke off"),
        (Fault("reset_before"), "broke off"),
        (Fault("drop_after"), "broke off"),
        (Fault("slow", seconds=0.2), "did not answer within 0.5 seconds"),
        (Fault("delay", seconds=2), "did not answer within 0.5 seconds"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_whatever_goes_wrong_is_said_and_it_goes_once_more(
    hook: Hooked, clock: Clock, monkeypatch: pytest.MonkeyPatch, fault: Fault, words: str
) -> None:
    monkeypatch.setattr(sending, "LIMITS", Limits(connect=0.5, read=0.5, total=0.5, max_bytes=65_536, retries=0))
    hook.receiver.faults.add(fault)
    hook.make("1")
    assert delivery.deliver() == 0
    [message] = hook.messages()
    assert words in str(message.trouble)
    assert message.attempts == len(hook.receiver.history) == 1
    clock.move(timedelta(seconds=12))
    assert delivery.deliver() == 1
    assert [one["id"] for one in hook.receiver.got] == [str(message.uid)] * (2 if fault.kind in READ_FIRST else 1)


def test_an_answer_without_end_is_not_read_and_its_status_is_what_counts(hook: Hooked) -> None:
    hook.receiver.faults.add(Fault("huge"))
    hook.make("1")
    assert delivery.deliver() == 1
    assert hook.messages()[0].status_code == 200


def test_a_slow_receiver_delays_nobody_else(rig: Rig, hook: Hooked, served: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "LIMITS", Limits(connect=3, read=3, total=3, max_bytes=65_536, retries=0))
    others = [hooked(served, rig.flow.connection.customer) for _ in range(2)]
    hook.make(*map(str, range(12)))
    for other in others:
        other.make(*map(str, range(12)))
    hook.receiver.faults.add(Fault("delay_before", seconds=30, times=None))
    began = timezone.now()
    assert delivery.deliver() == 24
    last = max(call.at for other in others for call in other.receiver.history.calls())
    assert last - began < timedelta(seconds=3)
    # One call found out that it is slow; the other messages were not even tried.
    assert sorted(one.attempts for one in hook.messages()) == [0] * 11 + [1]


def test_a_receiver_with_a_lot_waiting_takes_turns_with_the_others(
    rig: Rig, hook: Hooked, served: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "AT_ONCE", 1)
    other = hooked(served, rig.flow.connection.customer)
    hook.make(*map(str, range(45)))
    other.make("late")
    assert delivery.deliver() == 46
    [turn] = other.receiver.history.calls()
    assert sum(call.at < turn.at for call in hook.receiver.history.calls()) == delivery.LANE


def test_a_message_is_given_up_after_ten_attempts_over_three_days(hook: Hooked, clock: Clock) -> None:
    hook.receiver.faults.add(Fault("status", status=500, times=None))
    hook.make("1")
    began = timezone.now()
    while delivery.due().exists():
        delivery.deliver()
        if seconds := waits(hook):
            clock.move(timedelta(seconds=seconds[0] + 1))
    [message] = hook.messages()
    assert (message.state, message.attempts, message.due_at) == ("failed", ATTEMPTS, None)
    assert len(hook.receiver.history) == 10
    assert timedelta(days=2.9) < timezone.now() - began < timedelta(days=3.4)
    assert (hook.now().failures, hook.now().state) == (1, "active")


def test_what_waits_for_a_dead_receiver_is_given_up_with_time_however_much_it_is(hook: Hooked, clock: Clock) -> None:
    hook.receiver.faults.add(Fault("drop_before", times=None))
    hook.make(*map(str, range(100)))
    hours = 0
    while hook.now().state == "active" and hours < 200:
        delivery.deliver()
        clock.move(timedelta(hours=1))
        hours += 1
    webhook = hook.now()
    assert webhook.state == Webhook.State.FAILED
    assert 24 * 4 <= hours <= 24 * 4 + 2
    assert len(hook.receiver.history) <= hours
    assert "could not be delivered" in str(webhook.trouble)
    assert set(hook.states()) == {"failed"}
    assert not delivery.due().exists()


def test_twenty_given_up_in_a_row_switch_a_webhook_off_and_one_that_arrives_begins_the_count_anew(
    hook: Hooked, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(settling, "again_after", lambda *_, **__: None)
    monkeypatch.setattr(settling, "is_enough", lambda results: False)
    hook.receiver.answers = {f"bad-{number}": 422 for number in range(100)}
    hook.make(*(f"bad-{number}" for number in range(19)))
    delivery.deliver()
    assert (hook.now().failures, hook.now().state) == (19, "active")
    hook.make("good")
    delivery.deliver()
    assert hook.now().failures == 0
    hook.make(*(f"bad-{number}" for number in range(20)))
    delivery.deliver()
    assert hook.now().state == Webhook.State.FAILED
    # Nothing that happens from now on is kept for it.
    assert str(hook.now().trouble).startswith("20 messages in a row could not be delivered")


def test_a_410_switches_the_webhook_off_at_once_and_what_waits_stays_until_it_is_resumed(rig: Rig, hook: Hooked) -> None:
    hook.receiver.answers["1"] = 410
    hook.make("1", "2", "3")
    assert delivery.deliver() == 0
    assert hook.now().state == Webhook.State.FAILED
    assert "wants no more messages" in str(hook.now().trouble)
    assert [one.due_at for one in hook.messages()] == [None] * 3
    rig.world.place("9")
    rig.run()
    assert len(hook.messages()) == 3
    hook.receiver.answers.clear()
    webhooks.resume(hook.webhook, actor="anna")
    assert delivery.deliver() == 3
    assert (hook.now().state, str(hook.now().trouble)) == ("active", "")


def test_a_bug_of_ours_on_one_message_stops_no_other(hook: Hooked, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sending.send

    def send(address: str, secrets: Any, uid: str, payload: Any, **given: Any) -> sending.Result:
        if payload["data"]["number"] == "1":
            raise KeyError("a bug")
        return before(address, secrets, uid, payload, **given)

    monkeypatch.setattr(delivery, "send", send)
    hook.make("1")
    delivery.deliver()
    assert "Something in Sharespine failed" in str(hook.messages()[0].trouble)
    assert hook.messages()[0].due_at is not None


def test_a_secret_that_cannot_be_read_keeps_the_messages_and_touches_no_other_webhook(
    rig: Rig, hook: Hooked, served: ExitStack, settings: Settings
) -> None:
    from cryptography.fernet import Fernet

    keys = list(settings.SHARESPINE_KEYS)
    settings.SHARESPINE_KEYS = [Fernet.generate_key().decode()]
    other = hooked(served, rig.flow.connection.customer)
    for webhook in (hook, other):
        HookMessage.objects.create(
            webhook_id=webhook.webhook.pk, event="order.stopped", payload={"type": "x", "data": {}}, due_at=timezone.now()
        )
    until_due()
    assert delivery.deliver() == 1
    assert len(other.receiver.got) == 1
    assert hook.states() == ["waiting"]
    settings.SHARESPINE_KEYS = keys
    HookMessage.objects.filter(state="waiting").update(due_at=timezone.now() - timedelta(seconds=1))
    assert delivery.deliver() == 1


def test_a_tick_wakes_the_delivery_once_when_something_is_due_and_costs_one_question_when_not(hook: Hooked, rig: Rig) -> None:
    rig.flow.state = rig.flow.State.PAUSED
    rig.flow.save()
    with CaptureQueriesContext(connection) as asked:
        tasks.tick()
    assert sum("hookmessage" in one["sql"] or "chore" in one["sql"] for one in asked.captured_queries) == 1
    hook.make("1")
    tasks.tick()
    tasks.tick()
    assert OrmQ.objects.count() == 1
    assert tasks.deliver() == 1
    hook.make("2")
    tasks.tick()
    assert OrmQ.objects.count() == 2
    # While one worker is at it, no other begins.
    Chore.objects.update(held_until=timezone.now() + timedelta(minutes=1))
    assert tasks.deliver() == 0
    OrmQ.objects.all().delete()
    tasks.tick()
    assert OrmQ.objects.count() == 0
    Chore.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    tasks.tick()
    assert tasks.deliver() == 1


# --- by hand ------------------------------------------------------------------------------------------------------------------


def test_what_happens_while_a_webhook_is_paused_is_told_when_it_goes_on(rig: Rig, hook: Hooked) -> None:
    hook.make("0")
    webhooks.pause(hook.webhook, actor="anna")
    rig.world.place("1")
    rig.run()
    assert delivery.deliver() == 0
    assert hook.receiver.got == []
    assert "Paused by anna" in str(hook.now().trouble)
    with pytest.raises(Refused, match="Resume it first"):
        webhooks.send_trial(hook.webhook, actor="anna")
    webhooks.resume(hook.webhook, actor="anna")
    assert delivery.deliver() == 2
    assert [number for _, number in hook.receiver.told] == ["0", "1"]


def test_a_run_that_knew_a_webhook_which_was_paused_or_removed_meanwhile_does_no_harm(
    rig: Rig, hook: Hooked, served: ExitStack
) -> None:
    gone = hooked(served, rig.flow.connection.customer)
    rig.world.place("1")
    rig.world.place("2")
    written: list[int] = []

    def change_once() -> None:
        written.append(HookMessage.objects.count())
        if written[-1] and hook.now().state == Webhook.State.ACTIVE:
            webhooks.pause(hook.webhook, actor="anna")
            webhooks.remove(gone.webhook, actor="anna")

    checkpoints.listen("settled", change_once)
    rig.run()
    checkpoints.arm("")
    assert Transfer.objects.filter(state="sent").count() == 2
    assert delivery.deliver() == 0
    assert not delivery.due().exists()
    assert hook.receiver.seen == gone.receiver.seen == []
    webhooks.resume(hook.webhook, actor="anna")
    assert delivery.deliver() == 2


def test_a_trial_goes_once_and_says_what_is_answered(hook: Hooked) -> None:
    hook.receiver.answers[""] = 404
    trial = webhooks.send_trial(hook.webhook, actor="anna")
    delivery.deliver()
    trial.refresh_from_db()
    assert (trial.state, trial.status_code, trial.due_at) == ("failed", 404, None)
    assert hook.now().failures == 0
    with pytest.raises(Refused, match="Send a new one"):
        webhooks.resend(trial, actor="anna")
    hook.receiver.answers.clear()
    webhooks.send_trial(hook.webhook, actor="anna")
    assert delivery.deliver() == 1
    assert hook.receiver.got[0]["type"] == "ping"


def test_a_trial_does_not_wait_for_a_receiver_that_is_left_alone(hook: Hooked, clock: Clock) -> None:
    hook.receiver.faults.add(Fault("drop_before"))
    hook.make("1")
    delivery.deliver()
    assert not delivery.due().exists()
    webhooks.send_trial(hook.webhook, actor="anna")
    # The receiver is back, so what waited goes at once as well.
    assert delivery.deliver() == 2


def test_what_was_delivered_or_given_up_can_be_sent_again_under_the_same_id(hook: Hooked, clock: Clock) -> None:
    hook.make("1", "2")
    delivery.deliver()
    first = hook.messages()[0]
    webhooks.resend(first, actor="anna")
    assert delivery.deliver() == 1
    assert hook.receiver.seen.count(str(first.uid)) == 2
    HookMessage.objects.update(state="failed", attempts=10)
    clock.move(LONGEST * 3)
    assert webhooks.resend_given_up(hook.webhook, actor="anna") == 2
    assert delivery.deliver() == 2


def test_a_new_secret_signs_beside_the_old_one_for_a_day(hook: Hooked, clock: Clock) -> None:
    old = hook.receiver.secret
    new = webhooks.new_secret(hook.webhook, actor="anna")
    assert new != old
    for secret, after, arrives in ((old, 0, 1), (new, 0, 1), (old, 25, 0), (new, 25, 1)):
        clock.move(timedelta(hours=after))
        hook.receiver.secret = secret
        hook.make("1")
        assert delivery.deliver() == arrives, (secret == new, after)
        HookMessage.objects.all().delete()
        Webhook.objects.update(misses=0, resume_at=None)


def test_a_signature_is_the_one_that_the_specification_gives_as_an_example() -> None:
    """Of the test vectors of Standard Webhooks."""
    body = b'{"test": 2432232314}'
    given = signing.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", uid="msg_p5jXN8AQM9LWM0D4loKWxJek", stamp=1614265330, body=body
    )
    assert given == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "is not a web address"),
        ("shop.example.se/hook", "is not a web address"),
        ("ftp://shop.example.se/", "is not a web address"),
        ("https://shop.example.se:99999/", "is not a web address"),
        ("https://" + "a" * 500 + ".se/", "is not a web address"),
        ("javascript:alert(1)", "is not a web address"),
        ("http://shop.example.se/hook", "must begin with https://"),
        ("https://anna:pw@shop.example.se/hook", "holds a user name"),
        ("https://shop.example.se/hook#part", "after the #"),
        ("https://127.0.0.1/hook", "the machine that calls"),
        ("https://localhost/hook", "the machine that calls"),
        ("https://10.1.2.3/hook", "a private network"),
        ("https://169.254.169.254/latest", "keeps secrets"),
        ("https://[::1]/hook", "the machine that calls"),
    ],
)
def test_an_address_that_cannot_be_called_is_refused_in_words(
    rig: Rig, settings: Settings, monkeypatch: pytest.MonkeyPatch, address: str, words: str
) -> None:
    from connectors import addresses

    settings.SANDBOX = False
    monkeypatch.setattr(addresses, "_allowed", ())
    customer = rig.flow.connection.customer
    with pytest.raises(Refused) as refused:
        webhooks.make(customer, address, ALL, actor="anna")
    assert words in str(refused.value)
    webhook, _ = webhooks.make(customer, " https://hooks.example.se/a/?k=1 ", ALL, actor="anna")
    assert webhook.address == "https://hooks.example.se/a/?k=1"
    with pytest.raises(Refused):
        webhooks.change(webhook, address=address, events=ALL, actor="anna")


def test_a_name_that_leads_inside_is_not_called_and_http_neither_outside_the_sandbox(
    hook: Hooked, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from connectors import addresses

    monkeypatch.setattr(addresses, "_allowed", ())
    hook.make("1")
    delivery.deliver()
    assert hook.receiver.history.calls() == []
    assert "not called from here" in str(hook.messages()[0].trouble)
    settings.SANDBOX = False
    HookMessage.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    delivery.deliver()
    assert "must begin with https://" in str(hook.messages()[0].trouble)


def test_events_are_those_that_there_are_and_at_least_one(rig: Rig) -> None:
    customer = rig.flow.connection.customer
    for events, words in (([], "at least one"), (["order.eaten"], "no event “order.eaten”"), (["ping"], "no event “ping”")):
        with pytest.raises(Refused, match=words):
            webhooks.make(customer, "https://hooks.example.se/", events, actor="anna")
    webhook, secret = webhooks.make(customer, "https://hooks.example.se/", ["cap.near", "order.stopped"], actor="anna")
    assert (webhook.events, webhook.created_by) == (["order.stopped", "cap.near"], "anna")
    assert secret.startswith("whsec_")
    assert secret not in str(vars(webhook))
    webhooks.change(webhook, address="https://other.example.se/", events=["cap.near"], actor="anna")
    assert Webhook.objects.values_list("address", "events").get() == ("https://other.example.se/", ["cap.near"])


def test_a_customer_has_ten_webhooks_at_most_and_a_removed_one_makes_room(rig: Rig) -> None:
    customer = rig.flow.connection.customer
    made = [webhooks.make(customer, f"https://hooks.example.se/{n}", ALL, actor="anna")[0] for n in range(10)]
    with pytest.raises(Refused, match="10 webhooks already"):
        webhooks.make(customer, "https://hooks.example.se/11", ALL, actor="anna")
    webhooks.remove(made[0], actor="anna")
    assert made[0].pk not in webhooks.of_customer(customer).values_list("pk", flat=True)
    assert Webhook.objects.get(pk=made[0].pk).secrets == {}
    for verb in (webhooks.pause, webhooks.resume, webhooks.remove, webhooks.send_trial, webhooks.new_secret):
        with pytest.raises(Refused):
            verb(made[0], actor="anna")
    webhooks.make(customer, "https://hooks.example.se/11", ALL, actor="anna")


def test_the_waits_grow_to_a_day_and_honour_what_the_receiver_asks_for() -> None:
    waits = [again_after(attempts, rng=lambda: 0.0) for attempts in range(1, ATTEMPTS)]
    assert waits == sorted(waits, key=lambda wait: wait or timedelta(0))
    assert sum((wait for wait in waits if wait), timedelta(0)) == timedelta(days=2, hours=23, minutes=35, seconds=5)
    assert again_after(ATTEMPTS) is None
    assert again_after(0, rng=lambda: 0.0) == again_after(1, rng=lambda: 0.0) == timedelta(seconds=5)
    assert again_after(1, rng=lambda: 1.0) == timedelta(seconds=5.5)
    assert again_after(1, retry_after=90) == timedelta(seconds=90)
    assert again_after(1, retry_after=1e9) == timedelta(hours=1)
    assert pause_after(1, rng=lambda: 0.0) == timedelta(seconds=10)
    assert pause_after(1000, rng=lambda: 0.0) == LONGEST_PAUSE


# --- what is kept -------------------------------------------------------------------------------------------------------------


def test_delivered_messages_go_after_a_month_others_after_three_and_removed_webhooks_after_a_day(
    hook: Hooked, rig: Rig, clock: Clock
) -> None:
    gone, _ = webhooks.make(rig.flow.connection.customer, "https://hooks.example.se/", ALL, actor="anna")
    webhooks.remove(gone, actor="anna")
    for webhook in (hook.webhook, gone):
        for state in HookMessage.State:
            HookMessage.objects.create(webhook=webhook, event="order.stopped", state=state)

    def left() -> list[tuple[bool, str]]:
        pruning.prune_all()
        rows = HookMessage.objects.order_by("pk").values_list("webhook", "state")
        return [(webhook == gone.pk, state) for webhook, state in rows]

    assert len(left()) == 6
    clock.move(timedelta(hours=25))
    assert left() == [(False, "waiting"), (False, "delivered"), (False, "failed")]
    assert list(Webhook.objects.values_list("pk", flat=True)) == [hook.webhook.pk]
    clock.move(timedelta(days=30))
    assert left() == [(False, "waiting"), (False, "failed")]
    clock.move(timedelta(days=60))
    assert left() == []


def test_that_somebody_was_told_is_forgotten_with_the_details_of_the_order_and_never_of_one_that_is_stopped(
    rig: Rig, clock: Clock
) -> None:
    for number in ("1", "2"):
        rig.world.place(number)
    rig.world.on_prepare = raising(Missing(), times=2)
    rig.run()
    for transfer in Transfer.objects.all():
        Alert.objects.create(transfer=transfer, cause=transfer.cause)
    services.skip(Transfer.objects.filter(source_id="1"), actor="anna", reason="sent by hand")
    clock.move(timedelta(days=15))
    pruning.prune_all()
    assert [alert.transfer.source_id for alert in Alert.objects.all()] == ["2"]
