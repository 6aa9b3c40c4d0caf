"""Runs: begin, stay alive, share the endpoint, count, end."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import nullcontext
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Greatest

from connectors.base import Role
from connectors.errors import ConnectorError
from flows import dbclock
from flows.ledger import owners
from flows.ledger.rows import FREE, Fenced, State, locked
from flows.models import Endpoint, Flow, Run, Transfer
from sharespine.lib.text import N_, Text

VANISHED = Text(N_("The worker that carried out this run vanished. Another one took over."))


def begin(flow: Flow, *, kind: str, owner: str, actor: str = "") -> Run | None:
    """Start a run of `flow`, or None while another one lives. A run whose worker vanished is marked as lost first."""
    for _ in range(2):
        try:
            with transaction.atomic():
                run = Run.objects.create(
                    flow=flow, kind=kind, started_by=actor, owner=owner, started_at=dbclock.now(), lease_until=dbclock.lease()
                )
                # What anybody wanted until now is what begins; who wants a run after this is served by the next one.
                Flow.objects.filter(pk=flow.pk).update(served_at=dbclock.now(), queued_at=None, wanted_at=None)
        except IntegrityError:
            if not _bury_dead(flow):
                return None
        else:
            run = Run.objects.get(pk=run.pk)
            run.begun = time.monotonic()
            return run
    return None


def bury() -> int:
    """End the runs whose processes have died on this machine, so that nobody waits for their leases. Returns how many."""
    live = Run.objects.filter(state=Run.State.RUNNING).select_related("flow")
    return sum(_bury(run) for run in live if owners.is_gone(run.owner))


def _bury_dead(flow: Flow) -> bool:
    """Mark the run that is in the way as lost, if its worker is. Returns whether nothing is in the way any more."""
    run = Run.objects.filter(flow=flow, state=Run.State.RUNNING).first()
    if run is None or owners.is_gone(run.owner):
        return run is None or _bury(run)
    return _end_as_lost(Run.objects.filter(pk=run.pk, lease_until__lt=dbclock.now()))


def _bury(run: Run) -> bool:
    """Mark `run` as lost and have its transfers taken over at once."""
    with transaction.atomic():
        if not _end_as_lost(Run.objects.filter(pk=run.pk, owner=run.owner)):
            return False
        held_by(run).update(lease_until=dbclock.ahead(timedelta(seconds=-1)))
        Flow.objects.filter(pk=run.flow_id).update(next_run_at=None, queued_at=None)
    return True


def _end_as_lost(runs: QuerySet[Run]) -> bool:
    return bool(
        runs.filter(state=Run.State.RUNNING).update(state=Run.State.LOST, ended_at=dbclock.now(), error=VANISHED, seats=None)
    )


def beat(run: Run) -> None:
    """Renew the claims of `run` on itself and on its transfers. Raises `Fenced` when the run was taken over."""
    with transaction.atomic():
        renew(run)


def renew(run: Run) -> None:
    """The same, as part of the caller's transaction."""
    hold_run(run)
    held_by(run).update(lease_until=dbclock.lease())


def hold_run(run: Run) -> None:
    if not Run.objects.filter(pk=run.pk, state=Run.State.RUNNING, owner=run.owner).update(lease_until=dbclock.lease()):
        raise Fenced


def owner_of(run: Run) -> str:
    return f"{run.owner}#{run.pk}"


def held_by(run: Run) -> QuerySet[Transfer]:
    """The transfers that `run` has claimed."""
    return Transfer.objects.filter(flow_id=run.flow_id, owner=owner_of(run), lease_until__isnull=False)


def _to(endpoint: Endpoint) -> Q:
    """Which runs write to `endpoint`."""
    if endpoint.role is Role.ERP:
        return Q(flow__connection__erp=endpoint, flow__direction=Flow.Direction.TO_ERP)
    return Q(flow__shop=endpoint, flow__direction=Flow.Direction.TO_SHOP)


def take_seats(run: Run, endpoint: Endpoint) -> int:
    """How many calls `run` may have under way at once on `endpoint`: its fair share, and never more than the others leave.

    To be asked again now and then, since other runs come and go; those that hold more than their share give it back then.
    """
    with transaction.atomic():
        # One at a time shares out: the seats of all live runs never add up to more than the budget.
        endpoint.failures = locked(Endpoint.objects.filter(pk=endpoint.pk)).values_list("failures", flat=True).get()
        budget = 1 if endpoint.is_on_trial else max(endpoint.budget, 1)
        others = (
            Run.objects.filter(_to(endpoint), state=Run.State.RUNNING, seats__isnull=False)
            .filter(lease_until__gt=dbclock.now())
            .exclude(pk=run.pk)
            .aggregate(taken=Sum("seats", default=0), number=Count("pk"))
        )
        seats: int = max(0, min(max(1, budget // (others["number"] + 1)), budget - others["taken"]))
        if seats != run.seats:
            Run.objects.filter(pk=run.pk).update(seats=seats)
            run.seats = seats
    return seats


def finish(run: Run, *, state: str = Run.State.DONE, error: ConnectorError | Text | None = None, evidence: str = "") -> None:
    """End `run` and let go of every transfer that it still holds, untouched. Raises `Fenced` when it was taken over."""
    text = error.text if isinstance(error, ConnectorError) else error or Text("")
    code = error.code if isinstance(error, ConnectorError) else ""
    if isinstance(error, ConnectorError) and not evidence:
        evidence = str(error.evidence)
    changes = {"state": state, "error": text, "error_code": code, "evidence": evidence, "report": run.report}
    # A poll that found nothing to send, as most do, changes one row only.
    with transaction.atomic() if run.seats is not None else nullcontext():
        ended = Run.objects.filter(pk=run.pk, state=Run.State.RUNNING, owner=run.owner).update(
            **changes, ended_at=dbclock.now(), seats=None
        )
        if not ended:
            raise Fenced
        if run.seats is not None:
            # It had something to send.
            held_by(run).exclude(state=State.SENDING).update(**FREE, attempts=Greatest(F("attempts"), 1) - 1)
    for name, value in changes.items():
        setattr(run, name, value)


def count(run: Run, counts: Counter[str]) -> None:
    """Add `counts` to the counters of `run`."""
    if any(counts.values()):
        Run.objects.filter(pk=run.pk).update(**{name: F(name) + number for name, number in counts.items() if number})
        for name, number in counts.items():
            setattr(run, name, getattr(run, name) + number)
