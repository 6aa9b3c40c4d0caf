"""Text as people typed it, made fit for an invoice: no tags, no entities, no control characters; emoji stay."""

from __future__ import annotations

import html
import re
import unicodedata

# Taking one tag out can put another together ("<<b>script>"), so it is done again; who nests deeper means harm.
_MAX_PASSES = 5
# The content of these is never text for people.
_HIDDEN = re.compile(r"<(script|style)\b.*?(</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
# A letter must follow: "5 < 10 och 20 > 3" is text.
_TAG = re.compile(r"<!--.*?(?:-->|\Z)|</?[a-z][^<>]*>", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<(br|/p|/div|/li)\b[^<>]*>", re.IGNORECASE)
# Turn the reading direction around, or are a byte order mark: never needed in a name, and a known way to disguise one. The last
# one stands where there was something that cannot be stored.
_UNSEEN = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ufffe\uffff\ufffd")


# What nearly all text consists of, and what `_fit` would leave as it is.
_PLAIN = "\n -~\u00a1-\u00ac\u00ae-\u024f"
_ODD = re.compile(f"[^{_PLAIN}]")
#: What may have to be cleaned away, although it can be printed.
_SPECIAL = re.compile("[<&\ufffd]")


def one_line(value: object) -> str:
    """`value` as one line of clean text; anything but text and whole numbers is empty.

    WooCommerce passes names, titles and notes on raw, with entities (`&times;`) and even scripts (measured 2026-11-21).
    """
    return " ".join(lines(value).split())


def lines(value: object) -> str:
    """`value` as clean text that keeps its line breaks."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return ""
    if value.isprintable() and not _SPECIAL.search(value):
        # Nearly everything: nothing in it but letters, signs and single spaces.
        return value.strip()
    text = html.unescape(value).replace("\r\n", "\n").replace("\r", "\n")
    # Before the tags: a control character inside one would hide it.
    text = _ODD.sub(_fit, text)
    for _ in range(_MAX_PASSES):
        before, text = text, _TAG.sub("", _BREAK.sub("\n", _HIDDEN.sub(" ", text)))
        if text == before:
            break
    else:
        text = text.replace("<", "")
    stripped = (line.strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(stripped)).strip()


def _fit(odd: re.Match[str]) -> str:
    character = odd.group()
    category = unicodedata.category(character)
    # Half a surrogate pair can arrive as an escape in JSON, and cannot be stored as UTF-8.
    if category == "Cs" or character in _UNSEEN:
        return ""
    if character.isspace():
        return " "
    return "" if category == "Cc" else character
