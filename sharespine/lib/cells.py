"""Texts as cells of a spreadsheet: what came from a shop must never be carried out there."""

from __future__ import annotations

import re

#: What a spreadsheet takes for the beginning of a formula, also after spaces and quotes.
FORMULA = re.compile(r"""^[\s"'\u00a0\ufeff]*[=+\-@＝＋－＠]|^[\t\r\n]""")
#: Characters that a workbook cannot hold.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def harmless(text: str) -> str:
    """`text` with an apostrophe before it where it could be taken for a formula, which is how spreadsheets mark a text."""
    text = UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return f"'{text}" if FORMULA.match(text) else text
