"""Carries out a run: capture, prepare, execute, settle.

Threads speak HTTP only; this one thread speaks to the database, in batches, and renews the claims while it waits. The order of
things is what makes a transfer happen once: what is about to be sent is committed first (`intend`), then sent under a key that
stays the same until an attempt certainly had no effect; and what may have had an effect is looked up before it is sent again.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from billing import caps
from connectors.base import Document, Draft, Register
from connectors.errors import AccessError, ConnectorError, ProtocolError
from flows import health, rehearsal
from flows.ledger import claims, outcomes, runs
from flows.ledger.rows import Fenced, record_from
from flows.models import Endpoint, Flow, Run, Transfer
from flows.reading import Reading
from flows.settling import LeftAlone, Settling
from sharespine.lib.checkpoints import reach
from sharespine.lib.text import N_, Text

log = logging.getLogger(__name__)
#: How many transfers are claimed at a time.
BATCH = 50
#: A write is only begun while this share of the lease or less has passed since it was renewed. The rest outlives one call:
#: 20 s of 30 with the defaults (`connectors.http.Limits.total`).
YOUNG = 1 / 3


def run(flow_id: int, *, kind: str = Run.Kind.POLL, actor: str = "", budget: float | None = None) -> Run | None:
    """Carry out one run of a flow within `budget` seconds. None when it is paused or another run of it is live.

    Errors of the remote systems and bugs end up on the run and its transfers; nothing is raised but what stops the worker.
    """
    flow = Flow.objects.select_related("connection__customer", "connection__erp", "shop").get(pk=flow_id)
    if not flow.is_live and kind != Run.Kind.DRY:
        return None
    if kind == Run.Kind.POLL and _sweep_is_due(flow):
        kind = Run.Kind.SWEEP
    this = runs.begin(flow, kind=kind, owner=f"{socket.gethostname()}:{os.getpid()}", actor=actor)
    if this is None:
        return None
    try:
        if kind == Run.Kind.DRY:
            rehearsal.rehearse(flow, this)
            return Run.objects.get(pk=this.pk)
        finished = _Execution(flow, this, budget or settings.RUN_BUDGET_SECONDS).carry_out()
    except Fenced:
        log.warning("run %s of flow %s was taken over", this.pk, flow.pk)
        return None
    _plan_next(flow, this, at_once=not finished)
    return Run.objects.get(pk=this.pk)


def _sweep_is_due(flow: Flow) -> bool:
    return flow.swept_at is not None and timezone.now() - flow.swept_at > timedelta(days=1)


def _plan_next(flow: Flow, this: Run, *, at_once: bool) -> None:
    """The flow runs again after its interval; sooner when a transfer is due, at once when somebody wanted it meanwhile."""
    flow.refresh_from_db(fields=["wanted_at"])
    following = timezone.now() + timedelta(minutes=flow.interval_minutes)
    due = Transfer.objects.filter(flow=flow, due_at__isnull=False).aggregate(first=Min("due_at"))["first"]
    if due is not None:
        # What is due while the ERP is left alone waits until it is tried again.
        following = min(following, max(due, flow.connection.erp.open_until or due))
    if at_once or (flow.wanted_at is not None and flow.wanted_at >= this.started_at):
        following = timezone.now()
    Flow.objects.filter(pk=flow.pk).update(next_run_at=following, queued_at=None)


@dataclass(slots=True)
class _Job:
    """One claimed transfer on its way: first prepared, then written."""

    transfer: Transfer
    draft: Draft | None = None


class _Execution:
    def __init__(self, flow: Flow, this: Run, budget: float) -> None:
        self.flow, self.run = flow, this
        # Reading a large shop for the first time leaves half of the time for sending.
        self.capture_until = time.monotonic() + budget / 2
        self.deadline = time.monotonic() + budget
        self.register = Register(flow.register)
        self.problem: ConnectorError | None = None
        self.halted = False
        self.read_all = True
        self.bug = ""
        self.last_beat = time.monotonic()

    def carry_out(self) -> bool:
        """Capture and execute. Returns whether the source was read to its end: if not, there is more to do at once."""
        with ThreadPoolExecutor(max_workers=max(self.flow.connection.erp.budget, 1)) as pool:
            self.pool = pool
            try:
                self._capture()
                self._execute()
            except (Fenced, KeyboardInterrupt, SystemExit):
                self.halted = True
                raise
            except Exception:
                self.bug = traceback.format_exc()
                log.exception("run %s of flow %s failed", self.run.pk, self.flow.pk)
            self._finish()
        return self.read_all

    def _finish(self) -> None:
        if self.bug:
            error: Any = Text(N_("Something in Sharespine failed during this run. Our developers have been told."))
            runs.finish(self.run, state=Run.State.FAILED, error=error, evidence=self.bug)
        elif self.problem is not None:
            runs.finish(self.run, state=Run.State.FAILED, error=self.problem)
        else:
            runs.finish(self.run)

    # --- capture ----------------------------------------------------------------------------------------------------------

    def _capture(self) -> None:
        """Read what changed in the source and save it. A source that fails does not keep its saved orders from being sent."""
        shop = self.flow.shop
        if shop.is_open:
            return
        try:
            with shop.connect(self.flow.source_options) as source:
                self.read_all = Reading(self.flow, self.run, self._aside).read(source, until=self.capture_until)
        except ConnectorError as error:
            self._endpoint_failed(shop, error)
            self.problem = error
            return
        health.worked(shop)

    def _aside(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """What `work` returns, carried out in a thread, so that claims are renewed while a slow system makes us wait."""
        future = self.pool.submit(work, *arguments)
        while not wait([future], timeout=1).done:
            self._beat()
        return future.result()

    def _endpoint_failed(self, endpoint: Endpoint, error: ConnectorError) -> None:
        """Note that an endpoint failed; when it is to be left alone, this run takes on nothing more."""
        leave_alone = health.failed(endpoint, error)
        if isinstance(error, AccessError):
            health.pause(self.flow.connection, endpoint, error)
        if leave_alone or isinstance(error, ProtocolError):
            self.problem, self.halted = error, True

    # --- execute ----------------------------------------------------------------------------------------------------------

    def _execute(self) -> None:
        erp = self.flow.connection.erp
        if erp.is_open or self.flow.connection.state != self.flow.connection.State.ACTIVE:
            return
        # A source that is down or talks nonsense says nothing about the target.
        self.halted = isinstance(self.problem, AccessError)
        with erp.connect(self.flow.target_options) as self.target:
            writes = self.target.capabilities.writes[self.register]
            self.settling = Settling(self.flow, self.run, writes, partial(self._endpoint_failed, erp))
            self.under_way: dict[Future[Any], _Job] = {}
            self.waiting: deque[_Job] = deque()
            while True:
                self._beat()
                claimed = self._claim_more()
                self._feed()
                if not self.under_way:
                    if claimed:
                        # All of them were in the ERP already.
                        continue
                    break
                done = wait(self.under_way, timeout=1, return_when=FIRST_COMPLETED).done
                self._settle([(future, self.under_way.pop(future)) for future in done])

    def _feed(self) -> None:
        """Keep the threads busy, but no more: what waits here can still be given back when the ERP goes down."""
        if self.halted:
            with transaction.atomic():
                for job in self.waiting:
                    outcomes.leave(job.transfer)
            self.waiting.clear()
        while self.waiting and len(self.under_way) < 2 * self.flow.connection.erp.budget:
            self._submit(self.waiting.popleft(), self._prepare)

    def _beat(self) -> None:
        if time.monotonic() - self.last_beat > settings.LEASE_SECONDS / 6:
            runs.beat(self.run)
            self.last_beat = time.monotonic()

    def _claim_more(self) -> bool:
        """Claim what is due when there is nothing else to begin. Returns whether anything was claimed."""
        if self.halted or time.monotonic() > self.deadline or self.waiting:
            return False
        if not Flow.objects.filter(pk=self.flow.pk, state=Flow.State.ACTIVE, connection__state="active").exists():
            # Somebody paused it in the meantime: what is under way is finished, nothing more is begun.
            self.halted = True
            return False
        claims.reap(self.flow.connection.erp_id)
        claimed = claims.claim(self.run, BATCH)
        if claimed:
            reach("claimed")
            in_question = [transfer for transfer in claimed if self._must_look_up(transfer)]
            unquestioned = [transfer for transfer in claimed if transfer not in in_question]
            self.waiting.extend(_Job(transfer) for transfer in unquestioned + self._look_up(in_question))
        return bool(claimed)

    def _submit(self, job: _Job, work: Callable[[_Job], Any]) -> None:
        self.under_way[self.pool.submit(work, job)] = job

    def _prepare(self, job: _Job) -> Draft:
        if self.halted:
            raise LeftAlone
        return self.target.prepare(record_from(job.transfer.payload), reference=job.transfer.reference)

    def _write(self, job: _Job) -> Document:
        assert job.draft is not None  # noqa: S101 - a job is only written once it was prepared
        reach("before_write")
        if self.halted or time.monotonic() - self.last_beat > settings.LEASE_SECONDS * YOUNG:
            # The endpoint is to be left alone, or the claim may run out while the write is under way.
            raise LeftAlone
        document = self.target.write(job.draft, key=job.transfer.key)
        reach("after_write")
        return document

    # --- unknown outcomes -------------------------------------------------------------------------------------------------

    def _must_look_up(self, transfer: Transfer) -> bool:
        placed_before = transfer.placed_at is not None and transfer.placed_at < self.flow.look_up_before
        return transfer.in_doubt or (placed_before and not transfer.looked_up)

    def _look_up(self, transfers: list[Transfer]) -> list[Transfer]:
        """Settle those that are in the ERP already; the others, which may now be sent, are returned."""
        if not transfers:
            return []
        settling = self.settling
        if not settling.writes.finds_by_reference:
            with transaction.atomic():
                free = [transfer for transfer in transfers if settling.cannot_look_up(transfer)]
                settling.save_counts()
            return free
        try:
            found = self._aside(self.target.find, self.register, [transfer.reference for transfer in transfers])
        except ConnectorError as error:
            self._endpoint_failed(self.flow.connection.erp, error)
            with transaction.atomic():
                for transfer in transfers:
                    settling.postpone(transfer, error, in_doubt=transfer.in_doubt)
                settling.save_counts()
            return []
        reach("looked_up")
        with transaction.atomic():
            free = [transfer for transfer in transfers if settling.looked_up(transfer, found.get(transfer.reference, ()))]
            settling.save_counts()
        return free

    # --- settle -----------------------------------------------------------------------------------------------------------

    def _settle(self, finished: list[tuple[Future[Any], _Job]]) -> None:
        """Save what became of finished jobs in one transaction, then start the writes that it allows."""
        to_write: list[_Job] = []
        with transaction.atomic():
            prepared = [(f, job) for f, job in finished if job.draft is None and f.exception() is None]
            room = self._room([job.transfer for _, job in prepared])
            for future, job in prepared:
                if job.transfer.reference not in room:
                    outcomes.hold(job.transfer, self.run)
                    self.settling.counts["held"] += 1
                elif self.halted:
                    outcomes.leave(job.transfer)
                else:
                    job.draft = future.result()
                    outcomes.intend(job.transfer, future.result(), self.run)
                    to_write.append(job)
            for future, job in finished:
                error = future.exception()
                if error is not None:
                    self.settling.failed(job.transfer, error, was_written=job.draft is not None)
                elif job not in to_write and job.draft is not None:
                    self.settling.written(job.transfer, future.result())
            self.settling.save_counts()
            reach("before_settle_commit")
        reach("settled")
        for job in to_write:
            self._submit(job, self._write)

    def _room(self, transfers: list[Transfer]) -> set[str]:
        if not transfers:
            return set()
        return caps.reserve(self.flow.connection.customer_id, [transfer.reference for transfer in transfers])
