"""What a customer may use on a day, asked in both ways, against what was sold and granted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import contracts, gates
from billing.models import Customer, Edition, Feature, Grant, Package, Pause, Subscription, Term
from billing.refusals import Refused
from sharespine.lib.text import Text
from tests.billing.worlds import examples, fresh

pytestmark = pytest.mark.django_db

FIRST = date(2026, 5, 1)
days = st.integers(0, 20).map(lambda n: FIRST + timedelta(days=n))
until = st.none() | days
features = st.sampled_from([Feature.STOCK, Feature.PRICE_LISTS, Feature.PLUGINS])


@examples(25)
@given(
    st.tuples(days, until),
    st.lists(st.tuples(days, st.frozensets(features)), max_size=3, unique_by=lambda term: term[0]),
    st.lists(st.tuples(features, days, until), max_size=3),
    st.lists(st.tuples(days, days), max_size=2),
)
def test_the_quick_answer_and_the_long_one_are_what_was_sold_or_granted(
    lasting: tuple[date, date | None],
    terms: list[tuple[date, frozenset[Feature]]],
    grants: list[tuple[Feature, date, date | None]],
    pauses: list[tuple[date, date]],
) -> None:
    with fresh():
        begins_on, ends_on = lasting[0], lasting[1] and max(lasting[0], lasting[1])
        customer = Customer.objects.create(name="Ull AB")
        of_it: dict[str, Any] = {
            "subscription": Subscription.objects.create(
                customer=customer, edition=Edition.CLIENT, begins_on=begins_on, ends_on=ends_on
            )
        }
        package = Package.objects.get(code="100")
        for day, sold in terms:
            Term.objects.create(
                **of_it,
                package=package,
                begins_on=day,
                monthly_price=0,
                installation_price=0,
                order_cap=1,
                features=sorted(sold),
            )
        for feature, day, last in grants:
            Grant.objects.create(**of_it, feature=feature, begins_on=day, expires_on=last and max(day, last), reason="x")
        for one, other in pauses:
            Pause.objects.create(**of_it, begins_on=min(one, other), until=max(one, other), reason="x")
        for day in (FIRST + timedelta(days=n) for n in range(0, 22, 4)):
            lives = begins_on <= day <= (ends_on or day) and not any(min(p) <= day <= max(p) for p in pauses)
            current = max((term for term in terms if term[0] <= day), default=None, key=lambda term: term[0])
            granted = {feature for feature, first, last in grants if first <= day <= (max(first, last) if last else day)}
            has = granted | current[1] if lives and current else set()
            rights = gates.rights(customer.pk, day)
            assert {feature for feature in Feature if rights.of(feature).allowed} == has
            for wanted in ([Feature.STOCK], [Feature.STOCK, Feature.PLUGINS]):
                assert gates.has(customer.pk, wanted, day) == (set(wanted) <= has)
                assert (not rights.missing(wanted)) == (set(wanted) <= has)


@pytest.fixture
def subscription() -> Subscription:
    customer = Customer.objects.create(name="Ull AB")
    return contracts.start(customer, Package.objects.get(code="100"), "cloud", begins_on=FIRST, actor="siv")


def test_a_refusal_names_the_package_and_the_feature_apart_so_that_they_can_be_translated(subscription: Subscription) -> None:
    with pytest.raises(Refused) as refused:
        gates.demand(subscription.customer_id, [Feature.ORDERS, Feature.STOCK], FIRST)
    values = refused.value.text.values
    assert (values["package"], values["needed"], values["feature"]) == ("Paket 100", "Paket 200", Text("Stock"))


def test_the_package_that_is_named_is_the_one_that_is_sold_by_then(subscription: Subscription) -> None:
    package = Package.objects.get(code="100")
    offer = package.offers.get(edition="cloud")
    offer.pk, offer.valid_from, offer.features = None, date(2026, 6, 1), [*offer.features, "stock"]
    offer.save()
    other = Customer.objects.create(name="Garn AB")
    contracts.start(other, package, "cloud", begins_on=date(2026, 6, 1), actor="siv")
    # Who bought it before keeps what it was sold at, and who buys it now has more.
    assert gates.has(other.pk, [Feature.STOCK], date(2026, 6, 1))
    assert not gates.has(subscription.customer_id, [Feature.STOCK], date(2026, 6, 1))


def test_the_quick_answer_is_one_question_to_the_database(subscription: Subscription, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert gates.has(subscription.customer_id, [Feature.ORDERS, Feature.CUSTOMERS], FIRST)
