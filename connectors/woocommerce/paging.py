"""Reading a list of a shop (orders, products) without losing any at the edge of a page, of a window or of a second.

Pages are keyed on the time of modification, never on a page number: a record that is modified while we page moves to the
end, where it is met again, and pushes nothing over an edge. Where many records share one second (a bulk edit) that key does
not help, and page numbers shift as records come and go. There the ids alone are swept, again and again until a whole sweep
finds nothing that was there before and missed, and the records are then fetched by id. `Link` is never followed: it repeats
the used signature, or the secret. Totals are believed on a first page only: past the last page they say 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.answers import Answer
from connectors.errors import ContractChanged, InvalidRecord, ServerFailed, TooLarge
from connectors.http import Transport
from connectors.woocommerce.client import API
from connectors.woocommerce.problems import Unsortable
from connectors.woocommerce.wire import Wire, modified_at, source_id
from sharespine.lib.clock import utcnow
from sharespine.lib.text import Text

PAGE_SIZE = 100

_SECOND = timedelta(seconds=1)
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_MAX_SWEEPS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is listed, where, with which parameters always; and what is said, marked for translation, when it goes wrong.

    `strange` holds %(reason)s and `monster`, for one that is larger than what we read, %(number)s.
    """

    path: str
    params: Mapping[str, str]
    strange: str
    monster: str
    restless: str


@dataclass(frozen=True, slots=True)
class Part:
    """Some records as they came. Everything modified before `reached` has now been seen; it may lie ahead of our clock.

    `monsters` are those that are too large to be read, by id.
    """

    wires: Sequence[Wire]
    reached: datetime | None = None
    monsters: Sequence[tuple[str, InvalidRecord]] = ()


class Listed:
    """One list of one shop."""

    def __init__(self, api: Transport, kind: Kind) -> None:
        self._api = api
        self._kind = kind

    def by_id(self, source_ids: Sequence[str]) -> Iterator[Part]:
        """The records with these ids, as far as the shop has them. Those in the bin are not among them."""
        ids = [number for number in dict.fromkeys(source_ids) if number.isascii() and number.isdigit()]
        yield from self._fetch(ids)

    def since(self, moment: datetime | None) -> Iterator[Part]:
        """All records modified at or after `moment` (all there are if None), oldest change first.

        One that a slow transaction saves with an earlier time than those we have seen is found by the caller's overlap.
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
            wires = self.rows(answer)
            if not wires:
                return
            times = [modified for modified in map(modified_at, wires) if modified is not None]
            if not times:
                raise self._strange("none says when it was modified")
            is_all = len(wires) < PAGE_SIZE and _total(answer) <= len(wires)
            if times != sorted(times) and not is_all:
                # Shops that keep orders as posts may sort by local time, which runs backwards one night a year
                # (general knowledge: post_modified).
                yield from self._unsorted_since(after)
                return
            last = max(times)
            if is_all or last - _SECOND > after:
                yield Part([wire for wire in wires if self._version(wire) not in seen], last)
                if is_all:
                    return
                # Again from the second that the page may have cut in two; what comes twice is dropped.
                seen = {self._version(wire) for wire in wires}
                after = last - _SECOND
            else:
                yield from self._one_second(after, last)
                after = last

    def rows(self, answer: Answer) -> list[Wire]:
        """The records in `answer`. Raises `ContractChanged` when it is no list of any."""
        wires = answer.json()
        if not isinstance(wires, list) or not all(isinstance(wire, dict) for wire in wires):
            raise self._strange("no list")
        return wires

    def _one_second(self, after: datetime, second: datetime) -> Iterator[Part]:
        """The records of one `second`, the next one `after`, of which there is more than a page."""
        if second <= after:
            raise self._strange(f"those of {second:%Y-%m-%dT%H:%M:%S} were not asked for")
        # `modified_before` only saves calls: whether its own edge is included was not measured, and does not matter here.
        window = {**_window(after), "modified_before": _bare(second + _SECOND)}
        ids = self._sweep({"orderby": "id", "order": "asc", **window})
        yield from self._fetch([number for number, modified in ids.items() if modified is None or modified <= second])
        yield Part((), second + _SECOND)

    def _unsorted_since(self, after: datetime) -> Iterator[Part]:
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
            yield Part((), chunk[-1][0])

    def _sweep(self, params: Mapping[str, str]) -> dict[str, datetime | None]:
        """Every id that `params` select, with its time of modification, however records come and go meanwhile."""
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
        raise ServerFailed(Text(self._kind.restless))

    def _ids(self, params: Mapping[str, str]) -> dict[str, datetime | None]:
        found: dict[str, datetime | None] = {}
        page = 1
        while wires := self.rows(self._list({**params, "_fields": "id,date_modified_gmt", "page": str(page)})):
            ids = {self._id(wire): modified_at(wire) for wire in wires}
            if ids.keys() <= found.keys():
                # Sorted by id, what comes and goes meanwhile shifts a page by a few, never by all of it.
                raise self._strange(f"page {page} has nothing that the pages before it did not have")
            found |= ids
            page += 1
        return found

    def _fetch(self, source_ids: Sequence[str]) -> Iterator[Part]:
        """The records with these ids, a page of them at a time. What is too large together is fetched in halves."""
        waiting = [list(source_ids[start : start + PAGE_SIZE]) for start in range(0, len(source_ids), PAGE_SIZE)][::-1]
        while waiting:
            wanted = waiting.pop()
            try:
                wires = self.rows(self._list({"include": ",".join(wanted)}))
            except TooLarge as error:
                if len(wanted) == 1:
                    monster = InvalidRecord(Text(self._kind.monster, {"number": wanted[0]}), evidence=error.evidence)
                    yield Part((), monsters=((wanted[0], monster),))
                else:
                    half = len(wanted) // 2
                    waiting += [wanted[half:], wanted[:half]]
                continue
            got = {self._id(wire) for wire in wires}
            if wires and got.isdisjoint(wanted):
                raise self._strange("others than those that were asked for")
            if wires:
                yield Part(wires)
                # A shop may give fewer per page than we ask for; those that it has no more simply stay away.
                if left := [number for number in wanted if number not in got]:
                    waiting.append(left)

    def _list(self, params: Mapping[str, str]) -> Answer:
        usual = {"per_page": str(PAGE_SIZE), **self._kind.params}
        return self._api.request("GET", f"{API}{self._kind.path}", params={**usual, **params})

    def _version(self, wire: Wire) -> tuple[str, datetime | None]:
        return self._id(wire), modified_at(wire)

    def _id(self, wire: Wire) -> str:
        try:
            return source_id(wire)
        except (KeyError, ValueError):
            raise self._strange("one without an id") from None

    def _strange(self, reason: str) -> ContractChanged:
        return ContractChanged(Text(self._kind.strange, {"reason": reason}))


def not_ahead(reached: datetime | None) -> datetime | None:
    """`reached` is in the shop's time, so never beyond ours."""
    return min(reached, utcnow()) if reached else None


def _window(after: datetime) -> dict[str, str]:
    """Modified later than `after`. Bare UTC with the flag: with a Z too, the shop silently loses an hour of changes.

    Measured 2026-11-21 in Europe/Stockholm.
    """
    return {"modified_after": _bare(after), "dates_are_gmt": "true"}


def _bare(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _total(answer: Answer) -> int:
    total = answer.headers.get("X-WP-Total", "")
    return int(total) if re.fullmatch(r"[0-9]{1,12}", total) else 0
