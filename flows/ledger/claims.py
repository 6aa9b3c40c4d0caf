"""Claims: take what is due, and free what vanished workers held."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from connectors.errors import WhoActs
from flows import dbclock
from flows.ledger.rows import FREE, Kind, State, change, event, locked, stopped
from flows.ledger.runs import hold_run, owner_of
from flows.models import Run, Transfer
from sharespine.lib.text import N_, Text

#: A transfer whose workers vanished this often is claimed alone, so that the next one that vanishes tells on it.
SUSPECT = 2
#: A transfer whose workers vanished this often stops: it is what kills them.
GUILTY = 5


def reap(erp_id: int) -> int:
    """Free the transfers to an ERP endpoint whose workers vanished. What was being sent becomes uncertain. Returns how many."""
    with transaction.atomic():
        lost = list(
            locked(Transfer.objects.filter(erp_id=erp_id, lease_until__lt=dbclock.now()), skip_locked=True).order_by("pk")[:500]
        )
        for transfer in lost:
            transfer.crashes += 1
            changes: dict[str, Any] = {"crashes": transfer.crashes, "due_at": timezone.now()}
            text = Text(N_("The worker that had this order vanished. Another one takes over."))
            kind = Kind.NOTICE
            if transfer.crashes >= GUILTY:
                text = Text(
                    N_("The workers that had this order vanished %(times)s times, so it stopped. Our developers look at it."),
                    {"times": str(transfer.crashes)},
                )
                kind = Kind.STOPPED
                changes |= stopped(text, "WorkerLost", WhoActs.US)
            elif transfer.in_doubt:
                text = Text(
                    N_("The worker vanished while it sent the order. We look it up in the ERP before anything is sent again.")
                )
                kind = Kind.UNCERTAIN
                changes |= {"state": State.UNCERTAIN, "message": text, "cause": text.message}
            change(transfer, changes | FREE)
            event(transfer, kind, text).save()
    return len(lost)


def claim(run: Run, limit: int) -> list[Transfer]:
    """Claim up to `limit` transfers of the run's flow that are due, oldest first, never two of one buyer at once."""
    due = Transfer.objects.filter(flow_id=run.flow_id, due_at__lte=dbclock.now(), lease_until__isnull=True)
    try:
        with transaction.atomic():
            hold_run(run)
            candidates = list(
                locked(due, skip_locked=True).order_by("due_at", "pk").values_list("pk", "party_key", "crashes")[: limit * 2]
            )
            if candidates and candidates[0][2] >= SUSPECT:
                candidates = candidates[:1]
            wanted = {party for _, party, _ in candidates}
            busy = set(Transfer.objects.filter(busy_party__in=wanted).values_list("busy_party", flat=True))
            chosen: list[int] = []
            for pk, party, crashes in candidates:
                if party not in busy and len(chosen) < limit and (crashes < SUSPECT or len(candidates) == 1):
                    busy.add(party)
                    chosen.append(pk)
            if not chosen:
                return []
            Transfer.objects.filter(pk__in=chosen).update(
                owner=owner_of(run),
                run=run,
                lease_until=dbclock.lease(),
                fence=F("fence") + 1,
                attempts=F("attempts") + 1,
                busy_party=F("party_key"),
            )
            claimed = {t.pk: t for t in Transfer.objects.filter(pk__in=chosen)}
            return [claimed[pk] for pk in chosen]
    except IntegrityError:
        # Another flow claimed an order of the same buyer in the same instant. Nothing is lost: the next pass takes the rest.
        return []
