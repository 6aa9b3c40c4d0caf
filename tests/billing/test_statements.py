"""What a statement of a service account says, on screen, on paper and in a spreadsheet."""

from __future__ import annotations

import csv
import re
import zlib
from base64 import a85decode
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from openpyxl import load_workbook

from billing import hours, papers
from billing.models import Customer, ServiceAccount
from billing.refusals import Refused
from billing.statements import statement
from tests.billing.accounts import OCTOBER_1, OCTOBER_31, category, lived_in
from tests.browser import seed

NOVEMBER = date(2026, 11, 1), date(2026, 11, 30)


@pytest.fixture
def customer(db: None) -> Customer:
    customer = Customer.objects.create(name="Räksmörgås & Öl <b>AB</b>", language="sv", organisation_number="556036-0793")
    lived_in(customer)
    return customer


@pytest.fixture
def chief(customer: Customer) -> Client:
    client = Client()
    client.force_login(seed.user())
    return client


def shown(customer: Customer, first: date, last: date, kind: str) -> str:
    account = ServiceAccount.objects.get(customer=customer)
    return f"/admin/billing/serviceaccount/{account.pk}/statement/show/?first={first}&last={last}&as={kind}"


def words_of(pdf: bytes) -> str:
    """The texts of a PDF as they were drawn: each string of a page, put into letters by the tables of its fonts."""
    objects = {int(n): body for n, body in re.findall(rb"(\d+) 0 obj\s*(.*?)\s*endobj", pdf, re.DOTALL)}
    fonts: dict[str, dict[int, str]] = {}
    for name, n in re.findall(rb"/(F\d+\+\d+) (\d+) 0 R", pdf):
        table = re.search(rb"/ToUnicode (\d+) 0 R", objects[int(n)])
        assert table
        fonts[name.decode()] = letters(stream(objects[int(table[1])]).decode())
    said = []
    for body in objects.values():
        drawn = stream(body) if b"stream" in body else b""
        if b" Tf" not in drawn:
            continue
        font: dict[int, str] = {}
        for name, text in re.findall(rb"/(F[\d+]+) [\d.]+ Tf|\(((?:[^()\\]|\\.)*)\) Tj", drawn, re.DOTALL):
            if name:
                font = fonts.get(name.decode(), {})
            else:
                said.append("".join(font.get(byte, chr(byte)) for byte in unescaped(text)))
    return " ".join(said)


def stream(body: bytes) -> bytes:
    head, _, rest = body.partition(b"stream")
    data = rest.partition(b"endstream")[0].strip()
    if b"/ASCII85Decode" in head:
        data = a85decode(data.removesuffix(b"~>"))
    return zlib.decompress(data) if b"/FlateDecode" in head else data


def letters(table: str) -> dict[int, str]:
    """Byte → letter, as a ToUnicode table says."""
    pairs = re.findall(r"^<(\w\w)> <(\w{4})>$", table, re.MULTILINE)
    return {int(byte, 16): chr(int(letter, 16)) for byte, letter in pairs}


def unescaped(text: bytes) -> bytes:
    octal = re.sub(rb"\\([0-7]{1,3})", lambda match: bytes([int(match[1], 8)]), text)
    plain = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
    return re.sub(rb"\\(.)", lambda match: plain.get(match[1], match[1]), octal, flags=re.DOTALL)


def test_what_was_there_and_what_came_and_went_is_what_is_left(customer: Customer) -> None:
    october = statement(customer, OCTOBER_1, OCTOBER_31)
    # 180 came in September. 95 go, 15 are free, 300 come, 60 go: 180 - 95 + 300 - 60 = 325.
    assert (october.opening, october.came, october.went, october.free, october.closing) == (180, 300, -155, 15, 325)
    # The hour that was taken back comes back on the day on which it was.
    november = statement(customer, *NOVEMBER)
    assert (november.opening, november.came, november.went, november.closing) == (325, 60, 0, 385)
    assert november.closing == hours.balance(customer)


def test_entries_come_by_their_day_with_the_balance_of_that_day(customer: Customer) -> None:
    lines = statement(customer, OCTOBER_1, OCTOBER_31).lines
    assert [(line.entry.day.day, line.balance) for line in lines] == [(12, 85), (13, 85), (25, 385), (31, 325)]


def test_both_days_of_a_period_are_within_it(customer: Customer) -> None:
    only = statement(customer, OCTOBER_31, OCTOBER_31)
    assert [line.entry.text for line in only.lines] == ["=Fel kund"]
    assert (only.opening, only.closing) == (385, 325)


def test_a_customer_without_an_account_has_a_statement_of_nothing(db: None) -> None:
    empty = statement(Customer.objects.create(name="Ny AB"), OCTOBER_1, OCTOBER_31)
    assert (empty.opening, empty.closing, empty.lines) == (0, 0, ())
    assert papers.pdf(empty).startswith(b"%PDF")


def test_a_period_that_ends_before_it_begins_is_refused(customer: Customer) -> None:
    with pytest.raises(Refused, match="before the first"):
        statement(customer, OCTOBER_31, OCTOBER_1)


def test_another_customers_entries_are_not_in_it(customer: Customer) -> None:
    other = Customer.objects.create(name="Annan AB")
    hours.start_package(other, 600, day=OCTOBER_1, by="sara")
    assert statement(customer, OCTOBER_1, OCTOBER_31).opening == 180


def test_the_paper_has_the_figures_and_the_swedish_letters(chief: Client, customer: Customer) -> None:
    answer = chief.get(shown(customer, OCTOBER_1, OCTOBER_31, "pdf"), headers={"accept-language": "en"})
    assert answer.headers["Content-Type"] == "application/pdf"
    assert ".pdf" in answer.headers["Content-Disposition"]
    words = words_of(answer.content)
    # Marks of HTML are drawn as they are, each by itself.
    assert "Räksmörgås&Öl<b>AB</b>" in words.replace(" ", "")
    for said in ("556036-0793", "Felsökte “momszon” – ÅÄÖ åäö", "1042, Webb", "2026-10-12"):
        assert said in words
    for said in ("3 h", "-1 h 35 min", "5 h 25 min"):
        assert said in words.replace("\xa0", " ")


def test_the_paper_speaks_the_customers_language(chief: Client, customer: Customer) -> None:
    Customer.objects.update(language="en")
    address = shown(customer, *NOVEMBER, "pdf")
    english = words_of(chief.get(address, headers={"accept-language": "sv"}).content)
    assert "Statement of the service account" in english
    assert "reversal" in english
    assert "Hörde till en annan" in english


@pytest.mark.parametrize("text", ["Ярославль 🎂👩‍🍳 北京", "\ud83c", "a\x00b\x0b", "<para>&amp;</para>", "x" * 500, "]]> %PDF"])
def test_no_text_breaks_the_paper(customer: Customer, text: str) -> None:
    entry = statement(customer, OCTOBER_1, OCTOBER_31)
    for line in entry.lines:
        line.entry.text = text
    words = words_of(papers.pdf(entry))
    assert "2026-10-12" in words


def test_many_entries_go_on_over_pages_that_are_numbered(customer: Customer) -> None:
    for n in range(120):
        hours.work(customer, category("guidance"), 5, f"Samtal {n}", day=date(2026, 11, 3), by="eva")
    paper = papers.pdf(statement(customer, *NOVEMBER))
    with translation.override("en"):
        paper = papers.pdf(statement(customer, *NOVEMBER))
    pages = len(re.findall(rb"/Type /Page\b", paper))
    words = words_of(paper)
    assert pages >= 4
    assert f"Page {pages} of {pages}" in words
    # The headings stand on every page.
    assert words.count("Balance") >= pages
    assert all(f"Samtal {n}" in words for n in range(120))


def test_the_text_file_opens_in_a_swedish_spreadsheet(chief: Client, customer: Customer) -> None:
    content = b"".join(chief.get(shown(customer, OCTOBER_1, OCTOBER_31, "csv")).streaming_content)  # type: ignore[attr-defined]
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(content.decode("utf-8-sig").splitlines(), delimiter=";"))
    assert [row[-1] for row in rows[1:]] == ["180", "85", "85", "385", "325", "325"]
    assert rows[2][0] == "2026-10-12"
    assert (rows[2][-3], rows[2][-2]) == ("95", "-95")


def test_a_text_that_is_a_formula_is_carried_out_by_no_spreadsheet(chief: Client, customer: Customer) -> None:
    sheet = workbook(chief.get(shown(customer, OCTOBER_1, OCTOBER_31, "xlsx")))
    texts = [cell.value for row in sheet.iter_rows() for cell in row]
    assert "'=Fel kund" in texts
    assert "=Fel kund" not in texts
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_the_workbook_has_days_and_numbers_to_count_with(chief: Client, customer: Customer) -> None:
    sheet = workbook(chief.get(shown(customer, OCTOBER_1, OCTOBER_31, "xlsx")))
    assert (sheet["A1"].font.bold, sheet["A2"].font.bold, sheet.freeze_panes) == (True, False, "A2")
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[2][0].date() == date(2026, 10, 12)
    assert sum(row[-2] for row in rows[2:-1]) == 325 - 180


def workbook(answer: Any) -> Any:
    return load_workbook(BytesIO(b"".join(answer.streaming_content))).active
