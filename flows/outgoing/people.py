"""What leaves us in a message to a machine names no buyer: sentences of other systems may quote one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sharespine.lib.said import said, said_of_many
from sharespine.lib.text import Text

#: Parts of a record that are about people, and what in them names nobody.
ABOUT_PEOPLE = ("buyer", "delivery")
NAMES_NOBODY = ("country", "number")
#: Shorter than this is no name that could be told from any other word.
SHORTEST = 3


def told(text: Text, record: Mapping[str, Any]) -> str:
    """`text` in the active language, with “…” where it quotes the buyer of `record`.

    Of an order that we hold no record of, nobody can say what is quoted: there the sentence is told without its values.
    """
    names = sorted({name for part in ABOUT_PEOPLE for name in _names(record.get(part) or {})}, key=len, reverse=True)
    if not names:
        return said_of_many(text.message)
    quoted = "|".join(map(re.escape, names))
    return re.sub(rf"(?<!\w)(?:{quoted})(?!\w)", "…", said(text), flags=re.IGNORECASE)


def _names(part: Mapping[str, Any]) -> Iterator[str]:
    for key, value in part.items():
        if isinstance(value, Mapping):
            yield from _names(value)
        elif isinstance(value, str) and key not in NAMES_NOBODY:
            # A system may quote the family name alone.
            words = value.split() if key in ("name", "company") else ()
            yield from (name for name in (value.strip(), *words) if len(name) >= SHORTEST)
