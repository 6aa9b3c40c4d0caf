"""Reading orders out of WooCommerce without losing any at the edge of a page, of a window or of a second.

Pages are keyed on the time of modification, never on a page number: an order that is modified while we page moves to the
end, where it is met again, and pushes nothing over an edge. Where many orders share one second (a bulk edit) that key does
not help, and page numbers shift as orders come and go. There the ids alone are swept, again and again until a whole sweep
finds nothing that was there before and missed, and the orders are then fetched by id. `Link` is never followed: it repeats
the used signature, or the secret. Totals are believed on a first page only: past the last page they say 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.answers import Answer
from connectors.base import Page, Unreadable
from connectors.errors import ConnectorError, ContractChanged, InvalidRecord, ServerFailed, TooLarge
from connectors.http import Transport
from connectors.records import Order
from connectors.woocommerce import wording
from connectors.woocommerce.client import API
from connectors.woocommerce.mapping import FIELDS, Rules, modified_at, order_from, source_id
from connectors.woocommerce.problems import Unsortable
from connectors.woocommerce.taxes import home_rates
from sharespine.lib.clock import utcnow
from sharespine.lib.text import N_, Text

PAGE_SIZE = 100

_SECOND = timedelta(seconds=1)
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_MAX_SWEEPS = 5
# A checkout that someone has begun, not an order; "any" contains them (measured 2026-11-21).
_DRAFTS = frozenset({"checkout-draft", "auto-draft"})

_STRANGE_LIST = N_("WooCommerce answers a question for orders with something else (%(reason)s). Our staff look into it.")
_MONSTER = N_(
    "Order %(number)s is larger than what we read of a shop (a note, or what a plugin keeps on the order). Make it smaller "
    "there, or enter the order in the ERP by hand and skip it here."
)
_RESTLESS = N_("The orders in WooCommerce changed faster than they could be read. We try again by ourselves.")

Wire = Mapping[str, Any]


class Orders:
    """The orders of one shop."""

    def __init__(self, api: Transport, rules: Rules, *, home_country: str) -> None:
        self._api = api
        self._rules = rules
        self._home_country = home_country

    def by_id(self, source_ids: Sequence[str]) -> Iterator[Page]:
        """The orders with these ids, as far as the shop has them. Those in the bin are not among them."""
        ids = [number for number in dict.fromkeys(source_ids) if number.isascii() and number.isdigit()]
        yield from self._fetch(ids)

    def since(self, moment: datetime | None) -> Iterator[Page]:
        """All orders modified at or after `moment` (all there are if None), oldest change first.

        An order that a slow transaction saves with an earlier time than those we have seen is found by the caller's overlap.
        """
        # The shop compares with a strict > on whole seconds (measured 2026-11-21).
        after = (moment or _BEGINNING).replace(microsecond=0) - _SECOND
        seen: set[tuple[str, datetime | None]] = set()
        while True:
            try:
                answer = self._list({"orderby": "modified", "order": "asc", **_window(after)})
            except (Unsortable, TooLarge):
                yield from self._unsorted_since(after)
                return
            wires = _rows(answer)
            if not wires:
                return
            times = [modified for modified in map(modified_at, wires) if modified is not None]
            if not times:
                raise _strange("no order says when it was modified")
            is_all = len(wires) < PAGE_SIZE and _total(answer) <= len(wires)
            if times != sorted(times) and not is_all:
                # Shops that keep orders as posts may sort by local time, which runs backwards one night a year
                # (general knowledge: post_modified).
                yield from self._unsorted_since(after)
                return
            last = max(times)
            if is_all or last - _SECOND > after:
                yield self._page([wire for wire in wires if _version(wire) not in seen], reached=last)
                if is_all:
                    return
                # Again from the second that the page may have cut in two; what comes twice is dropped.
                seen = {_version(wire) for wire in wires}
                after = last - _SECOND
            else:
                yield from self._one_second(after, last)
                after = last

    def _one_second(self, after: datetime, second: datetime) -> Iterator[Page]:
        """The orders of one `second`, the next one `after`, of which there is more than a page."""
        if second <= after:
            raise _strange(f"orders of {second:%Y-%m-%dT%H:%M:%S} were not asked for")
        # `modified_before` only saves calls: whether its own edge is included was not measured, and does not matter here.
        window = {**_window(after), "modified_before": _bare(second + _SECOND)}
        ids = self._sweep({"orderby": "id", "order": "asc", **window})
        yield from self._fetch([number for number, modified in ids.items() if modified is None or modified <= second])
        yield Page(records=(), reached=min(second + _SECOND, utcnow()))

    def _unsorted_since(self, after: datetime) -> Iterator[Page]:
        """For shops that cannot sort by modification, and for a page that is too large: sweep all ids first, sort them here,
        then fetch them.

        Shops before 5.8 ignore `modified_after` as well (general knowledge), so the times are compared here too.
        """
        ids = self._sweep({"orderby": "id", "order": "asc", **_window(after)})
        wanted = sorted(
            (modified or after, int(number)) for number, modified in ids.items() if modified is None or modified > after
        )
        for start in range(0, len(wanted), PAGE_SIZE):
            chunk = wanted[start : start + PAGE_SIZE]
            yield from self._fetch([str(number) for _, number in chunk])
            yield Page(records=(), reached=min(chunk[-1][0], utcnow()))

    def _sweep(self, params: Mapping[str, str]) -> dict[str, datetime | None]:
        """Every id that `params` select, with its time of modification, however orders come and go meanwhile."""
        found = self._ids(params)
        newest = max((modified for modified in found.values() if modified), default=_BEGINNING)
        for _ in range(_MAX_SWEEPS):
            if len(found) < PAGE_SIZE:
                return found
            missed = {number: modified for number, modified in self._ids(params).items() if number not in found}
            found |= missed
            # What was modified since the first sweep did not hide from it, and is for the next read.
            if all(modified and modified > newest for modified in missed.values()):
                return found
        raise ServerFailed(Text(_RESTLESS))

    def _ids(self, params: Mapping[str, str]) -> dict[str, datetime | None]:
        found: dict[str, datetime | None] = {}
        page = 1
        while wires := _rows(self._list({**params, "_fields": "id,date_modified_gmt", "page": str(page)})):
            ids = {_id(wire): modified_at(wire) for wire in wires}
            if ids.keys() <= found.keys():
                # Sorted by id, what comes and goes meanwhile shifts a page by a few, never by all of it.
                raise _strange(f"page {page} has nothing that the pages before it did not have")
            found |= ids
            page += 1
        return found

    def _fetch(self, source_ids: Sequence[str]) -> Iterator[Page]:
        """The orders with these ids, a page of them at a time. What is too large together is fetched in halves."""
        waiting = [list(source_ids[start : start + PAGE_SIZE]) for start in range(0, len(source_ids), PAGE_SIZE)][::-1]
        while waiting:
            wanted = waiting.pop()
            try:
                wires = _rows(self._list({"include": ",".join(wanted)}))
            except TooLarge as error:
                if len(wanted) == 1:
                    monster = InvalidRecord(Text(_MONSTER, {"number": wanted[0]}), evidence=error.evidence)
                    yield Page(records=(), unreadable=(Unreadable(wanted[0], wanted[0], monster),))
                else:
                    half = len(wanted) // 2
                    waiting += [wanted[half:], wanted[:half]]
                continue
            got = {_id(wire) for wire in wires}
            if wires and got.isdisjoint(wanted):
                raise _strange("orders that were not asked for")
            if wires:
                yield self._page(wires, reached=None)
                # A shop may give fewer per page than we ask for; those that it has no more simply stay away.
                if left := [number for number in wanted if number not in got]:
                    waiting.append(left)

    def _list(self, params: Mapping[str, str]) -> Answer:
        usual = {"status": "any", "per_page": str(PAGE_SIZE), "dp": "2", "_fields": FIELDS}
        return self._api.request("GET", f"{API}/orders", params={**usual, **params})

    def _page(self, wires: Sequence[Wire], *, reached: datetime | None) -> Page:
        """`wires` without drafts, oldest change first. `reached` is in the shop's time, so never beyond ours."""
        records: list[Order] = []
        unreadable: list[Unreadable] = []
        if not self._rules.home_rates and any(wire.get("total_tax") == "0.00" for wire in wires):
            # Asked for once, and only by a shop that sells without VAT.
            self._rules = replace(self._rules, home_rates=home_rates(self._api, self._home_country))
        for wire in wires:
            if str(wire.get("status")) in _DRAFTS:
                continue
            try:
                records.append(order_from(wire, self._rules))
            except ConnectorError as error:
                unreadable.append(Unreadable(_id(wire), wording.one_line(wire.get("number")), error))
        return Page(
            records=tuple(sorted(records, key=lambda order: (order.modified_at, int(order.source_id)))),
            unreadable=tuple(unreadable),
            reached=min(reached, utcnow()) if reached else None,
        )


def _window(after: datetime) -> dict[str, str]:
    """Modified later than `after`. Bare UTC with the flag: with a Z too, the shop silently loses an hour of changes.

    Measured 2026-11-21 in Europe/Stockholm.
    """
    return {"modified_after": _bare(after), "dates_are_gmt": "true"}


def _bare(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _rows(answer: Answer) -> list[Wire]:
    wires = answer.json()
    if not isinstance(wires, list) or not all(isinstance(wire, dict) for wire in wires):
        raise _strange("no list of orders")
    return wires


def _total(answer: Answer) -> int:
    total = answer.headers.get("X-WP-Total", "")
    return int(total) if re.fullmatch(r"[0-9]{1,12}", total) else 0


def _version(wire: Wire) -> tuple[str, datetime | None]:
    return _id(wire), modified_at(wire)


def _id(wire: Wire) -> str:
    try:
        return source_id(wire)
    except (KeyError, ValueError):
        raise _strange("an order without an id") from None


def _strange(reason: str) -> ContractChanged:
    return ContractChanged(Text(_STRANGE_LIST, {"reason": reason}))
