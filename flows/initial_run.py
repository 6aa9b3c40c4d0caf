"""The two halves of a slice of an initial sync: what reads, and what writes. A dry run has the first only.

Everything that the source has is read, and whatever the target lacks is created there, also by a flow that otherwise only
updates. What the target has already is treated by the rules of the flow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet

from connectors.articles import Product
from connectors.base import Change, Connector, Put, Query
from connectors.errors import ConnectorError
from flows import bugs, rulebook, trial
from flows.article_reading import ArticleReading
from flows.deciding import Deciding
from flows.ledger import initial, items, runs
from flows.ledger.initial import Outcome
from flows.ledger.items import Told
from flows.models import Flow, InitialArticle, InitialSync, Item, Run
from flows.shaping import Shaping
from flows.syncing import BUG, Syncing
from sharespine.lib.checkpoints import reach
from sharespine.lib.text import Text

if TYPE_CHECKING:
    from flows.engine import Session

#: What a dry run calls that which would become of an article.
OUTCOMES = {
    trial.CREATED: Outcome.CREATED,
    trial.WRITTEN: Outcome.UPDATED,
    trial.SAME: Outcome.SAME,
    trial.SKIPPED: Outcome.SKIPPED,
    trial.STOPPED: Outcome.REFUSED,
}
OF_ITEM = {Item.State.SKIPPED: Outcome.SKIPPED, Item.State.STOPPED: Outcome.REFUSED}
#: So many articles are asked for at once.
AT_ONCE = 100


def halves(session: Session, sync: InitialSync) -> tuple[Any, Any]:
    """What reads and what writes in this run."""
    if sync.dry_run:
        return TrialReading(session, sync), NoWriting()
    return InitialReading(session, sync), InitialSyncing(session, sync)


def deciding(flow: Flow, run: Run) -> Deciding:
    """The rules of the flow, but for its not creating anything."""
    decides = Deciding(flow, run)
    if decides.rules["mode"] != rulebook.CREATE:
        decides.rules["mode"] = rulebook.CREATE_AND_UPDATE
    return decides


class InitialReading(ArticleReading):
    """Reads all that the source has, from the start, into the items of the flow."""

    def __init__(self, session: Session, sync: InitialSync) -> None:
        super().__init__(session.flow, session.run, session.aside)
        self.sync = sync

    def read(self, source: Connector, *, enough: Callable[[], bool]) -> bool:
        if self.sync.read_at is not None:
            return True
        if self.sync.began_at is None:
            with transaction.atomic():
                initial.begin(self.sync, self.run, self.flow)
        return self._everything(source, enough)

    def _capture(self, told: Sequence[Told], **marks: Any) -> None:
        with transaction.atomic():
            super()._capture(told, **marks)
            initial.read(self.sync, self.flow, told)
            if "swept_at" in marks:
                _all_is_read(self.sync, self.run)

    def _find_the_gone(self, source: Connector, began: Any) -> None:
        """What is gone from the source is the business of the flow: an initial sync only brings what is there."""


class InitialSyncing(Syncing):
    """Writes what the target lacks, and tells of each article what became of it."""

    def __init__(self, session: Session, sync: InitialSync) -> None:
        super().__init__(session)
        self.sync = sync
        self.created: set[int] = set()
        self.updated: set[int] = set()

    def rules(self) -> Deciding:
        return deciding(self.flow, self.run)

    def _made(self, changes: Mapping[int, Change]) -> Mapping[int, Put]:
        made = super()._made(changes)
        for pk, put in made.items():
            if put.error is None and put.written:
                (self.created if changes[pk].create else self.updated).add(pk)
        return made

    def _save(self, batch: Sequence[Item], counts: Counter[str]) -> None:
        with transaction.atomic():
            items.settle(self.run, batch, counts)
            initial.record(self.sync, [initial.article(self.sync, item, self._outcome(item), item.message) for item in batch])
        reach("settled")

    def _outcome(self, item: Item) -> str:
        if item.state != Item.State.DONE:
            return OF_ITEM.get(Item.State(item.state), Outcome.WAITING)
        if item.pk in self.created:
            return Outcome.CREATED
        return Outcome.UPDATED if item.pk in self.updated else Outcome.SAME


class TrialReading(ArticleReading):
    """Reads all that the source has, and tells what would become of it. Nothing is written but that."""

    def __init__(self, session: Session, sync: InitialSync) -> None:
        super().__init__(session.flow, session.run, session.aside)
        self.session, self.sync = session, sync
        self.deciding = deciding(session.flow, session.run)

    def read(self, source: Connector, *, enough: Callable[[], bool]) -> bool:
        if self.sync.read_at is not None:
            return True
        since = self.sync.reached
        with Shaping(self.flow) as self.shaping, self.flow.target.connect(self.flow.target_options) as target:
            for page in self._pages(source, Query(register=self.register, modified_since=since)):
                try:
                    told = self._tried(self.told(page), target)
                except ConnectorError as error:
                    self.session.endpoint_failed(self.flow.target, error)
                    self.session.problem = error
                    return False
                with transaction.atomic():
                    runs.hold_run(self.run)
                    initial.record(self.sync, told)
                    if page.reached is not None:
                        InitialSync.objects.filter(pk=self.sync.pk).update(reached=page.reached)
                reach("captured")
                if enough() and page.reached is not None and page.reached != since:
                    return False
        with transaction.atomic():
            runs.hold_run(self.run)
            _all_is_read(self.sync, self.run)
        return True

    def _tried(self, told: Sequence[Told], target: Connector) -> list[InitialArticle]:
        owners = initial.taken(self.sync, told)
        there: dict[str, Product] = {}
        numbers = [each.number for each in told if each.error is None]
        for start in range(0, len(numbers), AT_ONCE):
            there |= self.aside(self._there, target, tuple(numbers[start : start + AT_ONCE]))
        return [self._one(items.without_double(each, owners), there) for each in told]

    def _there(self, target: Connector, numbers: tuple[str, ...]) -> dict[str, Product]:
        pages = target.read(Query(register=self.register, keys=numbers))
        return {items.key_of(record.article_number): record for page in pages for record in page.records}

    def _one(self, told: Told, there: Mapping[str, Product]) -> InitialArticle:
        try:
            entry = trial.entry(self.deciding, told, there.get(told.key), self.shaping)
        except Exception as error:  # noqa: BLE001 - a bug of ours, which is told
            bugs.told(error, f"article {told.source_id} of initial sync {self.sync.pk}", self.flow.source, self.flow.target)
            return initial.article(self.sync, told, Outcome.REFUSED, BUG)
        return initial.article(self.sync, told, OUTCOMES[entry["outcome"]], Text.from_json(entry.get("text")))


class NoWriting:
    """The writing half of a dry run."""

    left_over = False

    def begin(self) -> None:
        """There is nothing to begin."""

    def carry_out(self) -> None:
        """There is nothing to write."""

    def first_due(self) -> QuerySet[Any]:
        return Item.objects.none().values("due_at")


def _all_is_read(sync: InitialSync, run: Run) -> None:
    sync.read_at = run.now()
    InitialSync.objects.filter(pk=sync.pk).update(read_at=sync.read_at)
