"""Articles: what one side has becomes what the other has, written only where it differs.

Unlike an order, an article may be written any number of times; what counts is that the target ends as the source says. So
nothing is claimed: the run holds its flow, an item stays due until it is settled, and what a crash left in doubt is made again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import OuterRef, QuerySet

from connectors.base import Change, Put, Query
from connectors.errors import AccessError, ConnectorError, Missing, ProtocolError, RejectedError, TemporaryError, WhoActs
from flows import bugs, retry
from flows.deciding import Article, Deciding, Left, Wanted
from flows.ledger import items, runs
from flows.models import Item
from flows.plugins import health as plugin_health
from flows.plugins.failures import Filtered, PluginFailed
from flows.settling import LeftAlone
from flows.shaping import Shaping
from sharespine.lib.checkpoints import reach
from sharespine.lib.text import N_, Text

if TYPE_CHECKING:
    from flows.engine import Session

BUG = Text(N_("Something in Sharespine failed on this article. Our developers have been told and look into it."))
UNTOLD = Text(N_("The target did not say what became of the article. We try again by ourselves."))
#: How many articles are decided on together, where the target has no say in it.
BATCH = 100
#: A write is only begun while this share of the lease or less has passed since it was renewed.
YOUNG = 1 / 3
SHARE_EVERY = 2.0

#: What became of one item in the thread that wrote it.
Outcome = Put | Left | Exception


class Syncing:
    """The writing half of a run of articles. `left_over` tells afterwards that there was more than there was time for."""

    #: The states of items that have something to be written; None: whatever is due has.
    states: Collection[str] | None = None

    def __init__(self, session: Session) -> None:
        self.session = session
        self.flow, self.run = session.flow, session.run
        self.endpoint = session.flow.target
        self.deciding = self.rules()
        self.left_over = False
        self.share_again_at = 0.0
        self.under_way: dict[Future[Any], list[Item]] = {}
        #: What plugins failed on, to be remembered with the next items that are saved.
        self.failures: list[PluginFailed] = []

    def rules(self) -> Any:
        """What decides about each item."""
        return Deciding(self.flow, self.run)

    def begin(self) -> None:
        """Nothing is left behind by a vanished worker that has to be taken care of."""

    def first_due(self) -> QuerySet[Any]:
        """When the next item of the flow that is named by an outer query is due."""
        due = Item.objects.filter(flow=OuterRef("pk"), due_at__isnull=False)
        return due.order_by("due_at").values("due_at")[:1]

    def carry_out(self) -> None:
        if self.session.halted or self.endpoint.is_open or not items.due(self.flow, 1, states=self.states):
            return
        self.deciding.read_to_end = self.session.read_to_end
        with Shaping(self.flow) as self.shaping, self.endpoint.connect(self.flow.target_options) as self.target:
            size = self.deciding.writes.batch_size
            self.size = size if size > 1 else BATCH
            while self._step():
                pass

    def _step(self) -> bool:
        """Whether there may be more to do."""
        self.session.beat()
        self._take_seats()
        if not self.session.halted and self.session.time_is_up():
            self.left_over = self.session.halted = True
        most = 1 if self.endpoint.is_on_trial else self.run.seats or 0
        began = not self.session.halted and len(self.under_way) < most and self._begin_batch()
        if self.under_way:
            if not began or len(self.under_way) >= most:
                for future in wait(self.under_way, timeout=1, return_when=FIRST_COMPLETED).done:
                    self._settle(self.under_way.pop(future), future)
            return True
        if not self.run.seats and not self.session.halted:
            # Other runs hold all the calls that the target bears: they give some back soon.
            time.sleep(0.2)
            return True
        return began

    def _take_seats(self) -> None:
        if self.run.seats and time.monotonic() < self.share_again_at:
            return
        self.share_again_at = time.monotonic() + SHARE_EVERY
        runs.take_seats(self.run, self.endpoint)

    # --- begin ------------------------------------------------------------------------------------------------------------

    def _begin_batch(self) -> bool:
        """Decide on the next items, and have a thread look and write. Returns whether there were any."""
        if self.session.must_end():
            self.session.halted = True
            return False
        under_way = [item.pk for batch in self.under_way.values() for item in batch]
        batch = items.due(self.flow, self.size, but=under_way, states=self.states)
        if not batch:
            return False
        if items.begin(self.run, batch):
            self.deciding.look_again()
        wanted: dict[int, Wanted] = {}
        at_rest: list[Item] = []
        counts: Counter[str] = Counter()
        for item in batch:
            if (left := self.deciding.left_out(item)) is not None:
                items.skip(item, left.text, code=left.code)
                counts["skipped"] += 1
                at_rest.append(item)
                continue
            if self.shaping.is_needed and self.session.time_is_up():
                # The rest stays due: a slow plugin must not keep the flow for longer than its turn.
                break
            try:
                want = self._wanted(item)
            except Exception as error:  # noqa: BLE001 - a refusal, or a bug of ours, which is told
                self._failed(item, error, counts)
                at_rest.append(item)
            else:
                if want.hash == item.written_hash and item.target_id:
                    self._done(item, want, Put(key=item.number, target_id=item.target_id, written=False))
                    at_rest.append(item)
                else:
                    wanted[item.pk] = want
        if at_rest:
            self._save(at_rest, counts)
        to_do = [item for item in batch if item.pk in wanted]
        if to_do:
            self.under_way[self.session.pool.submit(self._carry_out, to_do, wanted)] = to_do
        return True

    def _wanted(self, item: Item) -> Wanted:
        wanted: Wanted
        if self.shaping.is_needed:
            wanted = self.deciding.wanted(item, self.session.aside(self.shaping.of, self.deciding.record_of(item)))
        elif self.shaping.maps:
            wanted = self.deciding.wanted(item, self.shaping.of(self.deciding.record_of(item)))
        else:
            wanted = self.deciding.wanted(item)
        return wanted

    # --- in the threads ---------------------------------------------------------------------------------------------------

    def _carry_out(self, batch: Sequence[Item], wanted: Mapping[int, Wanted]) -> dict[int, tuple[Wanted, Outcome]]:
        """What became of each, by id. Raises what concerns all of them."""
        outcome: dict[int, tuple[Wanted, Outcome]] = {}
        changes: dict[int, Change] = {}
        looked_at = [item for item in batch if self.deciding.always_looks or not item.target_id]
        there = self._look(looked_at)
        for item in batch:
            want = wanted[item.pk]
            if item not in looked_at:
                changes[item.pk] = self.deciding.blind(item, want)
                continue
            found = there.get(item.key)
            try:
                decision = self.deciding.decided(item, want, found)
            except RejectedError as error:
                outcome[item.pk] = want, error
                continue
            if isinstance(decision, Change):
                changes[item.pk] = decision
            elif isinstance(decision, Left):
                outcome[item.pk] = want, decision
            else:
                target_id = found.source_id if found is not None else ""
                outcome[item.pk] = want, Put(key=item.number, target_id=target_id, written=False)
        for pk, change in list(changes.items()):
            try:
                self.shaping.before_write(change.record, change)
            except RejectedError as error:
                outcome[pk] = wanted[pk], error
                del changes[pk]
        made = self._told(changes, self._put(changes))
        return {**outcome, **{pk: (wanted[pk], one) for pk, one in made.items()}}

    def _look(self, batch: Sequence[Item]) -> dict[str, Article]:
        """What the target has of these, by key."""
        if not batch:
            return {}
        query = Query(register=self.deciding.register, keys=tuple(item.number for item in batch))
        return {items.key_of(record.article_number): record for page in self.target.read(query) for record in page.records}

    def _put(self, changes: Mapping[int, Change]) -> Mapping[int, Outcome]:
        """Make the changes, all at once; where one of them spoils it for all, one by one."""
        if not changes:
            return {}
        reach("before_write")
        if self.session.halted or time.monotonic() - self.session.last_beat > settings.LEASE_SECONDS * YOUNG:
            raise LeftAlone
        made: dict[int, Outcome] = {}
        try:
            made.update(self._made(changes))
        except (TemporaryError, AccessError, ProtocolError):
            raise
        except Exception:  # noqa: BLE001 - a refusal of all, or a bug of ours: one of them is to blame
            for pk, change in changes.items():
                try:
                    made.update(self._made({pk: change}))
                except Exception as error:  # noqa: BLE001
                    made[pk] = error
        reach("after_write")
        return made

    def _told(self, changes: Mapping[int, Change], made: Mapping[int, Outcome]) -> Mapping[int, Outcome]:
        """What was made, with notices of the plugins that failed when they were told of it."""
        if not self.shaping.is_needed:
            return made
        told = dict(made)
        for pk, put in made.items():
            if isinstance(put, Put) and put.error is None and put.written:
                failures = self.shaping.after_write(changes[pk].record, put, key=f"{self.flow.pk}:{put.key}")
                self.failures.extend(failures)
                told[pk] = replace(put, notices=(*(failure.text for failure in failures), *put.notices))
        return told

    def _made(self, changes: Mapping[int, Change]) -> Mapping[int, Put]:
        """What the target says of each change, by the id of its item."""
        said = {put.key: put for put in self.target.put(self.deciding.register, list(changes.values()))}
        return {pk: said[change.key] for pk, change in changes.items() if change.key in said}

    # --- settle -----------------------------------------------------------------------------------------------------------

    def _settle(self, batch: list[Item], future: Future[Any]) -> None:
        counts: Counter[str] = Counter()
        error = future.exception()
        if isinstance(error, LeftAlone):
            # Nothing was written: they are due as they were.
            return
        new = [item.key for item in batch if not item.target_id]
        if error is None:
            self.session.endpoint_worked(self.endpoint)
            outcomes = future.result()
            for item in batch:
                want, outcome = outcomes.get(item.pk, (None, None))
                self._became(item, want, outcome, counts)
        else:
            if isinstance(error, ConnectorError):
                self.session.endpoint_failed(self.endpoint, error)
            for item in batch:
                self._failed(item, error, counts)
        self._save(batch, counts)
        if new and self.deciding.always_looks:
            items.appeared(self.flow, new)

    def _save(self, batch: Sequence[Item], counts: Counter[str]) -> None:
        items.settle(self.run, batch, counts)
        failures, self.failures = self.failures, []
        plugin_health.failed(failures)
        reach("settled")

    def _became(self, item: Item, want: Wanted | None, outcome: Outcome | None, counts: Counter[str]) -> None:
        """What one item is now."""
        if want is None or outcome is None:
            items.postpone(item, UNTOLD, code="Untold", at=self.run.now(), wait=retry.backoff(item.attempts + 1))
            counts["retried"] += 1
        elif isinstance(outcome, Left):
            items.skip(item, outcome.text, code=outcome.code)
            counts["skipped"] += 1
        elif isinstance(outcome, Exception):
            self._failed(item, outcome, counts)
        elif outcome.error is not None:
            self._failed(item, outcome.error, counts)
        else:
            self._done(item, want, outcome)
            counts["written"] += outcome.written

    def _done(self, item: Item, want: Wanted, put: Put) -> None:
        items.done(
            item,
            target_id=put.target_id or item.target_id,
            written_hash=want.hash,
            written=want.words,
            wrote=put.written,
            at=self.run.now(),
        )
        if want.again is not None:
            item.due_at = self.run.now() + want.again
        said = [*put.notices, *([want.notice] if want.notice else [])]
        if said:
            item.message, item.cause = said[0], said[0].message[:300]

    def _failed(self, item: Item, error: BaseException, counts: Counter[str]) -> None:
        """One item ended in `error`: decide by its class whether it is tried again, and when."""
        if isinstance(error, PluginFailed):
            self.failures.append(error)
        if isinstance(error, Filtered):
            items.skip(item, error.text, code=error.code)
            counts["skipped"] += 1
        elif not isinstance(error, ConnectorError):
            bugs.told(error, f"item {item.pk}", self.flow.source, self.flow.target)
            items.stop(item, BUG, code="Bug", acts=WhoActs.US)
            counts["stopped"] += 1
        elif isinstance(error, Missing) and not item.target_id and (left := self.deciding.absent(item)) is not None:
            items.skip(item, left.text, code=left.code)
            counts["skipped"] += 1
        elif isinstance(error, Missing) and item.target_id:
            # The id that we knew is gone; the article may be there under another one.
            item.target_id, item.written_hash = "", ""
            items.postpone(item, error.text, code=error.code, at=self.run.now(), wait=retry.backoff(1))
            counts["retried"] += 1
        elif isinstance(error, RejectedError) or item.attempts >= retry.ENOUGH:
            acts = error.who_acts if isinstance(error, RejectedError) else WhoActs.STAFF
            items.stop(item, error.text, code=error.code, acts=acts)
            counts["stopped"] += 1
        else:
            wait_for = retry.backoff(item.attempts + 1, retry_after=error.retry_after)
            items.postpone(item, error.text, code=error.code, at=self.run.now(), wait=wait_for)
            counts["retried"] += 1
