"""Carries out a run: reads what changed in the source, then brings what is due to the target.

Of documents, the order of things is what makes a transfer happen once: what is about to be sent is committed first, then sent
under a key that stays the same until an attempt certainly had no effect; and what may have had an effect is looked up before
it is sent again. All else may be made again, and is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from connectors.base import Register
from connectors.errors import AccessError, ConnectorError, ProtocolError
from flows import bugs, dbclock, health, initial, initial_run, mapping_trial, next_run, rehearsal, rights, timing, turns
from flows.article_reading import ArticleReading
from flows.execution import Execution
from flows.following import Following, FollowingReading
from flows.ledger import claims, owners, runs
from flows.ledger.rows import Fenced
from flows.models import Connection, Endpoint, Flow, InitialSync, Run
from flows.reading import Reading
from flows.settling import quarantine
from flows.syncing import Syncing
from flows.trouble import TROUBLE, words
from sharespine.lib import stopping

log = logging.getLogger(__name__)
#: The two halves of a run, by register: what reads, and what writes. The articles of all other registers go alike.
HALVES: Mapping[Register, tuple[Any, Any]] = {
    Register.ORDERS: (Reading, Execution),
    Register.STATUS: (FollowingReading, Following),
}
ARTICLES = (ArticleReading, Syncing)
#: Runs that change nothing anywhere, and so may be made of a paused flow.
READ_ONLY = (Run.Kind.DRY, Run.Kind.TRIAL)
#: How long a run that the database failed waits, again and again, before it tries to give back what it holds, in seconds. In
#: all less than a lease: after that it is taken over anyway.
PATIENCE = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)


def run(flow_id: int, *, kind: str = Run.Kind.POLL, actor: str = "", budget: float | None = None) -> Run | None:
    """Carry out one run of a flow within `budget` seconds. None when it is paused or another run of it is live.

    Errors of the remote systems and bugs end up on the run and its transfers; nothing is raised but what stops the worker, and
    `flows.trouble.TROUBLE` when the database fails and stays away.
    """
    beside = Flow.objects.select_related("connection__customer", "connection__erp", "shop")
    # What is due is told by the database's clock, so it also tells what is not due yet.
    flow = beside.annotate(asked_at=dbclock.now()).get(pk=flow_id)
    sync = initial.under_way(flow) if kind not in READ_ONLY else None
    if sync is not None:
        # Until it is done, whatever the flow does is part of it.
        kind, actor, reads = Run.Kind.INITIAL, sync.started_by, True
        is_over = sync.state == InitialSync.State.STOPPING
        if not is_over and not (flow.connection.state == Connection.State.ACTIVE and rights.may_run(flow, at=timezone.now())):
            return None
    elif kind in READ_ONLY:
        reads = True
    else:
        if not (flow.is_live and rights.may_run(flow, at=timezone.now())):
            return None
        by_itself = kind == Run.Kind.POLL and not actor
        schedule = timing.schedule_of(flow, at=flow.asked_at)
        if by_itself and timing.put_off(flow, schedule, at=flow.asked_at):
            return None
        # Between its own times, a flow only writes what is due by then.
        reads = not (by_itself and timing.is_before_slot(flow, schedule, at=flow.asked_at))
        if kind == Run.Kind.POLL and reads and _sweep_is_due(flow):
            kind = Run.Kind.SWEEP
    this = runs.begin(flow, kind=kind, owner=owners.me(), actor=actor)
    if this is None:
        return None
    try:
        if kind == Run.Kind.DRY:
            rehearsal.rehearse(flow, this)
        elif kind == Run.Kind.TRIAL:
            mapping_trial.carry_out(flow, this)
        else:
            Session(flow, this, budget or settings.RUN_BUDGET_SECONDS, reads=reads, sync=sync).carry_out()
    except Fenced:
        log.warning("run %s of flow %s was taken over", this.pk, flow.pk)
        return None
    except TROUBLE as error:
        return _abandon(flow, this, error)
    return this


def _abandon(flow: Flow, this: Run, error: Exception) -> Run | None:
    """The database failed: as soon as it answers again, give back what the run holds, and have the flow run anew.

    Raises `error` when it stays away: then the leases run out, and others take over.
    """
    log.warning("The database failed in run %s of flow %s: %s. What is in doubt is looked up.", this.pk, flow.pk, words(error))
    for seconds in PATIENCE:
        if stopping.asked():
            break
        time.sleep(seconds)
        connection.close_if_unusable_or_obsolete()
        with suppress(*TROUBLE):
            try:
                claims.abandon(this, quarantine=quarantine(flow.writes))
            except Fenced:
                return None
            Flow.objects.filter(pk=flow.pk).update(next_run_at=dbclock.ahead(next_run.PAUSE), queued_at=None)
            return this
    raise error


def _sweep_is_due(flow: Flow) -> bool:
    return flow.swept_at is not None and timezone.now() - flow.swept_at > timedelta(days=1)


class Halted(Exception):
    """Reading is broken off: somebody stopped what it was for."""


class Session:
    """One run in one process: this thread speaks to the database, the threads of the pool speak HTTP."""

    def __init__(self, flow: Flow, this: Run, budget: float, *, reads: bool = True, sync: InitialSync | None = None) -> None:
        self.flow, self.run, self.sync = flow, this, sync
        #: Whether the source is read; if not, only what is due is written.
        self.reads = reads
        self.began = time.monotonic()
        self.budget = budget
        self.last_beat = self.began
        self.problem: ConnectorError | None = None
        #: Endpoints that did not let us in during this run.
        self.denied: set[int] = set()
        #: Nothing more is begun: the ERP is to be left alone, the flow was paused, or this run is over.
        self.halted = False
        self.read_all = True
        #: Whether this run has seen all that changed in the source until it began.
        self.read_to_end = False
        #: The source answered to the end, or as far as there was time.
        self.has_read = False
        self.others_wait, self.ask_again_at = False, 0.0
        self.ends = self.turn_ends = self.began
        self.bug = ""

    def carry_out(self) -> None:
        with ThreadPoolExecutor(max_workers=max(self.flow.target.budget, 1)) as pool:
            self.pool = pool
            reading, execution = self._halves()
            try:
                # Reading a large shop for the first time leaves time for sending, and a slow shop does not take all of it.
                self.grant(1 / 2)
                execution.begin()
                if self.reads:
                    self._capture(reading)
                self.grant(1, at_least=1 / 2)
                execution.carry_out()
            except (Fenced, *TROUBLE, KeyboardInterrupt, SystemExit):
                self.halted = True
                raise
            except Exception as error:  # noqa: BLE001 - a bug of ours, which is told
                self.halted = True
                sides = (self.flow.source, self.flow.target)
                self.bug = bugs.told(error, f"run {self.run.pk} of flow {self.flow.pk}", *sides)
        self._finish()
        more = not self.read_all or execution.left_over
        if self.sync is None:
            next_run.plan(self, execution.first_due(), at_once=more)
        else:
            sync = initial.carried_on(self.sync, bug=rehearsal.BUG if self.bug else None)
            next_run.plan_initial(self, sync, execution.first_due(), at_once=more)

    def _halves(self) -> tuple[Any, Any]:
        """What reads, and what writes."""
        if self.sync is not None:
            return initial_run.halves(self, self.sync)
        reading, writing = HALVES.get(Register(self.flow.register), ARTICLES)
        return reading(self.flow, self.run, self.aside), writing(self)

    # --- what both halves need --------------------------------------------------------------------------------------------

    def beat(self) -> None:
        """Renew the claims, when it is time."""
        if time.monotonic() - self.last_beat > settings.LEASE_SECONDS / 6:
            runs.beat(self.run)
            self.last_beat = time.monotonic()

    def aside(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """What `work` returns, carried out in a thread, so that claims are renewed while a slow system makes us wait."""
        future = self.pool.submit(work, *arguments)
        while not wait([future], timeout=1).done:
            self.beat()
        return future.result()

    def time_is_up(self) -> bool:
        """Whether this half of the run has had its time: less of it when another flow waits, none when we are stopped."""
        now = time.monotonic()
        if stopping.asked() or now > self.ends:
            return True
        if now > self.turn_ends and now > self.ask_again_at:
            self.others_wait, self.ask_again_at = turns.others_wait(self.flow), now + 1
        return self.others_wait and now > self.turn_ends

    def grant(self, share: float, *, at_least: float = 0) -> None:
        """Give the half that begins now what is left of the time until `share` of it is used, and `at_least` so much more."""
        now = time.monotonic()
        self.ends = max(self.began + self.budget * share, now + settings.TURN_SECONDS * at_least)
        self.turn_ends = max(self.began + settings.TURN_SECONDS * share, now + settings.TURN_SECONDS * at_least)

    def endpoint_failed(self, endpoint: Endpoint, error: ConnectorError) -> None:
        """Note that an endpoint failed; when it is to be left alone, this run takes on nothing more."""
        leave_alone = health.failed(endpoint, error)
        if isinstance(error, AccessError):
            self.denied.add(endpoint.pk)
            health.pause(self.flow.connection, endpoint, error)
        if leave_alone or isinstance(error, ProtocolError):
            self.problem, self.halted = error, True

    def endpoint_worked(self, endpoint: Endpoint) -> None:
        """Note that an endpoint answered as it should. What was still under way when it denied us access is no news of it."""
        if endpoint.pk not in self.denied:
            health.worked(endpoint)

    def must_end(self) -> bool:
        """Whether nothing more may be begun: somebody paused the flow, or another run found the target to be down."""
        target = self.flow.target
        column = "connection__erp__open_until" if self.flow.direction == Flow.Direction.TO_ERP else "shop__open_until"
        goes_on = Q(state=Flow.State.ACTIVE)
        if self.sync is not None:
            goes_on = Q(initial_syncs=self.sync.pk, initial_syncs__state=InitialSync.State.RUNNING)
        active = Flow.objects.filter(goes_on, pk=self.flow.pk, connection__state=Connection.State.ACTIVE)
        found = list(active.values_list(column, flat=True))
        if found:
            target.open_until = found[0]
        return not found or target.is_open

    # --- beginning and end ------------------------------------------------------------------------------------------------

    def _capture(self, reading: Any) -> None:
        """Read what changed in the source and save it. A source that fails does not keep its saved records from being sent."""
        endpoint = self.flow.source
        if endpoint.is_open or (self.sync is not None and self.must_end()):
            return
        try:
            with endpoint.connect(self.flow.source_options) as source:
                self.read_all = self.read_to_end = reading.read(source, enough=self._has_read_enough)
        except Halted:
            self.read_all = False
            return
        except ConnectorError as error:
            self.endpoint_failed(endpoint, error)
            self.problem = error
            # A source that is down or talks nonsense says nothing about the target.
            self.halted = isinstance(error, AccessError)
            return
        self.has_read = True
        self.endpoint_worked(endpoint)

    def _has_read_enough(self) -> bool:
        """Whether the time for reading is up. Raises `Halted` where an initial sync was stopped."""
        if self.sync is not None and self.must_end():
            raise Halted
        return self.time_is_up()

    def _finish(self) -> None:
        if self.bug:
            runs.finish(self.run, state=Run.State.FAILED, error=rehearsal.BUG, evidence=self.bug)
        elif self.problem is not None:
            runs.finish(self.run, state=Run.State.FAILED, error=self.problem)
        else:
            runs.finish(self.run)
