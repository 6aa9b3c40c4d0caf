"""Runs: what each execution of a flow saw and did, live while it runs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from connectors.base import Register
from connectors.fields import FIELDS
from flows.admin.filters import CustomerFilter, DaysFilter
from flows.models import Run
from sharespine.lib.admin import ChoicesDropdownFilter, HistoryAdmin, display
from sharespine.lib.display import TONES

#: htmx stops polling when it is answered with this.
STOP_POLLING = 286


@admin.register(Run)
class RunAdmin(HistoryAdmin):
    list_display = (
        "number",
        "moved",
        "customer",
        "kind_label",
        "state_label",
        "started_at",
        "took",
        "seen",
        "sent",
        "written",
        "stopped",
    )
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("flow__register", ChoicesDropdownFilter),
        ("flow__connection__customer", CustomerFilter),
        ("started_at", DaysFilter),
    )
    list_select_related = ("flow__shop", "flow__connection__erp", "flow__connection__customer")
    ordering = ("-started_at", "-id")
    sortable_by = ("started_at",)
    change_form_template = "flows/run.html"
    fields = ()

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("report")

    def get_urls(self) -> Any:
        progress = path("<int:pk>/progress/", self.admin_site.admin_view(self.progress), name="flows_run_progress")
        return [progress, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **(_shown(run) if run else {})})

    def progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part of the page that is asked for again every two seconds, until the run has ended."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = get_object_or_404(self.get_queryset(request).select_related(*self.list_select_related), pk=pk)
        status = 200 if run.state == Run.State.RUNNING else STOP_POLLING
        return TemplateResponse(request, "flows/run_progress.html", _shown(run), status=status)

    @display(description="#", ordering="id")
    def number(self, run: Run) -> str:
        return str(run)

    @display(description=_("customer"))
    def customer(self, run: Run) -> str:
        return str(run.flow.connection.customer)

    @display(description=_("flow"))
    def moved(self, run: Run) -> str:
        """The flow with its register, orders included: other lists leave that one out."""
        return f"{capfirst(run.flow.get_register_display())}: {run.flow.source.name} → {run.flow.target.name}"

    @display(description=_("kind"), ordering="kind", label=True)
    def kind_label(self, run: Run) -> str:
        return run.get_kind_display()

    @display(description=_("state"), ordering="state", label=TONES)
    def state_label(self, run: Run) -> tuple[str, str]:
        return run.state, run.get_state_display()

    @display(description=_("took"))
    def took(self, run: Run) -> str:
        return duration(run)


def duration(run: Run) -> str:
    seconds = int(((run.ended_at or timezone.now()) - run.started_at).total_seconds())
    return f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{max(0, seconds)} s"


def _label(name: str) -> str:
    return str(getattr(Run._meta.get_field(name), "verbose_name", name))


def _report(run: Run) -> list[dict[str, Any]]:
    """What a dry run found, with the names of the fields that would be written."""
    labels = {field.key: field.label for field in FIELDS[Register(run.flow.register)]}
    return [{**row, "written": [gettext(labels.get(key, key)) for key in row.get("fields", ())]} for row in run.report]


def _shown(run: Run) -> dict[str, Any]:
    return {
        "run": run,
        "counters": [(_label(name), getattr(run, name)) for name in Run.COUNTERS],
        "took": duration(run),
        "is_running": run.state == Run.State.RUNNING,
        "report": _report(run) if run.kind == Run.Kind.DRY else [],
    }
