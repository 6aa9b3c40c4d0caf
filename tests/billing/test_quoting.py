"""What a quote says: the cheapest package that covers the wishes, what each other one lacks, and to the öre what it costs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from billing import pricelist, quoting
from billing.invoicing import vat_for
from billing.models import NEEDED, AddOnKind, AddOnPrice, Edition, Feature, Offer, Package, Quote
from billing.quoting import Needs, Sold

DAY = date(2026, 11, 21)
#: Some features are enough: none of the rules knows one from another.
SOME = [Feature.ORDERS, Feature.STOCK, Feature.MULTISHOP, Feature.RECONCILIATION]

amounts = st.decimals(0, 100_000, places=2)
features = st.frozensets(st.sampled_from(SOME))
names = st.lists(st.sampled_from(["Butik två", "Butik tre", "Klarna"]), max_size=3).map(tuple)


@st.composite
def price_lists(draw: st.DrawFn) -> list[Sold]:
    found = []
    for rank in range(1, draw(st.integers(1, 5)) + 1):
        on_request = draw(st.booleans())
        found.append(
            Sold(
                code=f"p{rank}",
                name=f"Paket {rank}",
                rank=rank,
                monthly_price=None if on_request else draw(amounts),
                installation_price=None if on_request else draw(amounts),
                order_cap=None if on_request else draw(st.integers(0, 1000)),
                features=draw(features),
            )
        )
    return found


wanted = st.builds(Needs, orders=st.integers(1, 1200), features=features, shops=names, gateways=names)
add_on_prices = st.fixed_dictionaries({kind: st.one_of(st.none(), amounts) for kind in AddOnKind})


@given(price_lists(), wanted, add_on_prices)
def test_the_cheapest_covers_everything_and_no_other_that_does_costs_less(
    packages: list[Sold], needs: Needs, prices: dict[AddOnKind, Decimal | None]
) -> None:
    priced = quoting.reckon(packages, needs, prices)
    chosen = quoting.cheapest(priced)
    for one in priced:
        # Reckoned once more, by hand: what it lacks is named, and nothing else is.
        missing = {feature for feature in needs.features if feature not in one.sold.features}
        missing |= {NEEDED[AddOnKind.SHOP]} if needs.shops and Feature.MULTISHOP not in one.sold.features else set()
        missing |= {NEEDED[AddOnKind.GATEWAY]} if needs.gateways and Feature.RECONCILIATION not in one.sold.features else set()
        too_few = one.sold.order_cap is not None and one.sold.order_cap < needs.orders
        assert {lack.what for lack in one.lacks} == {*missing, *(["orders"] if too_few else [])}
        assert all(one.sold.name in str(lack.text) for lack in one.lacks)
        if one is chosen:
            assert one.covers
        elif one.covers and one.monthly_total is not None:
            assert chosen is not None
            assert chosen.monthly_total is not None
            assert chosen.monthly_total <= one.monthly_total
    if chosen is None:
        assert not any(one.covers for one in priced)
    elif chosen.monthly_total is None:
        # One on request is the last resort.
        assert not any(one.covers and one.monthly_total is not None for one in priced)


@given(price_lists(), wanted, add_on_prices)
def test_what_a_package_costs_is_its_price_and_that_of_each_add_on_it_can_have(
    packages: list[Sold], needs: Needs, prices: dict[AddOnKind, Decimal | None]
) -> None:
    for one in quoting.reckon(packages, needs, prices):
        shops = len(needs.shops) if Feature.MULTISHOP in one.sold.features else 0
        gateways = len(needs.gateways) if Feature.RECONCILIATION in one.sold.features else 0
        unknown = (shops and prices[AddOnKind.SHOP] is None) or (gateways and prices[AddOnKind.GATEWAY] is None)
        if one.sold.monthly_price is None or unknown:
            assert (one.monthly, one.once) == (None, None)
            continue
        due = one.sold.monthly_price
        due += shops * (prices[AddOnKind.SHOP] or 0) + gateways * (prices[AddOnKind.GATEWAY] or 0)
        assert (one.monthly_total, one.once_total) == (due, one.sold.installation_price)


@given(amounts, st.sampled_from([Decimal(25), Decimal(12), Decimal(6), Decimal(0)]))
def test_with_vat_is_the_amount_times_the_rate_to_the_ore(amount: Decimal, rate: Decimal) -> None:
    both = quoting.with_vat(amount, rate)
    assert both == both.quantize(Decimal("0.01"))
    assert abs(both - amount * (1 + rate / 100)) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("country", "number", "rate", "said"),
    [
        ("SE", "", 25, ""),
        ("SE", "SE556036079301", 25, ""),
        ("DK", "DK13585628", 0, "Reverse charge, VAT number DK13585628"),
        ("DK", "", 25, ""),
        ("DK", "SE556036079301", 25, ""),
        ("NO", "", 0, "Outside the European Union: no Swedish VAT"),
    ],
)
def test_the_country_and_the_vat_number_decide_the_vat_as_on_invoices(country: str, number: str, rate: int, said: str) -> None:
    found, note = vat_for(country, number)
    assert (int(found), str(note)) == (rate, said)


# --- with the price list ------------------------------------------------------------------------------------------------------


def made(needs: Needs, *, edition: str = Edition.CLOUD, country: str = "SE", today: date = DAY) -> Quote:
    return quoting.make(edition, needs, wishes={}, told={"warnings": []}, country=country, vat_number="", today=today)


def read(quote: Quote) -> dict[str, Any]:
    with translation.override("en"):
        return quoting.read(Quote.objects.get(pk=quote.pk))


@pytest.mark.django_db
def test_a_quote_tells_of_every_package_what_it_lacks_in_words_and_what_it_costs() -> None:
    answer = read(made(Needs(orders=350, features=frozenset({Feature.ORDERS, Feature.STOCK}))))
    assert answer["recommended"] == "400"
    by_code = {one["package"]: one for one in answer["packages"]}
    assert list(by_code) == ["100", "200", "400", "800", "premium"]
    assert [lack["text"] for lack in by_code["100"]["lacks"]] == [
        "Stock is not part of Paket 100.",
        "Paket 100 holds 100 orders a month, 350 are wanted.",
    ]
    assert [lack["what"] for lack in by_code["200"]["lacks"]] == ["orders"]
    assert by_code["400"]["lacks"] == []
    assert by_code["400"]["monthly"] == {
        "rows": [
            {
                "kind": "subscription",
                "name": "",
                "text": "Subscription Paket 400",
                "without_vat": "795.00",
                "with_vat": "993.75",
            }
        ],
        "without_vat": "795.00",
        "with_vat": "993.75",
    }
    assert (by_code["400"]["once"]["without_vat"], by_code["400"]["once"]["with_vat"]) == ("6400.00", "8000.00")
    premium = by_code["premium"]
    assert (premium["on_request"], premium["monthly"], premium["order_cap"]) == (True, None, None)


@pytest.mark.django_db
def test_further_shops_and_gateways_are_rows_of_their_own_and_need_a_package_that_has_them() -> None:
    answer = read(made(Needs(orders=50, shops=("Butik två",), gateways=("Klarna", "Svea")), edition=Edition.CLIENT))
    assert answer["recommended"] == "400"
    costs = {one["package"]: one["monthly"] for one in answer["packages"]}
    assert [row["text"] for row in costs["400"]["rows"]] == [
        "Subscription Paket 400",
        "Extra shop: Butik två",
        "Reconciliation of a gateway: Klarna",
        "Reconciliation of a gateway: Svea",
    ]
    assert costs["400"]["without_vat"] == "1680.00"
    # A package without multishop is not shown at the price of a shop that it cannot have.
    assert costs["200"]["without_vat"] == "1085.00"


@pytest.mark.django_db
def test_more_orders_than_any_listed_package_holds_are_sold_on_request() -> None:
    quote = made(Needs(orders=5000))
    answer = read(quote)
    assert (answer["recommended"], str(quote.package)) == ("premium", "Premium")
    Offer.objects.filter(package__code="premium").delete()
    bare = made(Needs(orders=5000))
    assert (read(bare)["recommended"], bare.package) == (None, None)


@pytest.mark.django_db
def test_a_quote_is_read_in_either_language() -> None:
    quote = made(Needs(orders=350, features=frozenset({Feature.STOCK})), country="NO")
    with translation.override("sv"):
        swedish = quoting.read(quote)
    english = read(quote)
    assert swedish["vat"]["note"] == "Utanför Europeiska unionen: ingen svensk moms"
    assert english["vat"]["note"] == "Outside the European Union: no Swedish VAT"
    assert swedish["packages"][0]["monthly"]["without_vat"] == swedish["packages"][0]["monthly"]["with_vat"] == "295.00"


@pytest.mark.django_db
@given(price=amounts, cap=st.integers(0, 5000), without=st.sampled_from(list(Feature)))
def test_a_quote_says_the_same_whatever_prices_and_packages_become(price: Decimal, cap: int, without: Feature) -> None:
    quote = made(Needs(orders=150, features=frozenset({Feature.STOCK}), shops=("Butik två",)))
    before = read(quote)
    cloud = [offer for offer in Offer.on(DAY, Edition.CLOUD) if offer.monthly_price is not None]
    wanted = [
        pricelist.Wanted(offer.package, price, price, cap, features=frozenset(offer.features) - {without, str(without)})
        for offer in cloud
    ]
    pricelist.publish(Edition.CLOUD, wanted, valid_from=DAY + timedelta(days=1), today=DAY, actor="sara")
    AddOnPrice.objects.filter(kind=AddOnKind.SHOP).update(monthly_price=price)
    Package.objects.filter(code="200").update(name="Två")
    assert read(quote) == before


@pytest.mark.django_db
def test_a_quote_holds_for_so_many_days_and_cannot_be_changed(settings: Any) -> None:
    settings.QUOTE_DAYS = 14
    quote = made(Needs(orders=1))
    assert quote.valid_until == date(2026, 12, 5)
    quote.answer = {}
    with pytest.raises(TypeError, match="never changed"):
        quote.save()


@pytest.mark.django_db
def test_the_price_list_of_the_day_counts() -> None:
    package = Package.objects.get(code="100")
    Offer.objects.create(
        package=package,
        edition=Edition.CLOUD,
        valid_from=DAY + timedelta(days=1),
        monthly_price=Decimal("310.10"),
        installation_price=Decimal(0),
        order_cap=100,
        features=[Feature.ORDERS],
    )
    before, after = (made(Needs(orders=1), today=day) for day in (DAY, DAY + timedelta(days=1)))
    found = [read(quote)["packages"][0]["monthly"] for quote in (before, after)]
    assert [cost["without_vat"] for cost in found] == ["295.00", "310.10"]
    # 387.625 is rounded up, as invoices are.
    assert found[1]["with_vat"] == "387.63"


@pytest.mark.django_db
def test_without_a_price_for_an_add_on_a_package_is_sold_on_request() -> None:
    AddOnPrice.objects.all().delete()
    answer = read(made(Needs(orders=1, shops=("Butik två",))))
    by_code = {one["package"]: one["on_request"] for one in answer["packages"]}
    assert by_code == {"100": False, "200": False, "400": True, "800": True, "premium": True}


@pytest.mark.django_db
def test_old_quotes_that_led_to_nothing_are_forgotten() -> None:
    old, new = made(Needs(orders=1)), made(Needs(orders=2))
    Quote.objects.filter(pk=old.pk).update(created_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert list(quoting.forgettable(timezone.now())) == [old]
    assert new.pk
