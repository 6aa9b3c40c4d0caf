"""Lists as the shop gives them: filters, the traps of its times, sorting, pages and their headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from connectors.sandbox import Request, Response
from connectors.woocommerce.simulator.refusals import invalid

HIDDEN = ("trash", "auto-draft")

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})?")
_SORTS = ("date", "id", "include", "title", "slug", "modified")

Wire = dict[str, Any]


@dataclass
class Listing:
    """How this shop lists. `sorts_by_modified` is False in an older one; `most_per_page` is what a plugin may cap silently.

    `sorts_by_local_time` is a shop that keeps its orders as posts (general knowledge): backwards in the night of October.
    """

    zone: ZoneInfo
    sorts_by_modified: bool = True
    filters_by_modified: bool = True
    sorts_by_local_time: bool = False
    most_per_page: int = 100

    def answer(self, request: Request, orders: Collection[Wire], *, statuses: Sequence[str], address: str) -> Response:
        """The page that is asked for, whole orders. Raises `Refusal`."""
        return paged(
            request,
            lambda: self._sorted(request, self._chosen(request, orders, statuses)),
            most=self.most_per_page,
            address=address,
        )

    def moment(self, text: str, *, are_gmt: bool) -> datetime:
        """The time that a filter is read as, aware, UTC. With an offset and `dates_are_gmt` it goes wrong by an hour or two."""
        given = datetime.fromisoformat(text)
        if not are_gmt:
            return given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=self.zone).astimezone(UTC)
        if given.tzinfo is not None:
            # Converted to local time, then taken as UTC: changes of that time are silently lost (measured 2026-11-21).
            given = given.astimezone(self.zone)
        return given.replace(tzinfo=UTC)

    def _chosen(self, request: Request, orders: Collection[Wire], statuses: Sequence[str]) -> list[Wire]:
        wanted = self._statuses(request, statuses)
        chosen = [order for order in orders if order["status"] in wanted]
        for name, keeps in (("include", True), ("exclude", False)):
            if ids := ids_in(request, name):
                chosen = [order for order in chosen if (order["id"] in ids) is keeps]
        if customer := request.param("customer"):
            chosen = [order for order in chosen if str(order["customer_id"]) == customer]
        for name, key, later in (
            ("after", "date_created_gmt", True),
            ("before", "date_created_gmt", False),
            ("modified_after", "date_modified_gmt", True),
            ("modified_before", "date_modified_gmt", False),
        ):
            moment = self.time_in(request, name)
            if moment is not None and (self.filters_by_modified or not name.startswith("modified")):
                # Strict in both directions, in whole seconds (> measured; < ASSUMED).
                chosen = [order for order in chosen if (_gmt(order, key) > moment if later else _gmt(order, key) < moment)]
        return chosen

    def time_in(self, request: Request, name: str) -> datetime | None:
        """The moment of the filter `name`, aware, UTC; None when it is not given. Raises `Refusal`."""
        text = request.param(name)
        if not text:
            return None
        if not _TIME.fullmatch(text):
            raise invalid(name, "Invalid date.", "rest_invalid_date")
        are_gmt = request.param("dates_are_gmt").lower() in ("true", "1")
        return self.moment(text, are_gmt=are_gmt).replace(microsecond=0)

    def _statuses(self, request: Request, statuses: Sequence[str]) -> set[str]:
        given = [value for name, value in request.query if re.fullmatch(r"status(\[\d*\])?", name)] or ["any"]
        words = [word for value in given for word in value.split(",")]
        allowed = ["any", *HIDDEN, *statuses]
        for place, word in enumerate(words):
            if word not in allowed:
                listed = ", ".join(allowed[:-1])
                raise invalid("status", f"status[{place}] is not one of {listed}, and {allowed[-1]}.", "rest_not_in_enum")
        return set(statuses) if "any" in words else set(words)

    def _sorted(self, request: Request, orders: list[Wire]) -> list[Wire]:
        by = one_of(request, "orderby", "date", [name for name in _SORTS if self.sorts_by_modified or name != "modified"])
        direction = one_of(request, "order", "desc", ("asc", "desc"))
        suffix = "" if self.sorts_by_local_time else "_gmt"
        key = {"date": f"date_created{suffix}", "modified": f"date_modified{suffix}"}.get(by, "id")
        return sorted(orders, key=lambda order: (order[key], order["id"]), reverse=direction == "desc")


def paged(request: Request, chosen: Callable[[], Sequence[Wire]], *, most: int, address: str) -> Response:
    """The page that is asked for of what is `chosen`, with its headers. Raises `Refusal`."""
    per_page = _number(request, "per_page", 10, 1, 100)
    page = _number(request, "page", 1, 1, None)
    rows = chosen()
    step = min(per_page, most)
    start = int(request.param("offset") or (page - 1) * step)
    found = list(rows[start : start + step])
    # Past the last page both totals are 0 (measured 2026-11-21).
    total = len(rows) if found else 0
    pages = -(-total // step)
    headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
    links = [(page - 1, "prev")] if page > 1 else []
    links += [(page + 1, "next")] if page < pages else []
    if links:
        headers["Link"] = ", ".join(_link(request, address, number, rel) for number, rel in links)
    return Response(200, found, headers)


def one_of(request: Request, name: str, default: str, allowed: Sequence[str]) -> str:
    """A parameter with a list of its values. Raises `Refusal`."""
    value = request.param(name, default)
    if value not in allowed:
        raise invalid(name, f"{name} is not one of {', '.join(allowed[:-1])}, and {allowed[-1]}.", "rest_not_in_enum")
    return value


def _number(request: Request, name: str, default: int, least: int, most: int | None) -> int:
    text = request.param(name, str(default))
    if not re.fullmatch(r"-?\d+", text):
        raise invalid(name, f"{name} is not of type integer.", "rest_invalid_type")
    number = int(text)
    if most is not None and not least <= number <= most:
        raise invalid(name, f"{name} must be between {least} (inclusive) and {most} (inclusive)", "rest_out_of_bounds")
    if number < least:
        raise invalid(name, f"{name} must be greater than or equal to {least}", "rest_out_of_bounds")
    return number


def ids_in(request: Request, name: str) -> set[int]:
    text = request.param(name)
    try:
        return {int(word) for word in text.split(",") if word.strip()}
    except ValueError:
        raise invalid(name, f"{name}[0] is not of type integer.", "rest_invalid_type") from None


def _gmt(order: Wire, key: str) -> datetime:
    return datetime.fromisoformat(order[key]).replace(tzinfo=UTC)


def _link(request: Request, address: str, page: int, rel: str) -> str:
    """Repeats whatever was in the query: the secret, or the signature that has been used."""
    pairs = [(name, value) for name, value in request.query if name != "page"] + [("page", str(page))]
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    return f'<{address}{request.path}?{query}>; rel="{rel}"'
