"""Runs: begin, stay alive, count, end."""

from __future__ import annotations

from collections import Counter

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from connectors.errors import ConnectorError
from flows import dbclock
from flows.ledger.rows import FREE, Fenced, State
from flows.models import Flow, Run, Transfer
from sharespine.lib.text import N_, Text


def begin(flow: Flow, *, kind: str, owner: str, actor: str = "") -> Run | None:
    """Start a run of `flow`, or None while another one lives. A run whose worker vanished is marked as lost first."""
    with transaction.atomic():
        Run.objects.filter(flow=flow, state=Run.State.RUNNING, lease_until__lt=dbclock.now()).update(
            state=Run.State.LOST,
            ended_at=dbclock.now(),
            error=Text(N_("The worker that carried out this run vanished. Another one took over.")),
        )
    try:
        with transaction.atomic():
            run = Run.objects.create(
                flow=flow, kind=kind, started_by=actor, owner=owner, started_at=dbclock.now(), lease_until=dbclock.lease()
            )
    except IntegrityError:
        return None
    return Run.objects.get(pk=run.pk)


def beat(run: Run) -> None:
    """Renew the claims of `run` on itself and on its transfers. Raises `Fenced` when the run was taken over."""
    with transaction.atomic():
        hold_run(run)
        Transfer.objects.filter(flow_id=run.flow_id, owner=owner_of(run), lease_until__isnull=False).update(
            lease_until=dbclock.lease()
        )


def hold_run(run: Run) -> None:
    if not Run.objects.filter(pk=run.pk, state=Run.State.RUNNING, owner=run.owner).update(lease_until=dbclock.lease()):
        raise Fenced


def owner_of(run: Run) -> str:
    return f"{run.owner}#{run.pk}"


def finish(run: Run, *, state: str = Run.State.DONE, error: ConnectorError | Text | None = None, evidence: str = "") -> None:
    """End `run` and let go of every transfer that it still holds, untouched."""
    text = error.text if isinstance(error, ConnectorError) else error or Text("")
    code = error.code if isinstance(error, ConnectorError) else ""
    if isinstance(error, ConnectorError) and not evidence:
        evidence = str(error.evidence)
    with transaction.atomic():
        hold_run(run)
        held = Transfer.objects.filter(flow_id=run.flow_id, owner=owner_of(run), lease_until__isnull=False)
        held.filter(state__in=[State.WAITING, State.RETRYING, State.UNCERTAIN]).update(
            **FREE, attempts=Greatest(F("attempts"), 1) - 1
        )
        Run.objects.filter(pk=run.pk).update(
            state=state, ended_at=dbclock.now(), error=text, error_code=code, evidence=evidence, report=run.report
        )


def count(run: Run, counts: Counter[str]) -> None:
    """Add `counts` to the counters of `run`."""
    if counts:
        Run.objects.filter(pk=run.pk).update(**{name: F(name) + number for name, number in counts.items()})
