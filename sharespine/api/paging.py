"""Lists page by page, the newest first: stable while rows are added, and as quick on the last page as on the first.

A cursor is the row that a page begins after or ends before, so that what is added meanwhile moves nothing: whoever follows
`next` gets every row that there was, once. It is opaque to callers, and says nothing that an id does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.db.models import Model, QuerySet
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from sharespine.api.queries import Query

Row = TypeVar("Row", bound=Model)
USUAL = 50
MOST = 100
#: Older than a row, or newer; and its id in base 36.
CURSOR = r"^[on][0-9a-z]{1,11}$"
HIGHEST = 36**11 - 1
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class PageQuery(Query):
    """What a list can be asked for: how much of it, and from where."""

    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST, default=USUAL, help_text="How many rows a page has at most."
    )
    cursor = serializers.RegexField(
        CURSOR,
        required=False,
        help_text="Where the page begins: as it stands in “next” and “previous” of another page. Never made up.",
    )


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, the newest first, and the cursors of the pages beside it."""

    rows: list[Any]
    next: str = ""
    previous: str = ""


def page(rows: QuerySet[Row], asked: Mapping[str, Any]) -> Page:
    """The page of `rows`, by falling ids, that is asked for: `limit` and `cursor` as `PageQuery` lets them through."""
    cursor, limit = asked.get("cursor", ""), asked["limit"]
    if not cursor:
        found = _first(rows, "-pk", limit + 1)
        return Page(found[:limit], next=_older(found[limit - 1]) if len(found) > limit else "")
    way, pk = cursor[0], int(cursor[1:], 36)
    if way == "o":
        found = _first(rows.filter(pk__lt=pk), "-pk", limit + 1)
        shown = found[:limit]
        following = _older(shown[-1]) if len(found) > limit else ""
        return Page(shown, next=following, previous=_newer(shown[0]) if shown else _cursor("n", pk - 1))
    found = _first(rows.filter(pk__gt=pk), "pk", limit + 1)
    shown = found[:limit][::-1]
    before = _newer(shown[0]) if len(found) > limit else ""
    return Page(shown, next=_older(shown[-1]) if shown else _cursor("o", pk + 1), previous=before)


def _first(rows: QuerySet[Row], order: str, most: int) -> list[Row]:
    """The first of `rows`. Which they are is asked by itself, so that an index answers which holds all they are narrowed by."""
    ids = list(rows.order_by(order).values_list("pk", flat=True)[:most])
    whole = rows.in_bulk(ids)
    return [whole[pk] for pk in ids if pk in whole]


def answer(request: Request, found: Page, shown: Callable[[Any], Any]) -> Response:
    """A page as it is sent: its rows as `shown` has them, and links to the pages beside it, in the header `Link` as well."""
    links = {"next": _address(request, found.next), "prev": _address(request, found.previous)}
    response = Response({"next": links["next"], "previous": links["prev"], "results": [shown(row) for row in found.rows]})
    _link(response, links)
    return response


def _link(response: HttpResponse, links: dict[str, str | None]) -> None:
    told = ", ".join(f'<{address}>; rel="{way}"' for way, address in links.items() if address)
    if told:
        response.headers["Link"] = told


def _address(request: Request, cursor: str) -> str | None:
    if not cursor:
        return None
    asked = [(name, value) for name, value in request.query_params.items() if name != "cursor"]
    return request.build_absolute_uri(f"{request.path}?{urlencode([*asked, ('cursor', cursor)])}")


def _older(row: Model) -> str:
    return _cursor("o", row.pk)


def _newer(row: Model) -> str:
    return _cursor("n", row.pk)


def _cursor(way: str, pk: int) -> str:
    digits, left = "", min(max(0, pk), HIGHEST)
    while left:
        left, digit = divmod(left, 36)
        digits = _DIGITS[digit] + digits
    return way + (digits or "0")
