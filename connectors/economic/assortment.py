"""All articles of an agreement in the order in which they were changed, without losing any while others change.

Pages are keyed on the time of change, never on a page number: an article that is changed meanwhile moves to the end, where
it is met again, and pushes nothing over an edge. Times are in whole minutes, and the last minute of a page may be cut in
two by it, so that minute is asked for again from its beginning. More articles than a page holds may share one minute (an
import). Such a minute can only lose articles to later ones, so its pages are read from the last to the first: what moves
up within it has not been read yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.economic.agreement import PAGE_SIZE, Agreement, Row, changed
from connectors.economic.products import changed_at

_MINUTE = timedelta(minutes=1)
_PATH = "/products"
#: More articles than any agreement has.
_MOST = 10_000_000


@dataclass(frozen=True)
class Batch:
    """Some articles. All that was changed before `reached` has been told by now."""

    rows: list[Row]
    reached: datetime | None


def changed_since(moment: datetime | None, agreement: Agreement) -> Iterator[Batch]:
    """The articles changed at or after `moment`, all of them if None. Raises `ContractChanged`.

    One may come twice. ASSUMED: an article always tells when it was changed; those that do not come with the first page.
    """
    edge = _minute_of(moment) if moment is not None else None
    while True:
        page = agreement.page(_PATH, where=_from(edge), sort="lastUpdated")
        times = [changed_at(row) for row in page.rows]
        known = [time for time in times if time is not None]
        last = _minute_of(max(known)) if known else edge
        if page.is_last:
            yield Batch(page.rows, last)
            return
        if last is None or not known or known != sorted(known):
            raise changed(_PATH)
        earlier = [row for row, time in zip(page.rows, times, strict=True) if time is None or time < last]
        if edge is not None and (last < edge or (earlier and last == edge)):
            # What was not asked for: read on, it would come for ever.
            raise changed(_PATH)
        if not earlier:
            yield from _minute(last, agreement)
            edge = last + _MINUTE
        else:
            yield Batch(earlier, last)
            edge = last


def _minute(minute: datetime, agreement: Agreement) -> Iterator[Batch]:
    """All articles that were last changed in `minute`, of which there are more than a page."""
    where = f"{_from(minute)}$and:lastUpdated$lt:{_written(minute + _MINUTE)}"
    first = agreement.page(_PATH, where=where, sort="productNumber")
    results = first.pagination.get("results")
    if not isinstance(results, int) or results > _MOST:
        raise changed(_PATH)
    for number in reversed(range(1, -(-results // PAGE_SIZE))):
        yield Batch(agreement.page(_PATH, where=where, sort="productNumber", number=number).rows, None)
    # What moved up onto the first page since it was first seen came from a page that had not been read then.
    yield Batch(agreement.page(_PATH, where=where, sort="productNumber").rows, minute)


def _from(edge: datetime | None) -> str:
    return "" if edge is None else f"lastUpdated$gte:{_written(edge)}"


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _minute_of(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
