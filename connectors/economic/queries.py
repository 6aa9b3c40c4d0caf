"""Values written into e-conomic's `filter` parameter and addresses so that none of them can change what is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

_SPECIAL = re.compile(r"[$()*,]")

#: How the address of an article spells some letters of its number (documentation 2019, recorded since).
_SPELLED = {letter: f"_{place}_" for place, letter in enumerate("<>*%:&/\\_ ?.#+")}

#: The server takes 200 values; an address of a few kB is what any server in between takes as well.
_MOST_VALUES = 50
_LONGEST = 1500


def escape(value: str) -> str:
    """`value` with `$ ( ) * ,` escaped. `[` and `]` stay: the documented `$[` is not honoured (verified August 2026)."""
    return _SPECIAL.sub(r"$\g<0>", value)


def one_of(field: str, values: Iterable[str]) -> Iterator[str]:
    """Filters that together find every row whose `field` is one of `values`, as few as will do."""
    bracketed: list[str] = []
    plain: list[str] = []
    for value in values:
        (bracketed if set("[]") & set(value) else plain).append(value)
    for chunk in _chunks(plain):
        yield f"{field}$in:[{','.join(map(escape, chunk))}]"
    # Brackets end a list and cannot be escaped, but have no meaning after `$eq:`.
    for value in bracketed:
        yield f"{field}$eq:{escape(value)}"


def contains(field: str, value: str) -> str:
    """A filter for rows with `value` somewhere in `field`. `[` begins a character class there, and `[[]` stands for itself."""
    return f"{field}$like:{escape(value.replace('[', '[[]'))}"


def any_of(filters: Iterable[str]) -> str:
    """A filter for rows that at least one of `filters` finds."""
    return "$or:".join(f"({where})" for where in filters)


def product_path(number: str) -> str:
    """The address of an article by its number."""
    return "/products/" + "".join(_SPELLED.get(letter) or quote(letter, safe="") for letter in number)


def _chunks(values: list[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    length = 0
    for value in values:
        if chunk and (len(chunk) == _MOST_VALUES or length + len(value) > _LONGEST):
            yield chunk
            chunk, length = [], 0
        chunk.append(value)
        length += len(value) + 1
    if chunk:
        yield chunk
