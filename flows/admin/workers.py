"""Worker commands: which of them live."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Case, CharField, QuerySet, Value, When
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from flows import workers
from flows.models import Worker
from sharespine.lib.admin import HistoryAdmin, display
from sharespine.lib.display import TONES

#: State → what the page calls it.
STATES = {"live": _("live"), "gone": _("gone"), "ended": _("ended")}


@admin.register(Worker)
class WorkerAdmin(HistoryAdmin):
    list_display = ("name", "state_label", "processes", "restarts", "release", "started_at", "beat_at", "stopped_at")
    fields = ("machine", "pid", "processes", "restarts", "release", "started_at", "beat_at", "stopped_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Worker]:
        # Told by the database, whose clock their signs of life are of.
        live = When(pk__in=workers.live().values("pk"), then=Value("live"))
        ended = When(stopped_at__isnull=False, then=Value("ended"))
        return super().get_queryset(request).annotate(state=Case(live, ended, default=Value("gone"), output_field=CharField()))

    @display(description=_("worker"), ordering="machine")
    def name(self, worker: Worker) -> str:
        return str(worker)

    @display(description=_("state"), label=TONES, ordering="state")
    def state_label(self, worker: Any) -> tuple[str, Any]:
        return worker.state, STATES[worker.state]
