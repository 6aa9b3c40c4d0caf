"""Initial product syncs: started on the page of a flow, followed live, stopped and resumed, and told of article by article."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.refusals import Refused
from flows import initial
from flows.admin.exports import StreamedExport
from flows.admin.filters import CustomerFilter
from flows.admin.runs import STOP_POLLING
from flows.models import Flow, InitialArticle, InitialSync
from flows.resources import InitialArticleResource
from sharespine.lib.admin import (
    ActionVariant,
    ChoicesDropdownFilter,
    Dialog,
    HistoryAdmin,
    OptionalReasonDialog,
    Select,
    action,
    display,
    leave_dialog,
)
from sharespine.lib.display import TONES
from sharespine.lib.said import said

#: How many of the articles that were refused are shown on the page itself.
SHOWN = 100
COUNTERS = ("seen", "created", "updated", "same", "skipped", "refused")


class StartDialog(OptionalReasonDialog):
    """Asks whether it is a try, and why the service account may go below nought."""

    how = forms.ChoiceField(
        label=gettext_lazy("What is done"),
        choices=[
            ("dry", gettext_lazy("Try it: nothing is written, no time is drawn")),
            ("real", gettext_lazy("Carry it out")),
        ],
        initial="dry",
        widget=Select,
    )
    field_order = ("how", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _(
            "Only where the service account has too few hours left: why it may go below nought. It is seen in the account."
        )


def begin(request: HttpRequest, form: Any, flow: Flow, back: str) -> HttpResponse:
    """Start an initial sync of `flow` as the dialog says, and show its page; or say on the page at `back` why not."""
    try:
        sync = initial.start(
            flow,
            dry_run=form.cleaned_data["how"] == "dry",
            actor=request.user.get_username(),
            reason=form.cleaned_data["reason"],
        )
    except Refused as refused:
        return leave_dialog(request, back, level=messages.ERROR, message=said(refused.text))
    return leave_dialog(request, address_of(sync.pk), message=_("It begins within a few seconds."))


def address_of(sync: Any) -> str:
    return reverse("admin:flows_initialsync_change", args=[sync])


@admin.register(InitialSync)
class InitialSyncAdmin(HistoryAdmin):
    list_display = ("number", "moved", "customer", "what", "state_label", "started_at", *COUNTERS)
    list_filter = (("state", ChoicesDropdownFilter), ("flow__connection__customer", CustomerFilter))
    list_select_related = ("flow__shop", "flow__connection__erp", "flow__connection__customer")
    sortable_by = ()
    change_form_template = "flows/initial.html"
    fields = ()
    actions_detail = ("resume", "stop", "end")

    def get_queryset(self, request: HttpRequest) -> QuerySet[InitialSync]:
        return super().get_queryset(request).select_related(*self.list_select_related)

    def get_urls(self) -> Any:
        progress = path("<int:pk>/progress/", self.admin_site.admin_view(self.progress), name="flows_initialsync_progress")
        return [progress, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        sync = self.get_object(request, object_id)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **(_shown(sync) if sync else {})})

    def progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The part of the page that is asked for again every two seconds, until it has ended."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        sync = get_object_or_404(self.get_queryset(request), pk=pk)
        status = 200 if sync.is_under_way else STOP_POLLING
        answer = TemplateResponse(request, "flows/initial_progress.html", _shown(sync), status=status)
        if not sync.is_under_way:
            # What can be done with it now, and what was refused, stand beside it.
            answer.headers["HX-Refresh"] = "true"
        return answer

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may stop it and have it go on: who may start flows may."""
        return bool(request.user.has_perm("flows.change_flow"))

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        """Only what can be done in the state that it is in."""
        state = InitialSync.objects.filter(pk=object_id).values_list("state", flat=True).first()
        shown = {"stop"} if state == InitialSync.State.RUNNING else set()
        if state in InitialSync.RESUMABLE:
            shown = {"resume", "end"}
        return [a for a in super().get_actions_detail(request, object_id) if a.method.original_function_name in shown]

    @display(description="#")
    def number(self, sync: InitialSync) -> str:
        return str(sync)

    @display(description=gettext_lazy("flow"))
    def moved(self, sync: InitialSync) -> str:
        return f"{sync.flow.source.name} → {sync.flow.target.name}"

    @display(description=gettext_lazy("customer"))
    def customer(self, sync: InitialSync) -> str:
        return str(sync.flow.connection.customer)

    @display(description=gettext_lazy("kind"))
    def what(self, sync: InitialSync) -> str:
        return _("dry run") if sync.dry_run else _("initial sync")

    @display(description=gettext_lazy("state"), label=TONES)
    def state_label(self, sync: InitialSync) -> tuple[str, str]:
        return sync.state, sync.get_state_display()

    @action(
        description=gettext_lazy("Stop"),
        permissions=["operate"],
        icon="stop_circle",
        dialog={
            "title": gettext_lazy("Stop the initial sync?"),
            "description": gettext_lazy("What is under way is finished. What was done stays, and it can be resumed."),
            "form_class": Dialog,
            "form_submit_text": gettext_lazy("Stop"),
        },
    )
    def stop(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self._do(request, object_id, initial.stop, _("It stops as soon as what is under way is finished."))

    @action(
        description=gettext_lazy("Resume"),
        permissions=["operate"],
        icon="play_arrow",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": gettext_lazy("Resume the initial sync?"),
            "description": gettext_lazy("It goes on where it was: nothing is created twice."),
            "form_class": Dialog,
            "form_submit_text": gettext_lazy("Resume"),
        },
    )
    def resume(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self._do(request, object_id, initial.resume, _("It goes on within a few seconds."))

    @action(
        description=gettext_lazy("End here"),
        permissions=["operate"],
        icon="done_all",
        dialog={
            "title": gettext_lazy("End the initial sync here?"),
            "description": gettext_lazy("What was done stays. The time it took is drawn from the service account."),
            "form_class": Dialog,
            "form_submit_text": gettext_lazy("End here"),
        },
    )
    def end(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self._do(request, object_id, initial.end, _("It has ended."))

    def _do(self, request: HttpRequest, object_id: str, verb: Callable[[InitialSync], None], done: str) -> HttpResponse:
        try:
            verb(self.get_queryset(request).get(pk=object_id))
        except Refused as refused:
            return leave_dialog(request, address_of(object_id), level=messages.ERROR, message=said(refused.text))
        return leave_dialog(request, address_of(object_id), message=done)


@admin.register(InitialArticle)
class InitialArticleAdmin(StreamedExport, HistoryAdmin):
    """What became of each article, to be searched and exported. Reached from the page of its sync."""

    list_display = ("record", "called", "outcome_label", "what_happened")
    list_display_links = None
    list_filter = (("outcome", ChoicesDropdownFilter),)
    ordering = ("-id",)
    sortable_by = ()
    resource_classes = [InitialArticleResource]
    fields = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[InitialArticle]:
        return super().get_queryset(request).select_related("sync")

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup == "sync__id__exact" or super().lookup_allowed(lookup, value, request)

    @display(description=gettext_lazy("article"))
    def record(self, article: InitialArticle) -> str:
        return str(article)

    @display(description=gettext_lazy("name"))
    def called(self, article: InitialArticle) -> str:
        return article.name or "–"

    @display(description=gettext_lazy("outcome"), label=TONES)
    def outcome_label(self, article: InitialArticle) -> tuple[str, str]:
        return article.outcome, article.get_outcome_display()

    @display(description=gettext_lazy("what happened"))
    def what_happened(self, article: InitialArticle) -> str:
        return said(article.message) or "–"


def _shown(sync: InitialSync) -> dict[str, Any]:
    names = {name: str(InitialSync._meta.get_field(name).verbose_name) for name in COUNTERS}  # type: ignore[union-attr]
    refused = sync.articles.filter(outcome=InitialArticle.Outcome.REFUSED).order_by("pk")[:SHOWN]
    return {
        "sync": sync,
        "counters": [(name, capfirst(label), getattr(sync, name)) for name, label in names.items()],
        "percent": 100 * (sync.seen - sync.left) // sync.seen if sync.seen and sync.read_at else None,
        "refused": list(refused) if not sync.is_under_way else [],
        "more_refused": max(0, sync.refused - SHOWN),
        "minutes": -(-sync.seconds // 60),
    }
