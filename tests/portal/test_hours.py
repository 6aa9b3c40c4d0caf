"""The service account as its customer reads it: what is left, what came and went, and the statement as a file."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from billing import hours as account
from billing.models import Customer, Entry, Role
from sharespine.portal import hours
from tests.billing.accounts import category, lived_in, pack
from tests.browser import seed
from tests.customers import subscribed
from tests.portal.conftest import Member

DAY = date(2026, 10, 1)


def get(client: Client, customer: Customer, address: str = "", language: str = "en") -> Any:
    return client.get(f"/portal/{customer.pk}/hours/{address}", headers={"accept-language": language})


def words(answer: Any) -> str:
    return " ".join(answer.content.decode().replace("\N{NO-BREAK SPACE}", " ").split())


def rows(answer: Any) -> list[tuple[str, int, int]]:
    return [(f"{row.entry.day}", row.entry.change, row.balance) for row in answer.context["rows"]]


def test_the_entries_stand_newest_first_with_what_was_left_after_each(member: Member) -> None:
    client, customer = member(Role.READER)
    lived_in(customer)
    answer = get(client, customer)
    assert rows(answer) == [
        ("2026-11-02", 60, 385),
        ("2026-10-31", -60, 325),
        ("2026-10-25", 300, 385),
        ("2026-10-13", 0, 85),
        ("2026-10-12", -95, 85),
        ("2026-09-28", 180, 180),
    ]
    text = words(answer)
    for expected in (
        "6 h 25 min",
        "Guidance is free",
        "taken back",
        "reversal · Qualified support · Hörde till en annan",
        "1042, Webb",
    ):
        assert expected in text
    assert text.count(">free</span>") == 1
    assert text.count("taken back</span>") == 1


def test_a_period_has_the_balance_of_its_days(member: Member) -> None:
    client, customer = member(Role.READER)
    lived_in(customer)
    assert rows(get(client, customer, "?first=2026-10-13&last=2026-10-25")) == [
        ("2026-10-25", 300, 385),
        ("2026-10-13", 0, 85),
    ]
    assert rows(get(client, customer, "?last=2026-10-12"))[0] == ("2026-10-12", -95, 85)
    assert "Nothing came or went" in words(get(client, customer, "?first=2030-01-01"))
    wrong = get(client, customer, "?first=2026-10-13&last=2026-10-12")
    assert "The last day is before the first." in words(wrong)
    assert "aria-invalid" in words(wrong)
    assert len(rows(get(client, customer, "?first=whenever"))) == 6


def test_pages_follow_on_each_other(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hours, "SHOWN", 4)
    client, customer = member(Role.READER)
    lived_in(customer)
    first = get(client, customer, "?last=2026-10-31")
    assert (first.context["newer"], first.context["older"]) == ("", "?last=2026-10-31&page=2")
    second = get(client, customer, first.context["older"])
    assert rows(first) + rows(second) == [*rows(get(client, customer, "?last=2026-10-31&page=0"))[:4], ("2026-09-28", 180, 180)]
    assert (second.context["newer"], second.context["older"]) == ("?last=2026-10-31&page=1", "")
    assert rows(get(client, customer, "?page=99999")) == []
    assert rows(get(client, customer, "?page=-1")) == rows(get(client, customer, "?page=²"))


@pytest.mark.parametrize(
    ("minutes", "said"), [(0, "No hours are left"), (90, "paid for already"), (-30, "taken from the next hour pack")]
)
def test_what_is_left_is_explained(member: Member, minutes: int, said: str) -> None:
    client, customer = member(Role.READER)
    if minutes:
        account.adjust(customer, minutes, day=DAY, by="sara", reason="Flyttat")
    assert said in words(get(client, customer))


def test_why_a_debt_was_allowed_is_not_the_customers_to_read(member: Member) -> None:
    client, customer = member(Role.OWNER)
    account.work(customer, category(), 30, "Momszonen", day=DAY, by="sara", reason="HEMLIGT SKÄL")
    assert "HEMLIGT" not in words(get(client, customer))
    file = get(client, customer, "statement.csv")
    assert "HEMLIGT" not in b"".join(file.streaming_content).decode()


def test_entries_lead_to_the_orders_and_connections_that_they_were_for(member: Member) -> None:
    client, customer = member(Role.READER)
    flow, theirs = seed.flow(customer), seed.flow(subscribed("Annan AB"))
    order, other = seed.transfer(flow, 1042), seed.transfer(theirs, 77)
    account.buy(customer, pack(), day=DAY, by="sara")
    for about in (
        account.About(flow.connection_id, order.pk, "1042, Webb"),
        account.About(flow.connection_id, None, "Webb"),
        account.About(theirs.connection_id, other.pk, "77, Annans"),
    ):
        account.work(customer, category(), 10, "Felsökt", day=DAY, by="sara", about=about)
    connections = f"/portal/{customer.pk}/connections/#connection-{flow.connection_id}"
    addresses = [row.address for row in get(client, customer).context["rows"]]
    assert addresses == ["", connections, f"/portal/{customer.pk}/orders/{order.pk}/", ""]


def test_the_statement_is_a_file_in_the_readers_language(member: Member) -> None:
    client, customer = member(Role.READER)
    lived_in(customer)
    english, swedish = (
        get(client, customer, "statement.csv?first=2026-10-01&last=2026-10-31"),
        get(client, customer, "statement.csv", "sv"),
    )
    lines = b"".join(english.streaming_content).decode().splitlines()
    assert lines[0].endswith("Day;Kind;Work category;What;Reason;For;Who;Minutes;In and out, minutes;Balance, minutes")
    assert lines[1].startswith("2026-10-01;;;Opening balance;")
    assert lines[-1].endswith(";325")
    assert "'=Fel kund" in lines[5]
    assert b"".join(swedish.streaming_content).decode().splitlines()[1].startswith("2026-09-28;;;Ingående saldo;")
    assert english.headers["Content-Disposition"] == (
        f'attachment; filename="service-account-{customer.pk}-2026-10-01-2026-10-31.csv"'
    )
    book = load_workbook(BytesIO(b"".join(get(client, customer, "statement.xlsx?last=2026-11-30").streaming_content)))
    assert [cell.value for cell in list(book.active.rows)[-1]][-1] == 385
    assert get(client, customer, "statement.pdf").content.startswith(b"%PDF")


@pytest.mark.parametrize(
    "address", ["statement.exe", "statement.csv?first=2030-01-01&last=2029-01-01", "statement.csv?first=x"]
)
def test_what_is_no_statement_is_not_found(member: Member, address: str) -> None:
    client, customer = member(Role.READER)
    assert get(client, customer, address).status_code == 404


def test_an_empty_account_has_a_page_and_a_statement(member: Member) -> None:
    client, customer = member(Role.READER)
    assert "Nothing has come or gone yet." in words(get(client, customer))
    assert get(client, customer, "statement.pdf").status_code == 200


def test_another_customers_hours_are_seen_by_nobody_but_staff(member: Member, onlooker: Client) -> None:
    client, customer = member(Role.OWNER)
    other = subscribed("Annan AB")
    lived_in(other)
    for address in ("", "statement.csv", "statement.pdf"):
        assert get(client, other, address).status_code == 404
        assert get(onlooker, other, address).status_code == 200
    assert rows(get(client, customer)) == []
    assert client.post(f"/portal/{other.pk}/hours/").status_code == 404
    assert onlooker.post(f"/portal/{other.pk}/hours/").status_code == 403
    assert Entry.objects.count() == 6


def test_the_number_of_questions_does_not_grow_with_the_entries(member: Member, django_assert_num_queries: Any) -> None:
    client, customer = member(Role.READER)
    flow = seed.flow(customer)
    about = account.About(flow.connection_id, seed.transfer(flow, 1).pk, "1, Webb")
    account.start_package(customer, 6000, day=DAY, by="sara")
    account.work(customer, category(), 10, "Felsökt", day=DAY, by="sara", about=about)
    with CaptureQueriesContext(connection) as few:
        get(client, customer)
    for _ in range(30):
        account.work(customer, category(), 10, "Felsökt", day=DAY, by="sara", about=about)
    with django_assert_num_queries(len(few)):
        assert len(rows(get(client, customer))) == 32
    assert len(few) < 15
