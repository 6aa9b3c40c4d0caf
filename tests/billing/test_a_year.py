"""A year of a customer's life, each month's invoice basis against figures worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from billing import caps, contracts, gates, hours, invoicing
from billing.dates import next_month
from billing.models import Customer, Entry, Feature, HourPack, InvoiceBasis, Package, WorkCategory
from billing.refusals import Refused

pytestmark = pytest.mark.django_db

#: Kind, the month that it is for, days (None where it is not by days), amount.
Row = tuple[str, str, int | None, str]


def package(code: str) -> Package:
    return Package.objects.get(code=code)


def close(customer: Customer, month: date) -> InvoiceBasis:
    return invoicing.close(customer, month, today=next_month(month), actor="siv")


def rows(basis: InvoiceBasis) -> list[Row]:
    return [(row.kind, f"{row.month:%Y-%m}", row.days, str(row.amount)) for row in basis.rows.all()]


def sums(basis: InvoiceBasis) -> tuple[str, str, str]:
    """Without VAT, VAT, with VAT."""
    basis.refresh_from_db()
    return str(basis.net), str(basis.vat), str(basis.total)


def test_a_year_from_sign_up_to_the_end() -> None:
    customer = Customer.objects.create(name="Ull AB", language="en")
    ten_hours = HourPack.objects.create(name="10 hours", minutes=600, price=Decimal("8990.00"))

    # January. Package 100 Cloud from Thursday 15 January; its start package holds four hours.
    subscription = contracts.start(
        customer, package("100"), "cloud", begins_on=date(2026, 1, 15), start_minutes=240, actor="siv"
    )
    assert (customer.status, hours.balance(customer)) == ("starting", 240)
    assert caps.cap(customer.pk, date(2026, 1, 14)) == 0
    assert caps.cap(customer.pk, date(2026, 1, 15)) == 100
    january = close(customer, date(2026, 1, 1))
    assert rows(january) == [
        ("subscription", "2026-01", 17, "161.77"),  # 295 × 17 / 31 = 161.774
        ("installation", "2026-01", None, "2200.00"),
    ]
    assert sums(january) == ("2361.77", "590.44", "2952.21")  # 2361.77 × 25 % = 590.4425

    # February. Ten hours are bought.
    bought = hours.buy(customer, ten_hours, day=date(2026, 2, 20), by="siv")
    february = close(customer, date(2026, 2, 1))
    assert rows(february) == [("subscription", "2026-02", 28, "295.00"), ("hour_pack", "2026-02", None, "8990.00")]
    assert sums(february) == ("9285.00", "2321.25", "11606.25")

    # March. An hour and a half of training; on the 10th up to 400, at once.
    training = WorkCategory.objects.get(key="start")
    hours.work(customer, training, 90, "Training", day=date(2026, 3, 4), by="siv")
    assert hours.balance(customer) == 750  # 240 + 600 − 90
    with pytest.raises(Refused, match="Paket 400 has it"):
        contracts.add(subscription, "shop", "garn.se", begins_on=date(2026, 3, 9), actor="siv")
    contracts.change_package(subscription, package("400"), today=date(2026, 3, 10), actor="siv")
    assert [caps.cap(customer.pk, date(2026, 3, day)) for day in (9, 10)] == [100, 400]
    march = close(customer, date(2026, 3, 1))
    assert rows(march) == [
        ("subscription", "2026-03", 9, "85.65"),  # 295 × 9 / 31 = 85.645
        ("subscription", "2026-03", 22, "564.19"),  # 795 × 22 / 31 = 564.194
    ]
    assert sums(march) == ("649.84", "162.46", "812.30")

    # April. A second shop from the 10th.
    shop = contracts.add(subscription, "shop", "garn.se", begins_on=date(2026, 4, 10), actor="siv")
    april = close(customer, date(2026, 4, 1))
    assert rows(april) == [
        ("subscription", "2026-04", 30, "795.00"),
        ("add_on", "2026-04", 21, "206.50"),  # 295 × 21 / 30
    ]
    assert sums(april) == ("1001.50", "250.38", "1251.88")  # 1001.50 × 25 % = 250.375

    # May. Field mapping is granted until the end of August, which costs nothing. And the shop was there since 1 April.
    contracts.grant_feature(
        subscription,
        Feature.FIELD_MAPPING,
        begins_on=date(2026, 5, 1),
        expires_on=date(2026, 8, 31),
        reason="Trial",
        actor="siv",
    )
    shop.begins_on = date(2026, 4, 1)
    shop.save()
    may = close(customer, date(2026, 5, 1))
    assert rows(may) == [
        ("subscription", "2026-05", 31, "795.00"),
        ("add_on", "2026-05", 31, "295.00"),
        ("correction", "2026-04", None, "88.50"),  # 295.00 − 206.50
    ]
    assert sums(may) == ("1178.50", "294.63", "1473.13")  # 1178.50 × 25 % = 294.625
    assert gates.has(customer.pk, [Feature.FIELD_MAPPING], date(2026, 5, 31))

    # June. Paused from the 10th to the 24th. The ten hours of February are taken back.
    contracts.pause(subscription, begins_on=date(2026, 6, 10), until=date(2026, 6, 24), reason="The shop moves", actor="siv")
    assert [caps.cap(customer.pk, date(2026, 6, day)) for day in (9, 10, 24, 25)] == [400, 0, 0, 400]
    hours.reverse(bought, day=date(2026, 6, 12), by="siv", reason="Never ordered")
    assert hours.balance(customer) == 150
    june = close(customer, date(2026, 6, 1))
    assert rows(june) == [
        ("subscription", "2026-06", 9, "238.50"),  # 795 × 9 / 30
        ("subscription", "2026-06", 6, "159.00"),  # 795 × 6 / 30
        ("add_on", "2026-06", 9, "88.50"),  # 295 × 9 / 30
        ("add_on", "2026-06", 6, "59.00"),  # 295 × 6 / 30
        ("hour_pack", "2026-06", None, "-8990.00"),
    ]
    assert sums(june) == ("-8445.00", "-2111.25", "-10556.25")  # 545.00 − 8990.00

    # July. Ten hours that were bought on the last of June are entered when June is closed.
    hours.buy(customer, ten_hours, day=date(2026, 6, 30), by="siv")
    july = close(customer, date(2026, 7, 1))
    assert rows(july) == [
        ("subscription", "2026-07", 31, "795.00"),
        ("add_on", "2026-07", 31, "295.00"),
        ("correction", "2026-06", None, "8990.00"),
    ]
    assert sums(july) == ("10080.00", "2520.00", "12600.00")
    assert hours.balance(customer) == 750

    # August. Down to 200 when the month ends: multishop and price lists are lost, and the second shop goes.
    change = contracts.what_if(subscription, package("200"), today=date(2026, 8, 12))
    assert (change.begins_on, change.lost) == (date(2026, 9, 1), [Feature.PRICE_LISTS, Feature.MULTISHOP])
    contracts.change_package(subscription, package("200"), today=date(2026, 8, 12), actor="siv")
    contracts.end_add_on(shop, on=date(2026, 8, 31), actor="siv")
    assert [caps.cap(customer.pk, day) for day in (date(2026, 8, 31), date(2026, 9, 1))] == [400, 200]
    features = [Feature.FIELD_MAPPING, Feature.MULTISHOP]
    assert [gates.has(customer.pk, features, day) for day in (date(2026, 8, 31), date(2026, 9, 1))] == [True, False]
    august = close(customer, date(2026, 8, 1))
    assert rows(august) == [("subscription", "2026-08", 31, "795.00"), ("add_on", "2026-08", 31, "295.00")]
    assert sums(august) == ("1090.00", "272.50", "1362.50")

    september = close(customer, date(2026, 9, 1))
    assert rows(september) == [("subscription", "2026-09", 30, "495.00")]
    assert sums(september) == ("495.00", "123.75", "618.75")

    # October. Notice on the 14th: the binding time is over, so a month of notice is what is left.
    assert contracts.give_notice(subscription, on=date(2026, 10, 14), actor="siv") == date(2026, 11, 14)
    october = close(customer, date(2026, 10, 1))
    assert sums(october) == ("495.00", "123.75", "618.75")

    # November. The last day is the 14th.
    assert [caps.cap(customer.pk, date(2026, 11, day)) for day in (14, 15)] == [200, 0]
    assert contracts.mark_ended(date(2026, 11, 14)) == 0
    assert contracts.mark_ended(date(2026, 11, 15)) == 1
    customer.refresh_from_db()
    assert customer.status == "ended"
    november = close(customer, date(2026, 11, 1))
    assert rows(november) == [("subscription", "2026-11", 14, "231.00")]  # 495 × 14 / 30
    assert sums(november) == ("231.00", "57.75", "288.75")

    # December has nothing, and nothing of the year has changed since it was closed.
    assert invoicing.draft(customer, date(2026, 12, 1)).rows == ()
    assert invoicing.close_all(date(2026, 12, 1), today=date(2027, 1, 1), actor="siv") == (0, 1)
    assert {f"{basis.month:%m}": str(basis.net) for basis in customer.invoice_bases.order_by("month")} == {
        "01": "2361.77", "02": "9285.00", "03": "649.84", "04": "1001.50", "05": "1178.50", "06": "-8445.00",
        "07": "10080.00", "08": "1090.00", "09": "495.00", "10": "495.00", "11": "231.00",
    }  # fmt: skip
    # What was paid in all: the packages by their days, two months of nothing less 15 days of pause, one hour pack.
    assert sum(basis.net for basis in customer.invoice_bases.all()) == Decimal("18422.61")


def test_the_rows_say_what_they_are_for() -> None:
    customer = Customer.objects.create(name="Ull AB", language="en")
    subscription = contracts.start(customer, package("400"), "client", begins_on=date(2026, 1, 1), actor="siv")
    contracts.add(subscription, "gateway", "Klarna", begins_on=date(2026, 1, 1), actor="siv")
    pack = HourPack.objects.create(name="10 hours", minutes=600, price=Decimal("8990.00"))
    bought = hours.buy(customer, pack, day=date(2026, 1, 30), by="siv")
    close(customer, date(2026, 1, 1))
    hours.reverse(bought, day=date(2026, 1, 31), by="siv", reason="Never ordered")
    texts = [row.text for row in InvoiceBasis.objects.get().rows.all()]
    assert texts == [
        "Subscription Paket 400 Client",
        "Installation and start package, Paket 400",
        "Reconciliation of a gateway: Klarna",
        "10 hours",
    ]
    late = [row.text for row in close(customer, date(2026, 2, 1)).rows.filter(kind="correction")]
    assert late == ["Correction of 2026-01: Taken back: 10 hours"]


# --- VAT ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "vat_number", "rate", "vat", "total", "note"),
    [
        ("SE", "SE556036079301", "25.00", "623.75", "3118.75", ""),
        ("DK", "DK13585628", "0.00", "0.00", "2495.00", "Reverse charge, VAT number DK13585628"),
        ("DK", "", "25.00", "623.75", "3118.75", ""),
        ("DK", "SE556036079301", "25.00", "623.75", "3118.75", ""),
        ("FI", "FI20774740", "0.00", "0.00", "2495.00", "Reverse charge, VAT number FI20774740"),
        ("NO", "", "0.00", "0.00", "2495.00", "Outside the European Union: no Swedish VAT"),
        ("GB", "", "0.00", "0.00", "2495.00", "Outside the European Union: no Swedish VAT"),
    ],
)
def test_vat_goes_by_country_and_vat_number(country: str, vat_number: str, rate: str, vat: str, total: str, note: str) -> None:
    customer = Customer.objects.create(name="Uld ApS", language="en", country=country, vat_number=vat_number)
    customer.full_clean()
    contracts.start(customer, package("100"), "cloud", begins_on=date(2026, 3, 1), actor="siv")
    basis = close(customer, date(2026, 3, 1))
    assert sums(basis) == ("2495.00", vat, total)  # 295 + 2200
    assert (str(basis.vat_rate), basis.vat_note) == (rate, note)


# --- closing ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def customer() -> Customer:
    made = Customer.objects.create(name="Ull AB", language="en")
    contracts.start(made, package("100"), "cloud", begins_on=date(2026, 1, 1), actor="siv")
    return made


def test_a_month_is_closed_when_it_is_over_once_and_in_order(customer: Customer) -> None:
    with pytest.raises(Refused, match="not over"):
        invoicing.close(customer, date(2026, 1, 1), today=date(2026, 1, 31), actor="siv")
    with pytest.raises(Refused, match="Close 2026-01 first"):
        close(customer, date(2026, 2, 1))
    close(customer, date(2026, 1, 1))
    close(customer, date(2026, 2, 1))
    for month in (date(2026, 1, 1), date(2026, 2, 1)):
        with pytest.raises(Refused, match=r"2026-\d\d is closed"):
            close(customer, month)
    assert InvoiceBasis.objects.count() == 2


def test_a_basis_that_is_closed_cannot_be_changed_or_deleted(customer: Customer) -> None:
    basis = close(customer, date(2026, 1, 1))
    row = basis.rows.first()
    assert row
    attempts: list[Callable[[], object]] = [
        basis.save, basis.delete, row.save, row.delete, basis.rows.all().delete, InvoiceBasis.objects.all().delete,
        lambda: basis.rows.update(amount=0), lambda: InvoiceBasis.objects.update(net=0),
    ]  # fmt: skip
    for attempt in attempts:
        with pytest.raises(TypeError, match="never changes"):
            attempt()
    assert sums(basis) == ("2495.00", "623.75", "3118.75")


def test_all_are_closed_with_the_months_before_and_only_who_has_something(customer: Customer) -> None:
    Customer.objects.create(name="Prospect AB")
    assert invoicing.close_all(date(2026, 3, 1), today=date(2026, 4, 1), actor="siv") == (3, 0)
    assert invoicing.close_all(date(2026, 3, 1), today=date(2026, 4, 1), actor="siv") == (0, 0)
    with pytest.raises(Refused, match="not over"):
        invoicing.close_all(date(2026, 4, 1), today=date(2026, 4, 30), actor="siv")


def test_what_is_entered_late_for_a_month_that_was_passed_by_is_invoiced(customer: Customer) -> None:
    pack = HourPack.objects.create(name="10 hours", minutes=600, price=Decimal("8990.00"))
    subscription = customer.subscriptions.get()
    contracts.pause(subscription, begins_on=date(2026, 2, 1), until=date(2026, 2, 28), reason="The shop moves", actor="siv")
    # February has nothing on it, and so no basis.
    assert invoicing.close_all(date(2026, 3, 1), today=date(2026, 4, 1), actor="siv") == (2, 1)
    hours.buy(customer, pack, day=date(2026, 2, 10), by="siv")
    assert rows(close(customer, date(2026, 4, 1))) == [
        ("subscription", "2026-04", 30, "295.00"),
        ("correction", "2026-02", None, "8990.00"),
    ]


def test_a_contract_that_ends_before_a_planned_change_is_not_invoiced_beyond_its_end(customer: Customer) -> None:
    subscription = customer.subscriptions.get()
    contracts.change_package(subscription, package("200"), today=date(2026, 6, 20), actor="siv")
    contracts.change_package(subscription, package("100"), today=date(2026, 7, 2), actor="siv")
    # Noted late: notice was given on 10 June.
    contracts.give_notice(subscription, on=date(2026, 6, 10), actor="siv")
    assert [charge.amount for charge in invoicing.charges(customer, date(2026, 7, 1))] == [Decimal("159.68")]  # 495 × 10 / 31


def test_a_price_that_is_raised_changes_nothing_that_was_sold(customer: Customer) -> None:
    offer = package("100").offers.get(edition="cloud")
    offer.pk, offer.valid_from, offer.monthly_price = None, date(2026, 2, 1), Decimal(395)
    offer.save()
    assert [str(charge.amount) for charge in invoicing.charges(customer, date(2026, 3, 1))] == ["295.00"]
    newcomer = Customer.objects.create(name="Garn AB")
    contracts.start(newcomer, package("100"), "cloud", begins_on=date(2026, 3, 1), actor="siv")
    assert [str(charge.amount) for charge in invoicing.charges(newcomer, date(2026, 3, 1))] == ["395.00", "2200.00"]


def test_reading_many_months_asks_the_database_as_often_as_reading_one(
    customer: Customer, django_assert_max_num_queries: object
) -> None:
    invoicing.close_all(date(2027, 12, 1), today=date(2028, 1, 1), actor="siv")
    assert callable(django_assert_max_num_queries)
    with django_assert_max_num_queries(10):
        invoicing.draft(customer, date(2028, 1, 1))
    assert Entry.objects.count() == 0
