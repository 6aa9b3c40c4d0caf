"""Text as people typed it, made fit for an invoice."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.woocommerce.wording import lines, one_line


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("Ek &amp; Söner", "Ek & Söner"),
        ("<b>Bo</b> Ek", "Bo Ek"),
        ("T-shirt &times; 2", "T-shirt × 2"),
        ("5 < 10 och 20 > 3", "5 < 10 och 20 > 3"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Eva", "Eva"),
        ("<<b>script>alert(1)<</b>/script>Eva", "Eva"),
        ("Kaj 🎣 👩‍👩‍👧", "Kaj 🎣 👩‍👩‍👧"),
        ("Å\u0000sa\u0007 \t\r\n Öberg", "Åsa Öberg"),
        ("\ufeffAnna\u202e", "Anna"),
        ("half a pair \ud83d", "half a pair"),
        (None, ""),
        (True, ""),
        ({"a": 1}, ""),
        (42, "42"),
    ],
)
def test_a_line_is_clean(typed: object, read: str) -> None:
    assert one_line(typed) == read


def test_a_note_keeps_its_lines() -> None:
    assert lines("Ring på<br>dörren\r\n\r\n\r\n\r\n<p>Portkod</p> 1234") == "Ring på\ndörren\n\nPortkod\n1234"


@given(st.text() | st.lists(st.sampled_from(["<", ">", "b", "/", "&lt;", "script", "\u0000", "\n", " ", "å"])).map("".join))
def test_no_tag_and_no_control_character_is_left(typed: str) -> None:
    read = one_line(typed)
    assert read == read.strip()
    assert not re.search(r"</?[a-z][^<>]*>", read, re.IGNORECASE)
    assert not {unicodedata.category(character) for character in read} & {"Cc", "Cs", "Zl", "Zp"}
    read.encode()


@pytest.mark.parametrize("typed", ["<!--" * 50_000, "<b" * 50_000 + ">" * 50_000, "<script>" * 50_000, "&lt;" * 100_000])
def test_a_name_meant_to_keep_us_busy_does_not(typed: str) -> None:
    started = time.process_time()
    one_line(typed)
    assert time.process_time() - started < 1


@given(st.text())
def test_text_with_nothing_to_clean_comes_out_as_it_would_the_long_way(text: str) -> None:
    assert lines(f"<b></b>{text}") == lines(text) or "<" in text
