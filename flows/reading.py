"""The reading half of a run: what changed in the source becomes rows of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone

from connectors.base import Connector, Page, Query, Register
from flows.channels import share_of
from flows.ledger import capture
from flows.models import Flow, Run
from flows.models.flows import SWEEP_WINDOW


class Reading:
    """Reads the source of one run. `aside` carries a function out in a thread and waits for it, while claims are renewed."""

    def __init__(self, flow: Flow, run: Run, aside: Callable[..., Any]) -> None:
        self.flow, self.run, self.aside = flow, run, aside
        self.register = Register(flow.register)
        self.share = share_of(flow)

    def read(self, source: Connector, *, enough: Callable[[], bool]) -> bool:
        """Save what changed in the source. False when it was `enough` before the end: then there is more at once.

        What was read is saved in any case, and the next run begins where this one stopped. Raises `ConnectorError`.
        """
        started = timezone.now()
        since = self.flow.read_from()
        self._ask_for(source, capture.to_read_again(self.flow))
        sweep, over = self.run.kind == Run.Kind.SWEEP, False
        before = self.flow.cursor
        new: set[str] = set()
        for page in self._pages(source, Query(register=self.register, modified_since=since)):
            capture.capture(self.run, self.flow, page, self.share)
            if sweep:
                new |= _ids(page)
            # Only when there is a page after it; and never before this read came further than the last one, or both would
            # end within the overlap for ever.
            if over:
                return False
            over = enough() and self.flow.cursor != before
        if sweep and since is not None and not self._sweep(source, started, since, new, enough):
            return False
        if sweep or self.flow.swept_at is None:
            # The first poll read everything there is, so it counts as a sweep.
            Flow.objects.filter(pk=self.flow.pk).update(swept_at=started, swept_to=None)
        return True

    def _sweep(self, source: Connector, started: datetime, until: datetime, new: set[str], enough: Callable[[], bool]) -> bool:
        """Read what changed in the last days once more, but what is `new` since `until`: that was read just now.

        False when it was `enough` before the end: the next sweep goes on there, so that a large shop is swept too.
        """
        since = reached = self.flow.swept_to or started - SWEEP_WINDOW
        seen: set[str] = set()
        for page in self._pages(source, Query(register=self.register, modified_since=since)):
            capture.capture(self.run, self.flow, page, self.share)
            seen |= _ids(page)
            reached = max(reached, page.reached or reached)
            if reached >= until:
                break
            if enough() and reached > since:
                self._ask_for(source, capture.missed(self.flow, since, reached, seen))
                Flow.objects.filter(pk=self.flow.pk).update(swept_to=reached)
                return False
        # A list leaves out what was deleted: only what one misses in it tells.
        self._ask_for(source, capture.missed(self.flow, since, None, seen | new))
        return True

    def _ask_for(self, source: Connector, wanted: list[str]) -> None:
        """Read these by id: what a merchant corrected need not count as a change of the order, and a deletion never does."""
        if not wanted:
            return
        there: set[str] = set()
        for page in self._pages(source, Query(register=self.register, source_ids=tuple(wanted))):
            capture.capture(self.run, self.flow, page, self.share)
            there |= _ids(page)
        capture.gone(self.run, self.flow, [source_id for source_id in wanted if source_id not in there])

    def _pages(self, source: Connector, query: Query) -> Iterator[Page]:
        pages = source.read(query)
        while (page := self.aside(next, pages, None)) is not None:
            yield page


def _ids(page: Page) -> set[str]:
    return {record.source_id for record in page.records} | {unreadable.source_id for unreadable in page.unreadable}
