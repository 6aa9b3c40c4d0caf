"""Claims: take what is due, and free what vanished workers held."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import NullIf
from django.utils import timezone

from billing import caps
from connectors.errors import WhoActs
from flows import dbclock, retry
from flows.ledger.rows import FREE, Kind, State, event, locked, stopped
from flows.ledger.runs import finish, held_by, hold_run, owner_of
from flows.models import Flow, Run, Transfer
from flows.outgoing.outbox import Outbox
from sharespine.lib.text import N_, Text

#: A transfer whose workers vanished this often is claimed alone, so that the next one that vanishes tells on it; and some time
#: later, by chance, since a worker that is killed takes down those beside it: the innocent must not be near each time.
SUSPECT = 2
#: A transfer whose workers vanished this often stops: it is what kills them. What may be in the ERP by then is looked up first.
GUILTY = 5
#: Even if it may be in the ERP: to look it up kills them, too.
HOPELESS = 8
WORKER_LOST = "WorkerLost"


def reap(erp_id: int, *, quarantine: timedelta = timedelta(0)) -> int:
    """Free the transfers to an ERP endpoint whose workers vanished. What was being sent becomes uncertain. Returns how many.

    What may be in the ERP is looked up only after `quarantine`: a call outlives its caller.
    """
    if not lapsed(erp_id).exists():
        return 0
    with transaction.atomic():
        lost = list(locked(lapsed(erp_id), skip_locked=True).order_by("pk")[:500])
        for transfer in lost:
            transfer.crashes += 1
            pause = retry.backoff(transfer.crashes) if transfer.crashes >= SUSPECT else timedelta(0)
            changes: dict[str, Any] = {"crashes": transfer.crashes, "due_at": dbclock.ahead(pause)}
            text = Text(N_("The worker that had this order vanished. Another one takes over."))
            kind = Kind.NOTICE
            if transfer.crashes >= (HOPELESS if transfer.in_doubt else GUILTY):
                text, kind = guilty(transfer), Kind.STOPPED
                if not transfer.in_doubt:
                    caps.release(transfer.customer_id, [transfer.reference])
                changes |= stopped(text, WORKER_LOST, WhoActs.US)
            elif transfer.in_doubt:
                text = Text(
                    N_("The worker vanished while it sent the order. We look it up in the ERP before anything is sent again.")
                )
                kind = Kind.UNCERTAIN
                changes |= {"state": State.UNCERTAIN, "message": text, "cause": text.message}
                changes["due_at"] = dbclock.ahead(max(pause, quarantine))
            # Locked since they were read: nobody else changes them meanwhile. The fence shuts out whoever had them.
            Transfer.objects.filter(pk=transfer.pk).update(**changes, **FREE, fence=F("fence") + 1, updated_at=timezone.now())
            event(transfer, kind, text).save()
            if kind == Kind.STOPPED:
                outbox = Outbox(transfer.customer_id)
                outbox.stopped(transfer, text, code=WORKER_LOST, acts=WhoActs.US)
                outbox.save()
    return len(lost)


def lapsed(erp_id: int) -> QuerySet[Transfer]:
    """The transfers to an ERP endpoint whose workers vanished."""
    flows = Flow.objects.filter(connection__erp=erp_id).values("pk")
    return Transfer.objects.filter(flow__in=flows, lease_until__lt=dbclock.now())


def abandon(run: Run, *, quarantine: timedelta) -> None:
    """End a run that the database failed. What it held is given back; what may be in the ERP is looked up after `quarantine`.

    Raises `Fenced` when the run is over already, or was taken over.
    """
    text = Text(N_("The database failed while the order was sent. We look it up in the ERP before anything is sent again."))
    with transaction.atomic():
        for transfer in locked(held_by(run).filter(in_doubt=True)).order_by("pk"):
            Transfer.objects.filter(pk=transfer.pk).update(
                state=State.UNCERTAIN,
                message=text,
                cause=text.message,
                due_at=dbclock.ahead(quarantine),
                **FREE,
                fence=F("fence") + 1,
                updated_at=timezone.now(),
            )
            event(transfer, Kind.UNCERTAIN, text, run=run).save()
        finish(run, state=Run.State.FAILED, error=Text(N_("The database failed during this run. It is made again.")))


def guilty(transfer: Transfer) -> Text:
    return Text(
        N_("The workers that had this order vanished %(times)s times, so it stopped. Our developers look at it."),
        {"times": str(transfer.crashes)},
    )


def claim(run: Run, limit: int) -> list[Transfer]:
    """Claim up to `limit` transfers of the run's flow that are due, oldest first, never two of one buyer at once.

    One that is suspect is claimed alone: only when the run holds nothing else, and nothing else while the run holds it.
    """
    due = Transfer.objects.filter(flow_id=run.flow_id, due_at__lte=dbclock.now(), lease_until__isnull=True)
    try:
        with transaction.atomic():
            hold_run(run)
            candidates = list(
                locked(due, skip_locked=True)
                .order_by("due_at", "pk")
                .values_list("pk", "party_key", "email_key", "crashes")[: limit * 2]
            )
            in_hand = list(held_by(run).values_list("crashes", flat=True))
            if max(in_hand, default=0) >= SUSPECT:
                return []
            busy = _busy({key for _, party, email, _ in candidates for key in (party, email) if key})
            chosen: list[int] = []
            for pk, party, email, crashes in candidates:
                if busy & {party, email} or (crashes >= SUSPECT and chosen):
                    continue
                if crashes >= SUSPECT and in_hand:
                    # Its turn comes when those are done.
                    break
                busy |= {key for key in (party, email) if key}
                chosen.append(pk)
                if crashes >= SUSPECT or len(chosen) == limit:
                    break
            if not chosen:
                return []
            Transfer.objects.filter(pk__in=chosen).update(
                owner=owner_of(run),
                run=run,
                lease_until=dbclock.lease(),
                fence=F("fence") + 1,
                attempts=F("attempts") + 1,
                busy_party=F("party_key"),
                busy_email=NullIf(F("email_key"), Value("")),
            )
            claimed = {t.pk: t for t in Transfer.objects.filter(pk__in=chosen)}
            return [claimed[pk] for pk in chosen]
    except IntegrityError:
        # Another flow claimed an order of the same buyer in the same instant. Nothing is lost: the next pass takes the rest.
        return []


def _busy(keys: set[str]) -> set[str]:
    """Which of the buyers are under way somewhere, by either of the things they are recognised by."""
    under_way = Transfer.objects.filter(Q(busy_party__in=keys) | Q(busy_email__in=keys))
    return {key for pair in under_way.values_list("busy_party", "busy_email") for key in pair if key}
