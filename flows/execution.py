"""The sending half of a run: claimed transfers are prepared, intended, written and settled, several at a time.

Threads speak HTTP only; the run's own thread speaks to the database, in batches that grow when the answers come fast.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import OuterRef, QuerySet

from connectors.base import Document, Draft, Register
from connectors.errors import ConnectorError, RejectedError
from connectors.records import Order
from flows import dbclock
from flows.gate import Gate
from flows.ledger import claims, held, outcomes, runs
from flows.ledger.rows import record_from
from flows.models import Transfer
from flows.plugins.failures import PluginFailed
from flows.settling import LeftAlone, Settling, quarantine
from flows.shaping import Shaping
from sharespine.lib.checkpoints import reach

if TYPE_CHECKING:
    from flows.engine import Session

log = logging.getLogger(__name__)
#: How many transfers are claimed at a time.
BATCH = 50
#: A write is only begun while this share of the lease or less has passed since it was renewed. The rest outlives one write:
#: 16 s of 24 with the defaults.
YOUNG = 1 / 3
#: How often the runs that send to one ERP share out anew how many calls each of them may make at once, in seconds.
SHARE_EVERY = 2.0


@dataclass(slots=True, eq=False)
class Job:
    """One claimed transfer on its way: first prepared, then written. `half_made` is what an interrupted attempt left.

    `record` is the order as the shop has it, `shaped` as it is sent. `failures` are those of plugins that were told of it.
    """

    transfer: Transfer
    record: Order | None = None
    shaped: Order | None = None
    draft: Draft | None = None
    half_made: Document | None = None
    failures: Sequence[PluginFailed] = ()

    @property
    def is_write(self) -> bool:
        """Whether what is carried out next may have an effect."""
        return self.draft is not None or self.half_made is not None


class Execution:
    """Sends what is due. `left_over` tells afterwards that there was more than there was time for."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.flow, self.run = session.flow, session.run
        self.erp = session.flow.connection.erp
        self.customer = session.flow.connection.customer_id
        self.register = Register(session.flow.register)
        self.left_over = False
        self.waiting: deque[Job] = deque()
        self.under_way = 0
        self.gate = Gate()
        self.share_again_at = 0.0
        self.ahead = 0
        self.finished: SimpleQueue[tuple[Job | None, Future[Any]]] = SimpleQueue()

    def begin(self) -> None:
        """What a vanished worker still holds would be saved as it is now in the shop, without the rules being asked."""
        claims.reap(self.erp.pk, quarantine=quarantine(self.flow.writes))

    def first_due(self) -> QuerySet[Any]:
        """When the next transfer of the flow that is named by an outer query is due."""
        due = Transfer.objects.filter(flow=OuterRef("pk"), due_at__isnull=False)
        return due.order_by("due_at").values("due_at")[:1]

    def carry_out(self) -> None:
        if self.session.halted or self.erp.is_open or not self._anything_due():
            return
        with Shaping(self.flow) as self.shaping, self.erp.connect(self.flow.target_options) as self.target:
            writes = self.target.capabilities.writes[self.register]
            self.settling = Settling(
                self.flow,
                self.run,
                writes,
                erp_failed=partial(self.session.endpoint_failed, self.erp),
                erp_worked=partial(self.session.endpoint_worked, self.erp),
            )
            try:
                while self._step():
                    pass
            finally:
                # Whoever waits at the gate finds that this run is over.
                self.gate.open_for(self.erp.budget)

    def _step(self) -> bool:
        """Whether there may be more to do."""
        self.session.beat()
        self._take_seats()
        if not self.session.halted and self.session.time_is_up():
            self.left_over = self.session.halted = True
        claimed = self._claim_more()
        self._feed()
        if self.under_way:
            self._settle(self._wait())
        elif not self.run.seats and not self.session.halted:
            # Other runs hold all the calls that the ERP bears: they give some back soon.
            time.sleep(0.2)
        elif not claimed:
            return False
        return True

    def _wait(self) -> list[tuple[Job, Future[Any]]]:
        """What has finished, all of it; after a second at most, so that claims are renewed in time."""
        done: list[tuple[Job, Future[Any]]] = []
        longest: float | None = 1
        try:
            while True:
                job, future = self.finished.get(block=longest is not None, timeout=longest)
                longest = None
                self.under_way -= 1
                if job is None:
                    self.ahead -= 1
                    self.waiting.extend(future.result())
                else:
                    done.append((job, future))
        except Empty:
            return done

    def _take_seats(self) -> None:
        """Take part in what the ERP bears, together with all other runs that send to it."""
        if self.run.seats and time.monotonic() < self.share_again_at:
            return
        self.share_again_at = time.monotonic() + SHARE_EVERY
        self.gate.open_for(runs.take_seats(self.run, self.erp))

    # --- what is next -----------------------------------------------------------------------------------------------------

    def _anything_due(self) -> bool:
        # What vanished workers held was made due when this run began.
        return Transfer.objects.filter(flow=self.flow, due_at__lte=dbclock.now(), lease_until__isnull=True).exists()

    def _claim_more(self) -> bool:
        """Claim what is due when there is little else to begin. Returns whether anything was claimed."""
        if self.session.halted or self.ahead or not self.run.seats or len(self.waiting) > BATCH // 2:
            return False
        if self.session.must_end():
            self.session.halted = True
            return False
        claims.reap(self.erp.pk, quarantine=quarantine(self.settling.writes))
        held.let_go(self.customer, at=self.run.now())
        claimed = claims.claim(self.run, BATCH)
        if claimed:
            reach("claimed")
            in_question = [transfer for transfer in claimed if self._must_look_up(transfer)]
            unquestioned = [transfer for transfer in claimed if transfer not in in_question]
            self._look_ahead(self._with_room([*map(Job, unquestioned), *self._look_up(in_question)]))
        return bool(claimed)

    def _with_room(self, jobs: list[Job]) -> list[Job]:
        """Those that may go this month, oldest first; the others wait, and the ERP is asked nothing about them."""
        # What is half made is in the ERP already: it only has to be put right.
        in_need = [job.transfer for job in jobs if job.half_made is None and job.transfer.kind == Transfer.Kind.ORDER]
        if not in_need:
            return jobs
        with self.settling.together() as batch:
            room = held.with_room(self.customer, in_need, at=self.run.now())
            without = [transfer for transfer in in_need if transfer.reference not in room]
            for transfer in without:
                outcomes.hold(batch, transfer)
        return [job for job in jobs if job.transfer not in without]

    def _feed(self) -> None:
        """Keep the threads busy, but no more: what waits here can still be given back when the ERP goes down."""
        if self.session.halted and self.waiting:
            with self.settling.together():
                for job in self.waiting:
                    self.settling.leave(job.transfer)
            self.waiting.clear()
        most = 1 if self.erp.is_on_trial else 2 * (self.run.seats or 0)
        while self.waiting and self.under_way < most:
            self._submit(self.waiting.popleft())

    def _look_ahead(self, jobs: list[Job]) -> None:
        """Have what they need looked up together, while those before them are sent."""
        if jobs:
            self.under_way += 1
            self.ahead += 1
            future = self.session.pool.submit(self._met, jobs)
            future.add_done_callback(lambda done: self.finished.put((None, done)))

    def _submit(self, job: Job) -> None:
        self.under_way += 1
        if job.half_made is not None:
            future: Future[Any] = self.session.pool.submit(self._complete, job)
        else:
            future = self.session.pool.submit(self._prepare if job.draft is None else self._write, job)
        future.add_done_callback(lambda done: self.finished.put((job, done)))

    # --- in the threads ---------------------------------------------------------------------------------------------------

    def _met(self, jobs: list[Job]) -> list[Job]:
        records = []
        try:
            for job in jobs:
                job.record = record_from(job.transfer.payload)
                records.append(job.record)
            with self.gate:
                if not self.session.halted and not self.erp.is_on_trial:
                    self.target.look_ahead(records)
        except Exception as error:  # noqa: BLE001 - whatever it is meets the order that it concerns again, and stops it alone
            log.debug("could not look ahead: %s", error)
        return jobs

    def _prepare(self, job: Job) -> Draft:
        if self.session.halted:
            raise LeftAlone
        # Outside the gate: plugins take nothing of what the ERP bears.
        job.shaped = self.shaping.of(job.record or record_from(job.transfer.payload))
        with self.gate:
            if self.session.halted:
                raise LeftAlone
            draft = self.target.prepare(job.shaped, reference=job.transfer.reference)
        self.shaping.before_write(job.shaped, draft)
        return draft

    def _write(self, job: Job) -> Document:
        assert job.draft is not None  # noqa: S101 - a job is only written once it was prepared
        with self.gate:
            reach("before_write")
            if self.session.halted or time.monotonic() - self.session.last_beat > settings.LEASE_SECONDS * YOUNG:
                # The endpoint is to be left alone, or the claim may run out while the write is under way.
                raise LeftAlone
            document = self.target.write(job.draft, key=job.transfer.key)
            reach("after_write")
        self._tell(job, document)
        return document

    def _complete(self, job: Job) -> Document:
        """Put right what an interrupted attempt left. Nothing new is made: the order is as much in doubt as it was before."""
        assert job.half_made is not None  # noqa: S101 - that is what such a job is
        transfer = job.transfer
        with self.gate:
            if self.session.halted:
                raise LeftAlone
            try:
                job.shaped = self.shaping.mapped(record_from(transfer.payload))
                draft = self.target.prepare(job.shaped, reference=transfer.reference)
            except RejectedError:
                # It could not be written as it is now: somebody has to look at what is there.
                return job.half_made
            except ConnectorError as error:
                error.outcome_unknown = True
                raise
            document = self.target.complete(draft, job.half_made)
        self._tell(job, document)
        return document

    def _tell(self, job: Job, document: Document) -> None:
        """Before it is saved that the order is in the ERP: so whoever is to know it is told at least once."""
        if self.settling.is_as_ordered(job.transfer, [document]):
            job.failures = self.shaping.after_write(job.shaped, document, key=job.transfer.key)

    def _tell_of_found(self, found: Sequence[tuple[Transfer, Document]]) -> dict[int, Sequence[PluginFailed]]:
        """What an attempt with an unknown outcome wrote after all: by id, which plugins failed when they were told."""
        failures: dict[int, Sequence[PluginFailed]] = {}
        for transfer, document in found:
            try:
                record = self.shaping.mapped(record_from(transfer.payload))
            except PluginFailed as error:
                failures[transfer.pk] = [error]
            else:
                failures[transfer.pk] = self.shaping.after_write(record, document, key=transfer.key)
        return failures

    def _find(self, references: Sequence[str]) -> Mapping[str, tuple[Document, ...]]:
        with self.gate:
            return self.target.find(self.register, references)

    # --- unknown outcomes -------------------------------------------------------------------------------------------------

    def _must_look_up(self, transfer: Transfer) -> bool:
        placed_before = transfer.placed_at is not None and transfer.placed_at < self.flow.look_up_before
        return transfer.in_doubt or (placed_before and not transfer.looked_up)

    def _look_up(self, transfers: list[Transfer]) -> list[Job]:
        """Settle those that are in the ERP already; the others, which may now be sent or completed, are returned."""
        if not transfers:
            return []
        settling = self.settling
        if not settling.writes.finds_by_reference:
            with settling.together():
                return [Job(transfer) for transfer in transfers if settling.cannot_look_up(transfer)]
        references = [transfer.reference for transfer in transfers]
        try:
            found = self.session.aside(self._find, references)
        except ConnectorError as error:
            self.session.endpoint_failed(self.erp, error)
            with settling.together():
                for transfer in transfers:
                    settling.postpone(transfer, error, in_doubt=transfer.in_doubt)
            return []
        reach("looked_up")
        arrived = [
            (transfer, found[transfer.reference][0])
            for transfer in transfers
            if transfer.in_doubt and settling.is_as_ordered(transfer, found.get(transfer.reference, ()))
        ]
        failures = self.session.aside(self._tell_of_found, arrived) if arrived and self.shaping.is_needed else {}
        jobs: list[Job] = []
        with settling.together():
            for transfer in transfers:
                documents = found.get(transfer.reference, ())
                if settling.may_complete(transfer, documents):
                    jobs.append(Job(transfer, half_made=documents[0]))
                elif settling.looked_up(transfer, documents):
                    jobs.append(Job(transfer))
                settling.plugins_failed(transfer, failures.get(transfer.pk, ()))
        return jobs

    # --- settle -----------------------------------------------------------------------------------------------------------

    def _settle(self, finished: list[tuple[Job, Future[Any]]]) -> None:
        """Save what became of finished jobs in one transaction, then start the writes that it allows."""
        if not finished:
            return
        to_write: list[Job] = []
        with self.settling.together() as batch:
            for job, future in finished:
                error = future.exception()
                if error is not None:
                    self.settling.failed(job.transfer, error, was_written=job.is_write)
                elif job.is_write:
                    self.settling.written(job.transfer, future.result())
                    self.settling.plugins_failed(job.transfer, job.failures)
                elif self.session.halted:
                    self.settling.leave(job.transfer)
                else:
                    job.draft = future.result()
                    outcomes.intend(batch, job.transfer, future.result())
                    to_write.append(job)
        reach("settled")
        for job in to_write:
            self._submit(job)
