"""The price list: a matrix that holds from a day, and never touches what was sold."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from billing.models import AddOnPrice, Edition, Feature, HourPack, Offer, Package
from tests.billing.contracted import day, sold
from tests.browser import seed

MATRIX = "/admin/billing/package/"
SOON = timedelta(days=30)


@pytest.fixture
def chief(db: None) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(seed.user())
    return client


def filled(edition: str, on: date, **changes: Any) -> dict[str, Any]:
    """What the matrix sends: the prices that hold on a day, with some changed. `400__monthly_price` is one cell of it."""
    values: dict[str, Any] = {}
    for offer in Offer.on(on, edition):
        for name in ("monthly_price", "installation_price", "order_cap", "start_minutes", "features"):
            value = getattr(offer, name)
            values[f"{offer.package.code}-{name}"] = "" if value is None else value
    return {**values, **{name.replace("__", "-"): value for name, value in changes.items()}}


def publish(client: Client, valid_from: date, edition: str = "cloud", **changes: Any) -> str:
    values = {**filled(edition, valid_from, **changes), "valid_from": valid_from}
    return client.post(f"{MATRIX}?edition={edition}", values, follow=True).content.decode()


def price(on: date, edition: str = "cloud", code: str = "400") -> Decimal | None:
    prices: dict[str, Decimal | None] = {offer.package.code: offer.monthly_price for offer in Offer.on(on, edition)}
    return prices[code]


def test_a_new_price_holds_from_its_day_for_what_is_sold_then(chief: Client) -> None:
    before = sold("Ull AB", "400", months=0)
    said = publish(chief, day() + SOON, **{"400__monthly_price": "849,50"})
    assert "1 package has new terms" in said
    assert price(day()) == 795
    assert price(day() + SOON) == Decimal("849.50")
    assert price(day() + SOON, Edition.CLIENT) == 795
    term = before.term_on(day() + SOON)
    assert term
    assert term.monthly_price == 795
    assert Offer.objects.filter(valid_from=day() + SOON).count() == 1


def test_a_list_to_come_is_changed_in_place_and_keeps_its_history(chief: Client) -> None:
    publish(chief, day() + SOON, **{"400__monthly_price": "849"})
    publish(chief, day() + SOON, **{"400__monthly_price": "799"})
    offer = Offer.objects.get(valid_from=day() + SOON)
    assert offer.monthly_price == 799
    assert [row.monthly_price for row in offer.history.all()] == [799, 849]
    assert offer.history.latest().history_user.get_username() == "sara"


def test_a_day_that_is_over_is_refused(chief: Client) -> None:
    assert "cannot begin on a day that is over" in publish(chief, day() - SOON, **{"400__monthly_price": "1"})
    assert price(day()) == 795


def test_what_was_sold_from_since_this_morning_is_refused(chief: Client) -> None:
    publish(chief, day(), **{"400__monthly_price": "849"})
    assert price(day()) == 849
    assert "began today" in publish(chief, day(), **{"400__monthly_price": "1", "800__monthly_price": "2"})
    assert price(day()) == 849
    assert price(day(), code="800") == 1195


def test_nothing_is_saved_when_nothing_differs(chief: Client) -> None:
    number = Offer.objects.count()
    assert "Nothing differs" in publish(chief, day() + SOON)
    assert Offer.objects.count() == number


def test_features_are_ticked_for_a_package(chief: Client) -> None:
    features = ["orders", "customers", "products", "stock"]
    publish(chief, day() + SOON, edition="cloud", **{"100__features": features})
    offer = Offer.objects.get(valid_from=day() + SOON, package__code="100")
    assert offer.features == features


def test_a_feature_of_the_client_edition_is_not_sold_in_the_cloud(chief: Client) -> None:
    assert "field_mapping" not in chief.get(f"{MATRIX}?edition=cloud").content.decode()
    assert "field_mapping" in chief.get(f"{MATRIX}?edition=client").content.decode()
    publish(chief, day() + SOON, edition="cloud", **{"800__features": ["orders", "field_mapping"]})
    assert not Offer.objects.filter(edition=Edition.CLOUD, features__icontains=Feature.FIELD_MAPPING).exists()


def test_a_price_without_a_cap_is_refused(chief: Client) -> None:
    assert "needs both" in publish(chief, day() + SOON, **{"400__order_cap": ""})
    assert not Offer.objects.filter(valid_from=day() + SOON).exists()


@pytest.mark.parametrize("value", ["-1", "abc", "1.2.3"])
def test_what_is_no_price_is_refused_beside_its_field(chief: Client, value: str) -> None:
    assert "bo-error" in publish(chief, day() + SOON, **{"400__monthly_price": value})
    assert not Offer.objects.filter(valid_from=day() + SOON).exists()


def test_an_older_list_is_looked_at_and_cannot_be_changed(chief: Client) -> None:
    publish(chief, day() + SOON, **{"400__monthly_price": "849"})
    old = chief.get(f"{MATRIX}?day=2025-02-01").content.decode()
    assert 'name="400-monthly_price"' not in old
    assert "history" in old
    assert 'value="849"' in chief.get(f"{MATRIX}?day={day() + SOON}").content.decode()


@pytest.mark.parametrize("query", ["?day=2025-13-45", "?day=x", "?edition=x"])
def test_a_strange_address_shows_what_holds_now(chief: Client, query: str) -> None:
    assert 'value="795"' in chief.get(MATRIX + query).content.decode()


def test_a_package_keeps_its_code_and_may_get_another_name(chief: Client) -> None:
    package = Package.objects.get(code="400")
    chief.post(f"{MATRIX}{package.pk}/change/", {"name": "Paket Fyrahundra", "code": "1", "rank": "9"})
    package.refresh_from_db()
    assert (package.name, package.code, package.rank) == ("Paket Fyrahundra", "400", 3)
    assert chief.post(f"{MATRIX}{package.pk}/delete/", {"post": "yes"}).status_code == 403


def test_add_on_prices_and_hour_packs_are_lists(chief: Client) -> None:
    chief.post("/admin/billing/addonprice/add/", {"kind": "shop", "valid_from": day() + SOON, "monthly_price": "349"})
    later, now = AddOnPrice.on(day() + SOON, "shop"), AddOnPrice.on(day(), "shop")
    assert later
    assert now
    assert (later.monthly_price, now.monthly_price) == (349, 295)
    chief.post("/admin/billing/hourpack/add/", {"name": "Timpaket 5", "minutes": "300", "price": "4500", "is_sold": "on"})
    assert HourPack.objects.get().minutes == 300
    html = chief.get("/admin/billing/hourpack/").content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert "900.00 kr" in html
