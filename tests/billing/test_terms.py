"""What happens to a contract when it is changed, paused, ended and taken up again."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing import caps, contracts, gates, hours
from billing.models import Customer, Feature, Package, Pause, Subscription
from billing.refusals import Refused

pytestmark = pytest.mark.django_db

START = date(2026, 1, 15)


@pytest.fixture
def subscription() -> Subscription:
    return sell(Customer.objects.create(name="Ull AB"), "200")


def sell(
    customer: Customer, code: str, *, begins_on: date = START, agreed: contracts.Agreed = contracts.LISTED
) -> Subscription:
    return contracts.start(customer, package(code), "cloud", begins_on=begins_on, actor="siv", agreed=agreed)


def package(code: str) -> Package:
    return Package.objects.get(code=code)


def change(subscription: Subscription, code: str, today: date) -> None:
    contracts.change_package(subscription, package(code), today=today, actor="siv")


def packages(subscription: Subscription) -> list[tuple[str, date]]:
    return [(term.package.code, term.begins_on) for term in subscription.terms.all()]


# --- sign-up ------------------------------------------------------------------------------------------------------------------


def test_a_customer_has_one_subscription_at_a_time(subscription: Subscription) -> None:
    for begins_on in (date(2026, 1, 1), START, date(2027, 1, 1)):
        with pytest.raises(Refused, match="has a subscription since 2026-01-15 already"):
            sell(subscription.customer, "100", begins_on=begins_on)
    last = contracts.give_notice(subscription, on=date(2026, 6, 1), actor="siv")
    with pytest.raises(Refused):
        sell(subscription.customer, "100", begins_on=last)
    sell(subscription.customer, "100", begins_on=date(2026, 7, 2))
    assert Subscription.objects.count() == 2


def test_what_is_refused_leaves_nothing_behind() -> None:
    customer = Customer.objects.create(name="Ull AB")
    with pytest.raises(Refused, match="on request"):
        sell(customer, "premium")
    with pytest.raises(Refused, match="is not sold on 2020-01-01"):
        sell(customer, "100", begins_on=date(2020, 1, 1))
    assert not Subscription.objects.exists()
    assert (customer.status, hours.balance(customer)) == ("prospect", 0)


def test_premium_has_the_price_and_the_orders_that_were_agreed() -> None:
    agreed = contracts.Agreed(monthly_price=Decimal(2950), installation_price=Decimal(12000), order_cap=5000)
    sold = sell(Customer.objects.create(name="Ull AB"), "premium", agreed=agreed)
    term = sold.terms.get()
    assert (term.monthly_price, term.installation_price, term.order_cap) == (2950, 12000, 5000)
    assert caps.cap(sold.customer_id, START) == 5000


# --- another package ----------------------------------------------------------------------------------------------------------


def test_up_at_once_and_down_when_the_month_ends(subscription: Subscription) -> None:
    change(subscription, "800", date(2026, 3, 10))
    change(subscription, "400", date(2026, 4, 30))
    change(subscription, "100", date(2026, 12, 31))
    assert packages(subscription) == [
        ("200", START), ("800", date(2026, 3, 10)), ("400", date(2026, 5, 1)), ("100", date(2027, 1, 1)),
    ]  # fmt: skip


def test_a_change_takes_the_place_of_one_that_was_to_come(subscription: Subscription) -> None:
    change(subscription, "100", date(2026, 3, 10))
    change(subscription, "400", date(2026, 3, 20))
    assert packages(subscription) == [("200", START), ("400", date(2026, 3, 20))]


def test_a_change_on_the_day_of_another_corrects_it(subscription: Subscription) -> None:
    change(subscription, "400", date(2026, 3, 10))
    change(subscription, "800", date(2026, 3, 10))
    assert packages(subscription) == [("200", START), ("800", date(2026, 3, 10))]
    # Also on the first day: the installation that was sold stays.
    change(subscription, "800", START)
    assert [(term.package.code, term.installation_price) for term in subscription.terms.all()] == [("800", 4200)]


def test_before_it_begins_a_contract_is_changed_from_its_first_day(subscription: Subscription) -> None:
    change(subscription, "400", date(2026, 1, 2))
    assert packages(subscription) == [("400", START)]


def test_what_a_downgrade_takes_away_is_said_before(subscription: Subscription) -> None:
    what = contracts.what_if(subscription, package("100"), today=date(2026, 3, 10))
    assert (what.begins_on, what.is_upgrade, what.monthly_price, what.order_cap) == (date(2026, 4, 1), False, Decimal(295), 100)
    assert (what.lost, what.gained) == ([Feature.ORDER_STATUS, Feature.STOCK], [])
    assert packages(subscription) == [("200", START)]


@pytest.mark.parametrize(("code", "match"), [("200", "already"), ("premium", "on request"), ("100", "ends on 2026-04-14")])
def test_a_change_that_makes_no_sense_is_refused(subscription: Subscription, code: str, match: str) -> None:
    contracts.give_notice(subscription, on=date(2026, 2, 1), actor="siv")
    subscription.refresh_from_db()
    with pytest.raises(Refused, match=match):
        change(subscription, code, date(2026, 4, 10))


# --- notice -------------------------------------------------------------------------------------------------------------------


def test_notice_is_given_once_and_may_be_withdrawn_until_the_last_day(subscription: Subscription) -> None:
    last = contracts.give_notice(subscription, on=date(2026, 6, 1), actor="siv")
    with pytest.raises(Refused, match="Notice was given on 2026-06-01"):
        contracts.give_notice(subscription, on=date(2026, 6, 2), actor="siv")
    contracts.withdraw_notice(subscription, today=last, actor="siv")
    subscription.refresh_from_db()
    assert (subscription.ends_on, subscription.notice_on, subscription.customer.status) == (None, None, "active")
    with pytest.raises(Refused, match="No notice"):
        contracts.withdraw_notice(subscription, today=last, actor="siv")


def test_notice_is_not_withdrawn_once_the_contract_is_over(subscription: Subscription) -> None:
    contracts.give_notice(subscription, on=date(2026, 6, 1), actor="siv")
    with pytest.raises(Refused, match="ended on 2026-07-01"):
        contracts.withdraw_notice(subscription, today=date(2026, 7, 2), actor="siv")


@pytest.mark.parametrize("also_ended", [False, True])
def test_notice_is_not_withdrawn_where_a_later_contract_takes_over(subscription: Subscription, also_ended: bool) -> None:
    contracts.give_notice(subscription, on=date(2026, 6, 1), actor="siv")
    later = sell(subscription.customer, "400", begins_on=date(2026, 7, 2))
    if also_ended:
        contracts.give_notice(later, on=date(2026, 6, 20), actor="siv")
    with pytest.raises(Refused, match="later subscription"):
        contracts.withdraw_notice(subscription, today=date(2026, 6, 21), actor="siv")


def test_who_buys_anew_before_the_last_day_is_not_shown_as_leaving(subscription: Subscription) -> None:
    last = contracts.give_notice(subscription, on=date(2026, 6, 1), actor="siv")
    customer = Customer.objects.get()
    assert customer.status == "leaving"
    sell(customer, "400", begins_on=date(2026, 7, 2))
    assert customer.status == "active"
    assert contracts.mark_ended(last + timedelta(days=1)) == 0


# --- pauses -------------------------------------------------------------------------------------------------------------------


def test_a_pause_holds_until_the_day_before_it_is_ended(subscription: Subscription) -> None:
    contracts.pause(subscription, begins_on=date(2026, 3, 10), reason="The shop moves", actor="siv")
    contracts.resume(subscription, on=date(2026, 3, 20), actor="siv")
    paused = [day for day in range(1, 32) if subscription.is_paused_on(date(2026, 3, day))]
    assert paused == list(range(10, 20))
    with pytest.raises(Refused, match="not paused"):
        contracts.resume(subscription, on=date(2026, 3, 20), actor="siv")


def test_a_pause_that_has_just_begun_is_withdrawn(subscription: Subscription) -> None:
    contracts.pause(subscription, begins_on=date(2026, 3, 10), reason="A mistake", actor="siv")
    contracts.resume(subscription, on=date(2026, 3, 10), actor="siv")
    assert not Pause.objects.exists()


@pytest.mark.parametrize(("begins", "ends"), [(5, 10), (10, 20), (12, 13), (20, 25), (20, None), (1, None)])
def test_no_day_is_paused_twice(subscription: Subscription, begins: int, ends: int | None) -> None:
    def pause(first: int, last: int | None) -> None:
        until = date(2026, 3, last) if last else None
        contracts.pause(subscription, begins_on=date(2026, 3, first), until=until, reason="The shop moves", actor="siv")

    pause(10, 20)
    with pytest.raises(Refused, match="on some of these days already"):
        pause(begins, ends)
    pause(21, None)


# --- grants and add-ons -------------------------------------------------------------------------------------------------------


def test_a_grant_has_a_reason_days_that_exist_and_an_end_that_can_be_moved_forward(subscription: Subscription) -> None:
    begins_on = date(2026, 3, 10)
    for reason, expires_on in ((" ", None), ("Trial", date(2026, 3, 9))):
        with pytest.raises(Refused):
            contracts.grant_feature(
                subscription, "plugins", begins_on=begins_on, expires_on=expires_on, reason=reason, actor="siv"
            )
    grant = contracts.grant_feature(subscription, "plugins", begins_on=begins_on, reason="Trial", actor="siv")
    assert gates.has(subscription.customer_id, [Feature.PLUGINS], date(2027, 3, 10))
    contracts.end_grant(grant, on=date(2026, 3, 1), actor="siv")
    assert [gates.has(subscription.customer_id, [Feature.PLUGINS], date(2026, 3, day)) for day in (9, 10, 11)] == [
        False, True, False,
    ]  # fmt: skip


def test_an_add_on_keeps_the_price_it_was_sold_at_and_needs_its_feature(subscription: Subscription) -> None:
    with pytest.raises(Refused, match="Paket 400 has it"):
        contracts.add(subscription, "shop", "garn.se", begins_on=date(2026, 3, 10), actor="siv")
    with pytest.raises(Refused, match="The helpdesk can grant it"):
        contracts.add(subscription, "gateway", "Klarna", begins_on=date(2026, 3, 10), actor="siv")
    change(subscription, "400", date(2026, 3, 10))
    listed = contracts.add(subscription, "shop", "garn.se", begins_on=date(2026, 3, 10), actor="siv")
    agreed = contracts.add(subscription, "shop", "tyg.se", begins_on=date(2026, 3, 10), actor="siv", monthly_price=Decimal(200))
    assert (listed.monthly_price, agreed.monthly_price) == (295, 200)
