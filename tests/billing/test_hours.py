"""The service account: whatever is entered, its balance is the sum of what was; and nothing is ever changed or deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, Sum
from hypothesis import given
from hypothesis import strategies as st

from billing import hours
from billing.models import Customer, Entry, HourPack, ServiceAccount, WorkCategory
from billing.refusals import Refused
from tests.billing.worlds import examples, fresh

pytestmark = pytest.mark.django_db

DAY = date(2026, 5, 11)

minutes = st.integers(1, 900)
reasons = st.sampled_from(["", "  ", "Agreed on the phone"])
acts = st.one_of(
    st.tuples(st.just("start"), minutes, reasons),
    st.tuples(st.just("buy"), minutes, reasons),
    st.tuples(st.just("work"), minutes, reasons),
    st.tuples(st.just("work"), minutes, reasons),
    st.tuples(st.just("free"), minutes, reasons),
    st.tuples(st.just("sync"), minutes, reasons),
    st.tuples(st.just("adjust"), st.integers(-300, 300), reasons),
    st.tuples(st.just("reverse"), st.integers(0, 20), reasons),
)


@pytest.fixture
def customer() -> Customer:
    return Customer.objects.create(name="Ull AB")


def category(key: str = "qualified-support") -> WorkCategory:
    return WorkCategory.objects.get(key=key)


def work(customer: Customer, minutes: int, **values: Any) -> Entry:
    return hours.work(customer, category(), minutes, "Looked into it", day=DAY, by="siv", **values)


class Account:
    """A service account, and its balance by plain counting."""

    def __init__(self) -> None:
        self.customer = Customer.objects.create(name="Ull AB")
        self.balance = 0
        self.entries: list[Entry] = []
        self.reversed: set[int] = set()

    def do(self, verb: str, number: int, reason: str) -> None:
        """Enter it, as far as it is right; what is not must be refused, and change nothing."""
        change, entered = self.expected(verb, number, reason)
        try:
            entry = entered()
        except Refused:
            assert change is None
            return
        assert change is not None
        self.balance += change
        self.entries.append(entry)
        assert (entry.change, entry.balance) == (change, self.balance)

    def expected(self, verb: str, number: int, reason: str) -> tuple[int | None, Any]:
        """What it does to the balance, None where it must be refused; and how it is entered."""
        common: dict[str, Any] = {"day": DAY, "by": "siv"}
        if verb == "start":
            return number, lambda: hours.start_package(self.customer, number, **common)
        if verb == "buy":
            pack = HourPack.objects.create(name="Hours", minutes=number, price=Decimal(number))
            return number, lambda: hours.buy(self.customer, pack, **common)
        if verb == "work":
            right = number <= self.balance or bool(reason.strip())
            return -number if right else None, lambda: work(self.customer, number, reason=reason)
        if verb == "free":
            return 0, lambda: hours.work(self.customer, category("guidance"), number, "Guided", **common)
        if verb == "sync":
            key = f"sync-{len(self.entries)}"
            return -number, lambda: hours.initial_sync(self.customer, number, about=hours.NOTHING, key=key, **common)
        if verb == "adjust":
            right = bool(reason.strip() and number)
            return number if right else None, lambda: hours.adjust(self.customer, number, reason=reason, **common)
        if number >= len(self.entries):
            return 0, lambda: hours.work(self.customer, category("guidance"), 1, "Guided", **common)
        entry = self.entries[number]
        right = bool(reason.strip()) and entry.kind != Entry.Kind.REVERSAL and entry.pk not in self.reversed
        if right:
            self.reversed.add(entry.pk)
        return -entry.change if right else None, lambda: hours.reverse(entry, reason=reason, **common)


@examples(80)
@given(st.lists(acts, max_size=25))
def test_whatever_is_entered_the_balance_is_the_sum_of_the_changes(done: list[tuple[str, int, str]]) -> None:
    with fresh():
        account = Account()
        for verb, number, reason in done:
            account.do(verb, number, reason)
            assert hours.balance(account.customer) == account.balance
        entries = Entry.objects.filter(account__customer=account.customer)
        assert (entries.aggregate(sum=Sum("change"))["sum"] or 0) == account.balance
        assert entries.count() == len(account.entries)
        # What was reversed is as if it had never been.
        left = [e for e in account.entries if e.kind != Entry.Kind.REVERSAL and e.pk not in account.reversed]
        assert sum(entry.change for entry in left) == account.balance


def test_a_reversal_names_what_it_reverses_and_is_seen_from_there(customer: Customer) -> None:
    hours.start_package(customer, 240, day=DAY, by="siv")
    about = hours.About(connection_id=7, transfer_id=42, name="Order 1042")
    entry = work(customer, 60, about=about)
    back = hours.reverse(entry, day=DAY, by="sara", reason="Wrong customer")
    assert (back.reverses, entry.reversed_by, back.minutes, back.change, back.by) == (entry, back, -60, 60, "sara")
    assert (back.connection_id, back.transfer_id, back.about) == (7, 42, "Order 1042")
    assert hours.balance(customer) == 240


def test_hours_that_were_bought_and_used_may_be_taken_back_since_a_reversal_has_a_reason(customer: Customer) -> None:
    pack = HourPack.objects.create(name="10 hours", minutes=600, price=Decimal(8990))
    bought = hours.buy(customer, pack, day=DAY, by="siv")
    work(customer, 90)
    back = hours.reverse(bought, day=DAY, by="siv", reason="Not paid")
    assert (hours.balance(customer), back.price) == (-90, Decimal(-8990))
    # And it may be paid back bit by bit, without a reason for what is still missing.
    hours.start_package(customer, 30, day=DAY, by="siv")
    assert hours.balance(customer) == -60


def test_free_work_costs_nothing_even_where_there_is_a_debt(customer: Customer) -> None:
    work(customer, 60, reason="Agreed")
    entry = hours.work(customer, category("guidance"), 25, "Guided", day=DAY, by="siv")
    assert (entry.minutes, entry.change, hours.balance(customer)) == (25, 0, -60)


def test_one_act_is_entered_once_however_often_the_button_is_pressed(customer: Customer) -> None:
    hours.start_package(customer, 240, day=DAY, by="siv", key="a")
    entries = {work(customer, 60, key="form-1").pk for _ in range(3)}
    assert (len(entries), hours.balance(customer)) == (1, 180)


def test_two_acts_without_a_key_are_two(customer: Customer) -> None:
    for _ in range(2):
        work(customer, 60, reason="Agreed")
    assert hours.balance(customer) == -120


@pytest.mark.parametrize(("minutes", "text"), [(0, "x"), (-5, "x"), (5, " ")])
def test_work_has_a_time_and_says_what_was_done(customer: Customer, minutes: int, text: str) -> None:
    with pytest.raises(Refused):
        hours.work(customer, category(), minutes, text, day=DAY, by="siv", reason="Agreed")
    assert not Entry.objects.exists()


def test_a_refusal_says_how_much_is_left(customer: Customer) -> None:
    hours.start_package(customer, 50, day=DAY, by="siv")
    with pytest.raises(Refused, match="Only 50 minutes are left"):
        work(customer, 51)


# --- added and read, nothing else ---------------------------------------------------------------------------------------------


@pytest.fixture
def entry(customer: Customer) -> Entry:
    return hours.start_package(customer, 240, day=DAY, by="siv")


def test_an_entry_cannot_be_changed(entry: Entry) -> None:
    entry.minutes = 600
    attempts: list[Callable[[], object]] = [
        entry.save,
        lambda: entry.save(update_fields=["minutes"]),
        lambda: Entry.objects.update(minutes=600),
        lambda: Entry.objects.filter(pk=entry.pk).update(minutes=600),
        lambda: Entry.objects.bulk_update([entry], ["minutes"]),
        lambda: entry.account.entries.update(minutes=600),
        lambda: Entry.objects.update_or_create(pk=entry.pk, defaults={"minutes": 600}),
    ]
    for attempt in attempts:
        with pytest.raises(TypeError, match="reverse them"), transaction.atomic():
            attempt()
    assert Entry.objects.get().minutes == 240


def test_an_entry_cannot_be_deleted(entry: Entry) -> None:
    for attempt in (entry.delete, Entry.objects.all().delete, entry.account.entries.all().delete):
        with pytest.raises(TypeError, match="reverse them"):
            attempt()
    assert Entry.objects.count() == 1


def test_neither_the_account_nor_the_customer_can_be_deleted_from_under_it(entry: Entry) -> None:
    for owner in (entry.account, entry.account.customer):
        with pytest.raises(ProtectedError):
            owner.delete()


def test_the_name_of_who_entered_it_stays_when_the_user_goes(customer: Customer) -> None:
    user = User.objects.create_user("siv")
    hours.start_package(customer, 240, day=DAY, by="siv")
    entry = hours.work(customer, category(), 60, "Looked into it", day=DAY, by="siv", user=user)
    user.delete()
    entry.refresh_from_db()
    assert (entry.by, entry.by_user) == ("siv", None)


# --- and the database says so, too --------------------------------------------------------------------------------------------


def bare(customer: Customer, **values: Any) -> Entry:
    """An entry past the verbs, straight into the table."""
    account, _ = ServiceAccount.objects.get_or_create(customer=customer)
    columns: dict[str, Any] = {
        "kind": Entry.Kind.WORK, "day": DAY, "minutes": 60, "change": -60, "balance": -60, "text": "x", "by": "siv",
    }  # fmt: skip
    return Entry.objects.create(account=account, **{**columns, **values})


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({}, "debt_needs_a_reason"),
        ({"balance": -1, "change": -1}, "debt_needs_a_reason"),
        ({"minutes": 0, "balance": 0, "change": 0}, "entry_of_some_minutes"),
    ],
)
def test_the_database_refuses_a_debt_without_a_reason_and_an_entry_of_nothing(
    customer: Customer, values: dict[str, Any], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        bare(customer, **values)


def test_the_database_takes_a_debt_with_a_reason_and_one_that_grows_smaller(customer: Customer) -> None:
    bare(customer, reason="Agreed")
    bare(customer, change=10, balance=-50)


def test_the_database_refuses_a_second_reversal_and_a_second_entry_of_one_act(customer: Customer) -> None:
    entry = bare(customer, reason="Agreed", key="form-1")
    bare(customer, reverses=entry, balance=0, change=60)
    for values in ({"reverses": entry}, {"key": "form-1"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            bare(customer, reason="Agreed", **values)
