"""Lists page by page, the newest first: as quick far back as at the beginning, and nothing moves while rows are added.

A page begins before a row or ends after one, by its id in the address. Whoever follows “older” sees every row once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.db.models import QuerySet
from django.http import QueryDict

#: Rows of a page, rows that are read at a time where all are wanted, and how far the rows of a list are counted.
SIZE, CHUNK, MANY = 25, 2000, 1000
#: Beyond any id: what databases keep whole numbers in ends here.
_END = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, and the addresses of those beside it: queries, empty where there is none."""

    rows: list[Any] = field(default_factory=list)
    newest: str = ""
    newer: str = ""
    older: str = ""


def page(
    found: Sequence[QuerySet[Any]], whole: QuerySet[Any], asked: QueryDict, kept: Mapping[str, str], *, size: int = SIZE
) -> Page:
    """The page that is `asked` for by `before` or `after`, the first where there is no such page.

    `found` only says which rows, in one part or several, each of which an index gives in order; they are read from `whole`,
    with all that is shown of them. `kept` stays in the addresses.
    """
    before, after = row_id(asked.get("before", "")), row_id(asked.get("after", ""))
    if after is not None:
        ids = _ids(found, size + 1, "pk", pk__gt=after)
        if shown := ids[:size][::-1]:
            newer = _address(kept, after=shown[0]) if len(ids) > size else ""
            return Page(_complete(whole, shown), _address(kept), newer, _address(kept, before=shown[-1]))
    ids = _ids(found, size + 1, pk__lt=before) if before is not None else []
    is_first = not ids
    if is_first:
        ids = _ids(found, size + 1)
    shown = ids[:size]
    older = _address(kept, before=shown[-1]) if len(ids) > size else ""
    if is_first:
        return Page(_complete(whole, shown), older=older)
    return Page(_complete(whole, shown), _address(kept), _address(kept, after=shown[0]), older)


def every(found: Sequence[QuerySet[Any]], whole: QuerySet[Any], *, chunk: int = CHUNK) -> Iterator[Any]:
    """All rows of `found`, the newest first, some at a time: of any number, and none twice while rows are added."""
    ids = _ids(found, chunk)
    while ids:
        yield from _complete(whole, ids)
        ids = _ids(found, chunk, pk__lt=ids[-1])


def count(found: Sequence[QuerySet[Any]], most: int = MANY) -> int:
    """How many rows there are in all parts together, up to `most`: counted along the index that gives them in order."""
    return len(_ids(found, most))


def _ids(found: Sequence[QuerySet[Any]], most: int, order: str = "-pk", **place: int) -> list[int]:
    """The first `most` ids of all parts together, with one question."""
    parts: list[Any] = [part.filter(**place).order_by(order).values_list("pk", flat=True)[:most] for part in found]
    if len(parts) == 1:
        return list(parts[0])
    if not connection.features.supports_slicing_ordering_in_compound:
        # SQLite takes no limit in a part of a union, but in a query within one.
        parts = [QuerySet(part.model).filter(pk__in=part).order_by().values_list("pk", flat=True) for part in parts]
    return sorted(parts[0].union(*parts[1:], all=True), reverse=order == "-pk")[:most]


def _complete(whole: QuerySet[Any], ids: list[int]) -> list[Any]:
    rows = whole.in_bulk(ids)
    return [rows[pk] for pk in ids if pk in rows]


def _address(kept: Mapping[str, str], **place: int) -> str:
    return "?" + urlencode({**kept, **place})


def row_id(text: str) -> int | None:
    """The id that stands in an address; None where that is none."""
    return min(int(text), _END) if text.isascii() and text.isdigit() and len(text) < 20 else None
