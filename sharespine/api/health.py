"""Whether the installation is alive, told from the database: `/healthz` for a load balancer or a watchdog."""

from __future__ import annotations

from datetime import timedelta

from django.db import DatabaseError
from django.db.models import Min
from django.http import HttpRequest, JsonResponse
from django.utils import timezone

from flows.models import Endpoint, Run, Transfer
from flows.models.connections import Connection, Flow

#: Due work that is older than this means that no worker takes it.
OLDEST = timedelta(minutes=10)


def healthz(request: HttpRequest) -> JsonResponse:
    """200 while work is taken, 503 when due work waits too long or the database does not answer. Seconds; no names."""
    try:
        due = Transfer.objects.filter(
            due_at__isnull=False,
            lease_until__isnull=True,
            flow__state=Flow.State.ACTIVE,
            flow__connection__state=Connection.State.ACTIVE,
            erp__open_until__isnull=True,
        ).aggregate(oldest=Min("due_at"))["oldest"]
        answer = {
            "oldest_due_seconds": max(0, int((timezone.now() - due).total_seconds())) if due else 0,
            "live_runs": Run.objects.filter(state=Run.State.RUNNING, lease_until__gt=timezone.now()).count(),
            "endpoints_down": Endpoint.objects.filter(health__in=[Endpoint.Health.DOWN, Endpoint.Health.DENIED]).count(),
        }
    except DatabaseError:
        return JsonResponse({"ok": False, "database": "does not answer"}, status=503)
    ok = due is None or timezone.now() - due < OLDEST
    return JsonResponse({"ok": ok, **answer}, status=200 if ok else 503)
