"""The reading half of a run of articles: what the source has becomes items, a page at a time, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.articles import Product
from connectors.base import Connector, Page, Query, Register
from connectors.errors import RejectedError
from flows import rulebook
from flows.ledger import items
from flows.ledger.items import Told
from flows.models import Flow, Item, Run
from flows.variants import fitted
from sharespine.lib.text import N_, Text

GONE = Text(N_("The source no longer has the article. In the target it is left as it is."))


class ArticleReading:
    """Reads the source of one run. `aside` carries a function out in a thread and waits for it, while the run is renewed.

    What changed since the last read is read each time; everything, the first time, once a day, and where the source cannot
    tell what changed. Only a whole read finds out what is gone.
    """

    def __init__(self, flow: Flow, run: Run, aside: Callable[..., Any]) -> None:
        self.flow, self.run, self.aside = flow, run, aside
        self.register = Register(flow.register)
        self.dimensions = flow.writes.variant_dimensions

    def read(self, source: Connector, *, enough: Callable[[], bool]) -> bool:
        """Save what the source tells. False when it was `enough` before the end: then the next run goes on from there.

        Raises `ConnectorError`; what was read by then is saved.
        """
        whole = self.flow.cursor is None or self.flow.sweep_began is not None or self.run.kind == Run.Kind.SWEEP
        if whole or not self.flow.reads.incremental:
            return self._everything(source, enough)
        before = self.flow.cursor
        for page in self._pages(source, Query(register=self.register, modified_since=self.flow.read_from())):
            self._capture(self.told(page), reached=page.reached)
            if enough() and self.flow.cursor != before:
                return False
        return True

    def _everything(self, source: Connector, enough: Callable[[], bool]) -> bool:
        began, since = self.flow.sweep_began or self.run.started_at, self.flow.swept_to
        if self.flow.sweep_began is None:
            since = None
        first = True
        for page in self._pages(source, Query(register=self.register, modified_since=since)):
            marks: dict[str, Any] = {"sweep_began": began} if first else {}
            if page.reached is not None:
                marks["swept_to"] = page.reached
            self._capture(self.told(page), reached=page.reached, **marks)
            first = False
            if enough() and page.reached is not None and page.reached != since:
                return False
        self._find_the_gone(source, began)
        self._capture((), reached=None, swept_at=began, sweep_began=None, swept_to=None)
        if self.register is Register.STOCK and not first:
            # What is held back changes with time alone.
            items.all_due(self.flow)
        return True

    def _capture(self, told: Sequence[Told], *, reached: datetime | None, **marks: Any) -> None:
        """Save what was read of the source, and how far reading has come."""
        items.capture(self.run, self.flow, told, reached=reached, **marks)

    def _find_the_gone(self, source: Connector, began: datetime) -> None:
        """What a whole read did not show is asked for by name: only what the source does not know then is gone."""
        for missing in items.unseen(self.flow, began):
            named = [item for item in missing if item.number]
            for start in range(0, len(named), 100):
                numbers = tuple(item.number for item in named[start : start + 100])
                for page in self._pages(source, Query(register=self.register, keys=numbers)):
                    self._capture(self.told(page), reached=None)
            still = list(Item.objects.filter(pk__in=[item.pk for item in missing], seen_at__lt=began))
            items.gone(self.run, self.flow, still, deactivate=self._deactivates, text=GONE)

    @property
    def _deactivates(self) -> bool:
        rules = rulebook.told(self.register, self.flow.rules)
        return self.register is Register.PRODUCTS and rules["gone"] == rulebook.DEACTIVATE

    def told(self, page: Page) -> list[Told]:
        """The page as items: products as the target can hold them, and each that cannot be read or held with its reason."""
        told: list[Told] = []
        for record in page.records:
            told += self._fitted(record) if isinstance(record, Product) else [Told.of(record)]
        told += [Told(bad.source_id[:100], bad.number[:100], error=bad.error) for bad in page.unreadable]
        return told

    def _fitted(self, product: Product) -> Sequence[Told]:
        try:
            return [Told.of(replace(each, modified_at=None)) for each in fitted(product, self.dimensions)]
        except RejectedError as error:
            return [replace(Told.of(replace(product, modified_at=None)), error=error)]

    def _pages(self, source: Connector, query: Query) -> Iterator[Page]:
        pages = source.read(query)
        while (page := self.aside(next, pages, None)) is not None:
            yield page
