"""The rules of articles hold for whatever numbers, prices and names there are: money to the öre, stock never too much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.articles import Price, Product, StockLevel, Variant
from connectors.errors import InvalidRecord
from connectors.records import Order
from flows import desired, rulebook
from flows.channels import Share
from flows.desired import Offer
from flows.variants import fitted
from sharespine.lib.money import ZERO
from tests.twins.world import order_of

ORE = Decimal("0.01")
#: Prices in öre, quantities with up to two decimals, and the VAT that Sweden has, with some that others have.
amounts = st.integers(0, 10**8).map(lambda ore: Decimal(ore) / 100)
quantities = st.integers(-(10**6), 10**6).map(lambda hundredths: Decimal(hundredths) / 100)
rates = st.sampled_from([Decimal(rate) for rate in (0, 6, 12, 25, "25.5", "8.1")])
policies = st.sampled_from([rulebook.OVERWRITE, rulebook.WHEN_NEW, rulebook.WHEN_EMPTY, rulebook.NEVER])
PLAIN = ("name", "text", "short_text", "ean", "unit", "active")
words = st.text("aå ö1", max_size=3)


def price(amount: Decimal, rate: Decimal | None, *, includes_vat: bool, sale: Decimal | None = None) -> Price:
    return Price(
        source_id="1",
        article_number="A-1",
        currency="SEK",
        includes_vat=includes_vat,
        vat_rate=rate,
        regular=amount,
        sale=sale,
    )


# --- prices -------------------------------------------------------------------------------------------------------------------


@given(amounts, rates, st.booleans(), st.booleans())
def test_a_price_is_turned_to_the_ore_and_never_more_than_half_an_ore_off(
    amount: Decimal, rate: Decimal, gives_vat: bool, wants_vat: bool
) -> None:
    turned = desired.turned(amount, price(amount, rate, includes_vat=gives_vat), includes_vat=wants_vat)
    assert turned == turned.quantize(ORE)
    if gives_vat == wants_vat:
        assert turned == amount
    elif wants_vat:
        assert turned == (amount * (100 + rate) / 100).quantize(ORE, ROUND_HALF_UP)
    else:
        assert abs(turned * (100 + rate) - amount * 100) <= (100 + rate) * ORE / 2


@given(amounts, rates)
def test_a_price_without_vat_that_is_turned_both_ways_is_what_it_was(amount: Decimal, rate: Decimal) -> None:
    given_ = price(amount, rate, includes_vat=False)
    there = replace(given_, includes_vat=True, regular=desired.turned(amount, given_, includes_vat=True))
    assert desired.turned(there.regular, there, includes_vat=False) == amount


@given(amounts, st.none() | amounts, rates, st.booleans(), st.booleans())
def test_what_was_written_does_not_differ_afterwards(
    regular: Decimal, sale: Decimal | None, rate: Decimal, gives_vat: bool, has_vat: bool
) -> None:
    """So a second run has nothing to write, whichever side has its prices with VAT."""
    wanted, fields, _ = desired.price(price(regular, rate, includes_vat=gives_vat, sale=sale), {"sale": True})
    there = replace(
        wanted,
        includes_vat=has_vat,
        regular=desired.turned(wanted.regular, wanted, includes_vat=has_vat),
        sale=None if wanted.sale is None else desired.turned(wanted.sale, wanted, includes_vat=has_vat),
    )
    assert desired.price_differs(wanted, there, fields) == frozenset()
    dearer = replace(there, regular=there.regular + ORE)
    assert desired.price_differs(wanted, dearer, fields) == {"regular"}


@given(amounts, st.none() | amounts, st.booleans())
def test_a_campaign_is_below_the_regular_price_or_there_is_none_and_that_is_said(
    regular: Decimal, sale: Decimal | None, campaigns: bool
) -> None:
    told, fields, notice = desired.price(price(regular, Decimal(25), includes_vat=True, sale=sale), {"sale": campaigns})
    assert told.sale is None or told.sale < told.regular
    assert (notice is None) == (told.sale == sale)
    assert ("sale" in fields) == campaigns
    assert told.regular == regular


@given(st.integers(1, 10**6), st.booleans())
def test_a_price_below_zero_is_refused(ore: int, in_campaign: bool) -> None:
    below = Decimal(-ore) / 100
    with pytest.raises(InvalidRecord):
        desired.price(price(Decimal(1) if in_campaign else below, None, includes_vat=True, sale=below), {})


@given(amounts, st.booleans())
def test_without_a_vat_rate_a_price_is_turned_by_nobody(amount: Decimal, gives_vat: bool) -> None:
    unknown = price(amount, None, includes_vat=gives_vat)
    assert desired.turned(amount, unknown, includes_vat=gives_vat) == amount
    with pytest.raises(InvalidRecord):
        desired.turned(amount, unknown, includes_vat=not gives_vat)


# --- stock --------------------------------------------------------------------------------------------------------------------

offers = st.builds(
    Offer,
    warehouses=st.sampled_from([(), ("Nord",), ("nord", "Syd"), ("Öst",)]),
    reserve=st.integers(0, 50).map(Decimal),
    most=st.none() | st.integers(0, 100).map(Decimal),
    whole=st.booleans(),
)


def level(total: Decimal, north: Decimal | None) -> StockLevel:
    places = () if north is None else (("Nord", north), ("Syd", total - north))
    return StockLevel(source_id="1", article_number="A-1", quantity=total, warehouses=places)


@given(quantities, st.none() | quantities, offers, st.integers(0, 500).map(Decimal))
def test_stock_is_never_below_zero_and_never_above_what_there_is(
    total: Decimal, north: Decimal | None, offer: Offer, sold: Decimal
) -> None:
    told = desired.stock(level(total, north), offer, unaccounted=sold).quantity
    chosen = {name.casefold() for name in offer.warehouses}
    here = total
    if chosen and north is not None:
        here = (north if "nord" in chosen else ZERO) + (total - north if "syd" in chosen else ZERO)
    assert told >= 0
    assert told <= max(here - offer.reserve - sold, ZERO)
    assert offer.most is None or told <= offer.most
    if offer.whole:
        assert told == told.to_integral_value()
    # Nor less than it has to be.
    bounded = here - offer.reserve - sold if offer.most is None else min(here - offer.reserve - sold, offer.most)
    assert told > bounded - 1


@given(quantities, offers, st.integers(0, 500).map(Decimal), st.integers(0, 500).map(Decimal))
def test_the_more_is_sold_the_less_is_offered(total: Decimal, offer: Offer, sold: Decimal, more: Decimal) -> None:
    before = desired.stock(level(total, None), offer, unaccounted=sold)
    after = desired.stock(level(total, None), offer, unaccounted=sold + more)
    assert after.quantity <= before.quantity


# --- products -----------------------------------------------------------------------------------------------------------------

rules = st.fixed_dictionaries(
    {"mode": st.sampled_from([rulebook.CREATE_AND_UPDATE, rulebook.CREATE, rulebook.UPDATE])}
    | {f"field_{field}": policies for field in PLAIN}
)
products = st.builds(
    Product,
    source_id=st.just("1"),
    article_number=st.just("A-1"),
    **{field: words if field != "active" else st.booleans() for field in PLAIN},
)


@given(products, st.none() | products, rules, st.sets(st.sampled_from(PLAIN)))
def test_each_field_goes_as_its_policy_says(
    wanted: Product, there: Product | None, given_: Mapping[str, Any], can: set[str]
) -> None:
    fields = desired.product_fields(wanted, there, given_, can=can)
    untouched = rulebook.UPDATE if there is None else rulebook.CREATE
    if given_["mode"] == untouched:
        assert fields is None
        return
    assert fields is not None
    assert fields <= can
    for field in can:
        value, policy = getattr(wanted, field), given_[f"field_{field}"]
        allowed = {
            rulebook.NEVER: False,
            rulebook.WHEN_NEW: there is None,
            rulebook.WHEN_EMPTY: there is None or getattr(there, field) == "",
            rulebook.OVERWRITE: there is None or getattr(there, field) != value,
        }[policy]
        assert (field in fields) == (allowed and value != ""), field


@given(products, products, rules)
def test_what_was_written_is_not_written_again(wanted: Product, there: Product, given_: Mapping[str, Any]) -> None:
    fields = desired.product_fields(wanted, there, given_, can=PLAIN) or frozenset()
    after = replace(there, **{field: getattr(wanted, field) for field in fields})
    assert not desired.product_fields(wanted, after, given_, can=PLAIN)


# --- variants -----------------------------------------------------------------------------------------------------------------

variants = st.lists(
    st.builds(
        Variant,
        source_id=st.just(""),
        article_number=st.integers(1, 999).map(lambda n: f"V-{n}"),
        options=st.lists(st.tuples(st.sampled_from(["Färg", "Storlek", "Längd"]), words), max_size=3).map(tuple),
        active=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda variant: variant.article_number,
)


@given(variants, st.sampled_from([0, 1, 2, 3, None]), st.booleans())
def test_every_article_number_is_kept_exactly_once_or_all_are_refused(
    given_: list[Variant], dimensions: int | None, active: bool
) -> None:
    product = Product(source_id="7", article_number="P", name="Tröja", active=active, variants=tuple(given_))
    used = max((len(variant.options) for variant in given_), default=0)
    if dimensions and used > dimensions:
        with pytest.raises(InvalidRecord):
            fitted(product, dimensions)
        return
    held = fitted(product, dimensions)
    numbers = [v.article_number for each in held for v in each.variants] or [each.article_number for each in held]
    assert sorted(numbers) == sorted([v.article_number for v in given_] or ["P"])
    assert len({each.source_id for each in held}) == len(held)
    if dimensions == 0 and given_:
        assert all(not each.variants for each in held)
        assert [each.active for each in held] == [active and variant.active for variant in given_]


# --- channels -----------------------------------------------------------------------------------------------------------------

names = st.sampled_from(["", "b2b", "norge", "butik", "amazon"])


def of_channel(name: str) -> Order:
    return order_of("1001", channel=name)


@given(st.sets(names, min_size=1), names)
def test_an_order_is_seen_by_one_flow_of_its_shop_and_transferred_by_the_right_one(flows: set[str], channel: str) -> None:
    """Whichever flows a shop has: as `share_of` divides it among them."""
    named, order = frozenset(flows - {""}), of_channel(channel)
    first = min(named, default="")
    shares = {
        own: Share(own, named - {own}, leftovers=own == first and "" not in flows) if own else Share(taken=named)
        for own in flows
    }
    has_it = [own for own, share in shares.items() if share.has(order)]
    assert len(has_it) == 1
    (own,) = has_it
    transferred = shares[own].leaves_out(order) is None
    assert transferred == (channel in flows or "" in flows)
    if transferred:
        assert own == (channel if channel in flows else "")
