"""Texts in the reader's language, whole and in short."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import override

from sharespine.lib.said import said, said_of_many, said_shortly
from sharespine.lib.text import Amount, Text

BARRED = Text("Article %(sku)s costs approx. 40 SEK and is barred. Unbar it and press Retry.", {"sku": "A-1"})


def test_the_empty_text_is_empty_and_not_the_header_of_the_catalogue() -> None:
    assert said(Text("")) == ""
    assert said_of_many("") == ""


def test_values_are_filled_in() -> None:
    assert said(BARRED).startswith("Article A-1 costs")


def test_what_many_have_in_common_leaves_their_values_out() -> None:
    assert said_of_many("The order is %(total)s %(currency)s in the shop.") == "The order is … in the shop."


def test_the_first_sentence_says_what_happened() -> None:
    assert said_shortly(BARRED) == "Article A-1 costs approx. 40 SEK and is barred."


def test_amounts_in_a_sentence_are_written_as_swedish_businesses_do() -> None:
    values = {
        "a": Amount(Decimal("1234.5"), "SEK"),
        "b": Amount(Decimal("-0.01"), "EUR"),
        "c": Amount(Decimal("29.80")),
        "d": Amount(None, "SEK"),
        "e": Amount(Decimal("100.004"), "SEK"),
    }
    with override("sv"):
        assert said(Text("%(a)s|%(b)s|%(c)s|%(d)s|%(e)s", values)) == "1\xa0234,50\xa0kr|-0,01\xa0EUR|29,80|–|100,004\xa0kr"
