"""Invoice bases in the back office: drafts, closing a month for good, and what leaves for the one who bills."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.test import Client
from openpyxl import load_workbook

from billing import contracts, hours, invoicing
from billing.models import AddOnKind, Customer, Edition, InvoiceBasis, Package
from tests.billing.accounts import pack
from tests.browser import seed
from tests.flows.test_admin_pages import member

BASES = "/admin/billing/invoicebasis/"
SENT = {"_form_submitted": "on"}
OCTOBER = date(2026, 10, 1)


@pytest.fixture(autouse=True)
def _november() -> Iterator[None]:
    with time_machine.travel("2026-11-05T09:00:00+00:00", tick=False):
        yield


@pytest.fixture
def chief(db: None) -> Client:
    client = Client()
    client.force_login(seed.user())
    return client


def sold(name: str, begins_on: date = date(2026, 10, 10), **columns: Any) -> Customer:
    """Package 400 in Cloud from 10 October: 6,400 once and 795 × 22/31 = 564.19 for the days of that month."""
    customer = Customer.objects.create(name=name, **columns)
    package = Package.objects.get(code="400")
    contracts.start(customer, package, Edition.CLOUD, begins_on=begins_on, actor="sara", start_minutes=0)
    return customer


def close(client: Client, month: str = "2026-10", **headers: str) -> Any:
    return client.post(
        f"{BASES}close_month/", {**SENT, "month": month}, follow=True, headers={"accept-language": "en", **headers}
    )


def rows(answer: Any) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(text.splitlines(), delimiter=";"))


def test_a_month_shows_what_it_would_be_before_it_is_closed(chief: Client) -> None:
    sold("Ull AB")
    page = chief.get(f"{BASES}month/?month=2026-10")
    [draft] = page.context["drafts"]
    assert (draft.net, draft.vat, draft.total) == (Decimal("6964.19"), Decimal("1741.05"), Decimal("8705.24"))
    assert not InvoiceBasis.objects.exists()


def test_last_month_is_shown_to_begin_with_and_whenever_the_address_is_nonsense(chief: Client) -> None:
    for asked in ("", "?month=", "?month=x", "?month=2026-13", "?month=999999-01"):
        assert chief.get(f"{BASES}month/{asked}").context["month"] == OCTOBER


def test_closing_says_first_for_how_many(chief: Client) -> None:
    sold("Ull AB")
    sold("Garn AB", begins_on=date(2026, 11, 2))
    form = chief.get(f"{BASES}close_month/?month=2026-10", headers={"accept-language": "en"}).context["form"]
    assert form.fields["month"].choices[0] == ("2026-10", "2026-10 · 1 customer is open")
    assert form["month"].value() == "2026-10"
    assert not InvoiceBasis.objects.exists()


def test_a_month_is_closed_for_everybody_with_something_on_it(chief: Client) -> None:
    sold("Ull AB")
    sold("Garn AB")
    Customer.objects.create(name="Utan AB")
    answer = close(chief)
    assert "2 invoice bases are closed." in answer.content.decode()
    assert list(InvoiceBasis.objects.order_by("customer__name").values_list("customer__name", "net", "closed_by")) == [
        ("Garn AB", Decimal("6964.19"), "sara"),
        ("Ull AB", Decimal("6964.19"), "sara"),
    ]
    assert chief.get(f"{BASES}month/?month=2026-10").context["drafts"] == []


def test_a_month_that_was_closed_is_closed_again_for_nobody(chief: Client) -> None:
    sold("Ull AB")
    close(chief)
    assert "0 invoice bases are closed." in close(chief).content.decode()
    assert InvoiceBasis.objects.count() == 1


def test_the_month_that_goes_on_cannot_be_closed(chief: Client) -> None:
    sold("Ull AB")
    assert close(chief, "2026-11").context["form"].errors["month"]
    assert not InvoiceBasis.objects.exists()
    page = chief.get(f"{BASES}month/?month=2026-11").content.decode()
    assert "close_month" not in page


def test_who_may_only_look_sees_the_months_and_closes_none(db: None) -> None:
    sold("Ull AB")
    looker = member("view_invoicebasis")
    page = looker.get(f"{BASES}month/")
    assert len(page.context["drafts"]) == 1
    assert "close_month" not in page.content.decode()
    assert close(looker).status_code == 403
    assert not InvoiceBasis.objects.exists()


def test_who_may_not_see_bases_gets_neither_months_nor_files(db: None) -> None:
    other = member("view_customer")
    assert {other.get(f"{BASES}{page}").status_code for page in ("", "month/", "month/export/", "close_month/")} == {403}


def test_what_is_closed_is_changed_by_nobody(chief: Client) -> None:
    sold("Ull AB")
    close(chief)
    basis = InvoiceBasis.objects.get()
    for page in ("add/", f"{basis.pk}/delete/"):
        assert chief.post(f"{BASES}{page}", {"post": "yes"}).status_code == 403
    assert chief.post(f"{BASES}{basis.pk}/change/", {"net": "1"}).status_code == 403
    html = chief.get(f"{BASES}{basis.pk}/change/").content.decode()
    assert 'name="_save"' not in html
    assert "8\xa0705,24\xa0kr" in html


def test_rows_leave_with_all_that_an_invoice_needs_in_the_customers_language(chief: Client) -> None:
    customer = sold("Ull AB", organisation_number="556036-0793", vat_number="SE556036079301", language="sv")
    hours.buy(customer, pack("Timpaket 5 h"), day=date(2026, 10, 20), by="sara")
    subscription = customer.subscriptions.get()
    contracts.add(subscription, AddOnKind.SHOP, "Butik två", begins_on=date(2026, 10, 22), actor="sara")
    close(chief)
    answer = chief.get(f"{BASES}month/export/?month=2026-10&as=csv", headers={"accept-language": "en"})
    assert 'filename="invoice-rows-2026-10.csv"' in answer.headers["Content-Disposition"]
    found = rows(answer)
    assert {(row["Customer"], row["Organisation number"], row["VAT number"], row["Month"]) for row in found} == {
        ("Ull AB", "556036-0793", "SE556036079301", "2026-10")
    }
    # 295 × 10/31 = 95.16 for the shop, 795 × 22/31 = 564.19 for the package.
    told = [(row["From"], row["Until"], row["Days"], row["Price excl. VAT"], row["Amount excl. VAT"]) for row in found]
    assert sorted(told) == [
        ("", "", "", "4500.00", "4500.00"),
        ("", "", "", "6400.00", "6400.00"),
        ("2026-10-10", "2026-10-31", "22", "795.00", "564.19"),
        ("2026-10-22", "2026-10-31", "10", "295.00", "95.16"),
    ]
    assert {row["VAT in per cent"] for row in found} == {"25.00"}
    assert any("Butik två" in row["Text"] for row in found)


def test_one_row_for_each_customer_has_what_is_to_be_paid(chief: Client) -> None:
    sold("Ull AB", email="ull@example.se")
    sold("Dansk ApS", country="DK", vat_number="DK13585628")
    close(chief)
    found = rows(chief.get(f"{BASES}month/export/?month=2026-10&what=bases&as=csv", headers={"accept-language": "en"}))
    paid = [(row["Customer"], row["Excl. VAT"], row["VAT"], row["Incl. VAT"], row["Country"]) for row in found]
    assert paid == [
        ("Dansk ApS", "6964.19", "0.00", "6964.19", "DK"),
        ("Ull AB", "6964.19", "1741.05", "8705.24", "SE"),
    ]
    assert "DK13585628" in found[0]["Note on VAT"]


def test_a_swede_gets_a_decimal_comma(chief: Client) -> None:
    sold("Ull AB")
    close(chief)
    answer = chief.get(f"{BASES}month/export/?month=2026-10&what=bases&as=csv", headers={"accept-language": "sv"})
    assert ";6964,19;" in b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]


def test_a_workbook_has_numbers_and_days_and_carries_out_nothing(chief: Client) -> None:
    sold("=HYPERLINK(1)")
    close(chief)
    answer: Any = chief.get(f"{BASES}month/export/?month=2026-10", headers={"accept-language": "en"})
    sheet: Any = load_workbook(BytesIO(b"".join(answer.streaming_content))).active
    table = list(sheet.iter_rows(values_only=True))
    amounts = [row[table[0].index("Amount excl. VAT")] for row in table[1:]]
    assert sum(amounts) == pytest.approx(6964.19)
    assert {row[table[0].index("Customer")] for row in table[1:]} == {"'=HYPERLINK(1)"}
    assert date(2026, 10, 10) in {row[table[0].index("From")] and row[table[0].index("From")].date() for row in table[1:]}
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_drafts_come_in_pages_of_a_bounded_size(chief: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from billing.admin import invoices

    monkeypatch.setattr(invoices, "DRAFTS", 2)
    for name in ("Aa", "Bb", "Cc"):
        sold(name)
    shown = [
        [draft.customer.name for draft in chief.get(f"{BASES}month/?month=2026-10&p={page}").context["drafts"]]
        for page in (1, 2)
    ]
    assert shown == [["Aa", "Bb"], ["Cc"]]


def test_closed_bases_are_found_by_month_and_customer(chief: Client) -> None:
    sold("Ull AB", begins_on=date(2026, 9, 1))
    sold("Garn AB")
    close(chief)
    assert InvoiceBasis.objects.count() == 3
    assert len(chief.get(f"{BASES}?of=2026-09-01").context["cl"].result_list) == 1
    assert len(chief.get(f"{BASES}?of=2026-10-01").context["cl"].result_list) == 2
    assert len(chief.get(f"{BASES}?q=Garn").context["cl"].result_list) == 1
    assert chief.get(f"{BASES}?of=nonsense").status_code == 200


def test_who_left_long_ago_is_asked_about_once_and_not_month_by_month(
    chief: Client, django_assert_max_num_queries: Any
) -> None:
    customer = sold("Förr AB", begins_on=date(2025, 1, 1))
    contracts.give_notice(customer.subscriptions.get(), on=date(2025, 1, 10), actor="sara")
    assert invoicing.close_all(date(2025, 4, 1), today=date(2025, 5, 1), actor="sara")[0] == 3
    with django_assert_max_num_queries(25):
        assert invoicing.close_all(OCTOBER, today=date(2026, 11, 5), actor="sara") == (0, 19)


def test_a_correction_of_long_ago_is_on_the_month_that_is_closed_now(chief: Client) -> None:
    customer = sold("Förr AB", begins_on=date(2025, 1, 1))
    subscription = customer.subscriptions.get()
    contracts.give_notice(subscription, on=date(2025, 1, 10), actor="sara")
    invoicing.close_all(date(2025, 4, 1), today=date(2025, 5, 1), actor="sara")
    subscription.terms.update(monthly_price=Decimal(695))
    close(chief)
    # 100 less for each of three months that were closed.
    assert InvoiceBasis.objects.latest("month").net == Decimal(-300)
    assert InvoiceBasis.objects.latest("month").month == OCTOBER
