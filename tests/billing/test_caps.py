"""Room for orders against plain counting: whatever is asked for, given back, sold or granted, and whenever the month turns."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import caps, contracts
from billing.dates import begins_at, end_of_month, month_of, today
from billing.models import Customer, OrderMonth, OrderUse, Package
from tests.billing.worlds import examples, fresh

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 11, 12, 0, tzinfo=begins_at(date(2026, 5, 11)).tzinfo)
ORDERS = [f"order-{number}" for number in range(30)]

some_orders = st.lists(st.sampled_from(ORDERS), max_size=8)
acts = st.one_of(
    st.tuples(st.just("reserve"), some_orders),
    st.tuples(st.just("reserve"), some_orders),
    st.tuples(st.just("release"), some_orders),
    st.tuples(st.just("wait"), st.integers(1, 20)),
    st.tuples(st.just("grant"), st.integers(1, 4)),
    st.tuples(st.just("sell"), st.integers(1, 9)),
    st.tuples(st.just("pause"), st.integers(0, 10)),
)


def sold(cap: int, *, begins_on: date = date(2026, 5, 1)) -> Customer:
    """A customer with Premium and a cap of so many orders."""
    customer = Customer.objects.create(name="Ull AB")
    contracts.start(
        customer, Package.objects.get(code="premium"), "cloud", begins_on=begins_on, actor="siv", agreed=agreed(cap)
    )
    return customer


def agreed(cap: int) -> contracts.Agreed:
    return contracts.Agreed(monthly_price=Decimal(2500), installation_price=Decimal(0), order_cap=cap)


class Model:
    """The same by plain counting."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.counts: dict[str, date] = {}
        self.grants: list[tuple[int, date, date]] = []
        self.pauses: list[tuple[date, date]] = []

    def cap_on(self, day: date) -> int:
        if any(first <= day <= last for first, last in self.pauses):
            return 0
        extra = (
            number for number, first, last in self.grants if first <= day and (last.year, last.month) >= (day.year, day.month)
        )
        return self.cap + sum(extra)

    def reserve(self, keys: list[str], day: date) -> set[str]:
        given = {key for key in keys if key in self.counts}
        for key in keys:
            if key not in given and list(self.counts.values()).count(day.replace(day=1)) < self.cap_on(day):
                self.counts[key] = day.replace(day=1)
                given.add(key)
        return given


@examples(40)
@given(st.integers(0, 6), st.lists(acts, max_size=25))
def test_as_many_orders_count_as_one_counts_and_never_more_than_there_is_room_for(
    cap: int, done: list[tuple[str, object]]
) -> None:
    with fresh():
        customer, model, at = sold(cap), Model(cap), NOON
        subscription = customer.subscriptions.get()
        for verb, what in done:
            day = today(at)
            if isinstance(what, list):
                if verb == "reserve":
                    assert caps.reserve(customer.pk, what, at=at) == model.reserve(what, day)
                    # Whatever counted before the cap was lowered goes on to count.
                else:
                    caps.release(customer.pk, what)
                    model.counts = {key: month for key, month in model.counts.items() if key not in what}
            assert isinstance(what, list | int)
            if isinstance(what, int):
                if verb == "wait":
                    at += timedelta(days=what)
                elif verb == "grant":
                    last = day + timedelta(days=what * 9)
                    contracts.grant_orders(subscription, what, begins_on=day, expires_on=last, reason="Christmas", actor="siv")
                    model.grants.append((what, day, last))
                elif verb == "sell":
                    contracts.change_package(
                        subscription, Package.objects.get(code="premium"), today=day, actor="siv", agreed=agreed(what)
                    )
                    model.cap = what
                elif not any(last >= day for _first, last in model.pauses):
                    last = day + timedelta(days=what)
                    contracts.pause(subscription, begins_on=day, until=last, reason="The shop moves", actor="siv")
                    model.pauses.append((day, last))
            assert dict(OrderUse.objects.values_list("key", "month")) == model.counts
            used = Counter(model.counts.values())
            assert {month: number for month, number in OrderMonth.objects.values_list("month", "used") if number} == used
            usage = caps.usage(customer.pk, at=at)
            assert (usage.used, usage.cap) == (used[month_of(at)], model.cap_on(today(at)))


# --- one by one ---------------------------------------------------------------------------------------------------------------


def test_an_order_counts_once_however_often_it_is_tried() -> None:
    customer = sold(2)
    for _ in range(3):
        assert caps.reserve(customer.pk, ["a", "a", "b"], at=NOON) == {"a", "b"}
    assert caps.usage(customer.pk, at=NOON).used == 2


def test_the_first_that_ask_have_the_last_places() -> None:
    customer = sold(2)
    assert caps.reserve(customer.pk, ["c", "a", "b"], at=NOON) == {"c", "a"}


def test_an_order_that_had_room_in_may_needs_none_in_june() -> None:
    customer = sold(1)
    caps.reserve(customer.pk, ["a"], at=NOON)
    june = NOON + timedelta(days=30)
    assert caps.reserve(customer.pk, ["a", "b"], at=june) == {"a", "b"}
    assert [caps.usage(customer.pk, at=at).used for at in (NOON, june)] == [1, 1]


def test_room_that_is_given_back_late_is_given_back_to_its_own_month() -> None:
    customer = sold(1)
    caps.reserve(customer.pk, ["a"], at=NOON)
    june = NOON + timedelta(days=30)
    caps.reserve(customer.pk, ["b"], at=june)
    caps.release(customer.pk, ["a"])
    assert [caps.usage(customer.pk, at=at).used for at in (NOON, june)] == [0, 1]


def test_the_month_turns_at_midnight_in_stockholm() -> None:
    customer = sold(1)
    midnight = begins_at(date(2026, 6, 1))
    assert caps.room_again_at(NOON) == midnight
    caps.reserve(customer.pk, ["a"], at=midnight - timedelta(seconds=1))
    assert caps.reserve(customer.pk, ["b"], at=midnight - timedelta(seconds=1)) == set()
    assert caps.reserve(customer.pk, ["b"], at=midnight) == {"b"}


def test_customers_do_not_share_their_room_nor_the_names_of_their_orders() -> None:
    one, other = sold(1), sold(1)
    assert caps.reserve(one.pk, ["a"], at=NOON) == {"a"}
    assert caps.reserve(other.pk, ["a"], at=NOON) == {"a"}
    caps.release(one.pk, ["a"])
    assert caps.usage(other.pk, at=NOON).used == 1


def test_without_a_subscription_there_is_no_room() -> None:
    customer = Customer.objects.create(name="Ull AB")
    assert caps.reserve(customer.pk, ["a"], at=NOON) == set()


@pytest.mark.parametrize(
    ("used", "day", "forecast"),
    [
        (40, 3, 40),  # too early to tell
        (50, 11, 155),  # ten days passed of 31
        (50, 31, 52),  # thirty of 31
    ],
)
def test_the_forecast_goes_on_as_until_now(used: int, day: int, forecast: int) -> None:
    assert caps.forecast(used, begins_at(date(2026, 5, day))) == forecast


@pytest.mark.parametrize(
    ("used", "level"), [(0, None), (35, "forecast"), (79, "forecast"), (80, "near"), (99, "near"), (100, "full"), (101, "full")]
)
def test_the_worst_that_is_to_be_told_is_told(used: int, level: str | None) -> None:
    customer = sold(100)
    OrderMonth.objects.create(customer=customer, month=date(2026, 5, 1), used=used)
    assert caps.usage(customer.pk, at=begins_at(date(2026, 5, 11))).level == level


def test_no_percentage_says_that_all_is_used_before_it_is() -> None:
    assert caps.Usage(date(2026, 5, 1), 999, 1000, 999).percent == 99
    assert caps.Usage(date(2026, 5, 1), 1000, 1000, 1000).percent == 100


def test_extra_orders_hold_until_the_end_of_the_month_of_their_last_day() -> None:
    customer = sold(100)
    contracts.grant_orders(
        customer.subscriptions.get(),
        50,
        begins_on=date(2026, 5, 11),
        expires_on=date(2026, 6, 1),
        reason="Campaign",
        actor="siv",
    )
    days = [date(2026, 5, 10), date(2026, 5, 11), end_of_month(date(2026, 6, 1)), date(2026, 7, 1)]
    assert [caps.cap(customer.pk, day) for day in days] == [100, 150, 150, 100]
