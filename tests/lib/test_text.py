from __future__ import annotations

from decimal import Decimal

from sharespine.lib.text import N_, Amount, Text


def test_values_are_filled_in_when_the_text_is_shown() -> None:
    text = Text(N_("Article %(sku)s is barred"), {"sku": "A-1"})
    assert str(text) == "Article A-1 is barred"
    assert text.render({text.message: "Artikel %(sku)s är spärrad"}.__getitem__) == "Artikel A-1 är spärrad"


def test_a_missing_value_shows_as_its_placeholder() -> None:
    assert str(Text("Article %(sku)s of %(order)s", {"sku": "A-1"})) == "Article A-1 of %(order)s"


def test_a_per_cent_sign_is_no_error() -> None:
    assert str(Text("25 % VAT")) == "25 % VAT"
    assert str(Text("25 % of %(sum)s", {"sum": "100"})) == "25 % of %(sum)s"
    assert str(Text("%(rate)s %% VAT", {"rate": "25"})) == "25 % VAT"


def test_a_value_is_never_taken_for_a_template() -> None:
    assert str(Text("Article %(sku)s", {"sku": "%(order)s %s"})) == "Article %(order)s %s"


def test_texts_survive_the_database() -> None:
    text = Text("Article %(sku)s", {"sku": "Å-1"})
    assert Text.from_json(text.to_json()) == text
    assert Text.from_json(None) == Text("")


def test_a_value_in_words_is_translated_with_its_sentence() -> None:
    text = Text(N_("The setting %(setting)s is empty"), {"setting": Text(N_("Unit"))})
    swedish = {"The setting %(setting)s is empty": "Inställningen %(setting)s är tom", "Unit": "Enhet"}
    assert str(text) == "The setting Unit is empty"
    assert text.render(swedish.__getitem__) == "Inställningen Enhet är tom"
    assert Text.from_json(text.to_json()) == text


def test_an_amount_is_written_as_whoever_shows_it_does() -> None:
    text = Text(
        "Your total is %(total)s, %(vat)s of it VAT; %(paid)s",
        {"total": Amount(Decimal("1234.50"), "SEK"), "vat": Amount(Decimal("9.50")), "paid": Amount(None, "SEK")},
    )
    assert str(text) == "Your total is 1234.50 SEK, 9.50 of it VAT; –"
    assert text.render(write=lambda amount: f"<{amount.value}>") == "Your total is <1234.50>, <9.50> of it VAT; <None>"
    assert Text.from_json(text.to_json()) == text
