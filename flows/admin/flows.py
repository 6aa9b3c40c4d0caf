"""Flows: what goes, how it is read and how it is written."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connectors.base import Register, Role
from flows import mapper, rework, services, timing
from flows.admin import initial, mappings
from flows.admin.connections import endpoint_choice
from flows.admin.filters import CustomerFilter, labelled
from flows.admin.flow_adding import AddFlowForm
from flows.admin.flow_forms import FlowForm, fieldsets, form_for, plain_fieldsets
from flows.admin.items import item_counts
from flows.admin.setting_up import SetUpAdmin
from flows.admin.timetable import often, timetable
from flows.models import Connection, Flow, InitialSync, Run
from sharespine.lib.admin import (
    ActionVariant,
    ChoicesDropdownFilter,
    Dialog,
    OptionalReasonDialog,
    action,
    display,
)
from sharespine.lib.display import TONES, ago
from sharespine.lib.said import said, said_shortly


@admin.register(Flow)
class FlowAdmin(SetUpAdmin):
    prefilled = ("connection", "shop", "way", "channel")
    next_step = _("Saved. Choose what goes and how, try it with a dry run, and then resume the flow.")
    list_display = ("name", "customer", "state_label", "why_not", "connection", "register", "every", "seen_up_to")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("register", ChoicesDropdownFilter),
        ("connection__customer", CustomerFilter),
    )
    search_fields = ("shop__name", "connection__name", "connection__customer__name")
    actions_detail = ("start", "dry_run", "resume", "sweep", "initial_sync", "pause")
    change_form_outer_before_template = "flows/flow.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Flow]:
        # Its name is made of them.
        return super().get_queryset(request).select_related("shop", "connection__erp", "connection__customer")

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view
        return [
            path("<path:object_id>/mapping/", view(self.mapping_view), name="flows_flow_mapping"),
            path("<path:object_id>/mapping/progress/", view(self.mapping_progress), name="flows_flow_mapping_progress"),
            path("<path:object_id>/mapping/<str:kind>/", view(self.mapping_export), name="flows_flow_mapping_export"),
            *super().get_urls(),
        ]

    def mapping_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The rules of the field mapping."""
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        return mappings.page(request, self._seen(request, object_id), context, self.address_of(object_id))

    def mapping_progress(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """How far the trial of the rules has come."""
        return mappings.progress(request, self._seen(request, object_id), {})

    def mapping_export(self, request: HttpRequest, object_id: str, kind: str) -> HttpResponseBase:
        """The rules as a file."""
        return mappings.export(self._seen(request, object_id), kind)

    def _seen(self, request: HttpRequest, object_id: str) -> Flow | None:
        flow: Flow | None = self.get_object(request, object_id)
        if not self.has_view_permission(request, flow):
            raise PermissionDenied
        return flow

    def autocomplete_label(self, record: Any) -> str:
        return labelled(record)

    def get_form(self, request: HttpRequest, obj: Flow | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            return super().get_form(request, obj, change, form=AddFlowForm, **kwargs)
        form = form_for(obj) if self.has_change_permission(request, obj) else FlowForm
        return super().get_form(request, obj, change, form=form, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Flow | None = None) -> Any:
        if obj is None:
            description = _("Choose what to connect. How it is read and written comes next.")
            return [(None, {"fields": ["connection", "shop", "way", "channel"], "description": description})]
        channel = ["channel"] if obj.channel else []
        own = (None, {"fields": [("connection", "shop"), ("register", "direction"), *channel]})
        if not self.has_change_permission(request, obj):
            return [own, *plain_fieldsets(obj)]
        return [own, *fieldsets(obj, form_for(obj))]

    def get_readonly_fields(self, request: HttpRequest, obj: Flow | None = None) -> tuple[str, ...]:
        return ("connection", "shop", "register", "direction", "channel") if obj else ()

    def save_model(self, request: HttpRequest, obj: Flow, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and form.changes_what_goes:
            rework.flow_configured(obj)
        if change and form.changes_schedule:
            timing.begin_anew(obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "shop":
            connection = request.GET.get("connection", "")
            customer = ""
            if connection.isdigit():
                customer = str(Connection.objects.filter(pk=connection).values_list("customer", flat=True).first() or "")
            kwargs["widget"] = super().formfield_for_foreignkey(db_field, request).widget
            return endpoint_choice(db_field, Role.SHOP, customer, **kwargs)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        known = object_id.isdigit()
        latest = Run.objects.filter(flow=int(object_id)).defer("report").order_by("-id")[:5] if known else []
        counts = item_counts(int(object_id)) if known and request.user.has_perm("flows.view_item") else []
        context = {**(extra_context or {}), "latest_runs": latest, "item_counts": counts}
        context["initial_syncs"] = InitialSync.objects.filter(flow=int(object_id))[:3] if known else []
        if known and (flow := self.get_queryset(request).filter(pk=int(object_id)).first()):
            context["timetable"] = timetable(flow, timezone.now())
            if mapper.targets(flow):
                context |= {"can_map": True, "mapping_rules": flow.mappings.filter(active=True).count()}
        return super().change_view(request, object_id, form_url, context)

    def has_delete_permission(self, request: HttpRequest, obj: Flow | None = None) -> bool:
        used = obj is not None and (obj.transfers.exists() or obj.items.exists() or obj.runs.exists())
        return not used and super().has_delete_permission(request, obj)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        state, register = Flow.objects.filter(pk=object_id).values_list("state", "register").first() or ("", "")
        hidden = {"resume"} if state == Flow.State.ACTIVE else {"pause", "start", "sweep"}
        if register != Register.PRODUCTS:
            hidden.add("initial_sync")
        return [a for a in super().get_actions_detail(request, object_id) if a.method.original_function_name not in hidden]

    @display(description=_("flow"), ordering="shop__name")
    def name(self, flow: Flow) -> str:
        return str(flow)

    @display(description=_("customer"), ordering="connection__customer__name")
    def customer(self, flow: Flow) -> str:
        return str(flow.connection.customer)

    @display(description=_("state"), label=TONES, ordering="state")
    def state_label(self, flow: Flow) -> tuple[str, str]:
        if flow.state == Flow.State.ACTIVE and flow.hindrance.message:
            return "hindered", str(_("may not run"))
        return flow.state, flow.get_state_display()

    @display(description=_("why it does not run"))
    def why_not(self, flow: Flow) -> str:
        return said(flow.pause_reason) or said_shortly(flow.hindrance) or "–"

    @display(description=_("runs"), ordering="interval_minutes")
    def every(self, flow: Flow) -> str:
        return often(flow)

    @display(description=_("seen up to"), ordering="cursor")
    def seen_up_to(self, flow: Flow) -> str:
        return ago(flow.cursor)

    @action(
        description=_("Start now"),
        permissions=["change"],
        icon="play_circle",
        dialog={
            "title": _("Start the flow now?"),
            "description": _("It fetches what is new and writes what is due, as it does by itself every few minutes."),
            "form_class": Dialog,
            "form_submit_text": _("Start"),
        },
    )
    def start(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self._start(request, object_id, Run.Kind.POLL)

    @action(
        description=_("Dry run"),
        permissions=["change"],
        icon="science",
        dialog={
            "title": _("Try the flow without sending anything?"),
            "description": _(
                "It fetches what there is and shows for each what would be sent. Nothing changes in the ERP or in the shop."
            ),
            "form_class": Dialog,
            "form_submit_text": _("Try"),
        },
    )
    def dry_run(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self._start(request, object_id, Run.Kind.DRY)

    @action(
        description=_("Sweep now"),
        permissions=["change"],
        icon="cleaning_services",
        dialog={
            "title": _("Read the last week again?"),
            "description": _("It looks for changes that were made without a word of them. It does so by itself every night."),
            "form_class": Dialog,
            "form_submit_text": _("Sweep"),
        },
    )
    def sweep(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self._start(request, object_id, Run.Kind.SWEEP)

    @action(
        description=_("Pause"),
        permissions=["change"],
        icon="pause",
        dialog={
            "title": _("Pause the flow?"),
            "description": _(
                "Nothing is fetched or written until somebody resumes it. Nothing is lost: it is fetched then. The merchant "
                "reads the reason."
            ),
            "form_class": OptionalReasonDialog,
            "form_submit_text": _("Pause"),
        },
    )
    def pause(self, request: HttpRequest, form: OptionalReasonDialog, object_id: str) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        return self.carry_out(
            request,
            object_id,
            lambda flow, actor: services.pause_flow(flow, actor=actor, reason=reason),
            _("The flow is paused."),
        )

    @action(
        description=_("Resume"),
        permissions=["change"],
        icon="play_arrow",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": _("Let the flow run?"),
            "description": _("It begins within a minute, and then runs by itself."),
            "form_class": Dialog,
            "form_submit_text": _("Resume"),
        },
    )
    def resume(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self.carry_out(
            request, object_id, lambda flow, actor: services.resume_flow(flow, actor=actor), _("The flow is active.")
        )

    @action(
        description=_("Initial sync"),
        permissions=["change"],
        icon="cloud_sync",
        dialog={
            "title": _("Bring the whole range over?"),
            "description": _(
                "Every article that the target lacks is created there with the same article number. It needs a running "
                "subscription; the time it takes is drawn from the service account. It can be stopped and resumed."
            ),
            "form_class": initial.StartDialog,
            "form_submit_text": _("Start"),
        },
    )
    def initial_sync(self, request: HttpRequest, form: initial.StartDialog, object_id: str) -> HttpResponse:
        return initial.begin(request, form, self.get_queryset(request).get(pk=object_id), self.address_of(object_id))

    def _start(self, request: HttpRequest, object_id: str, kind: Run.Kind) -> HttpResponse:
        return self.carry_out(
            request,
            object_id,
            lambda flow, actor: services.start_flow(flow, actor=actor, kind=kind),
            _("Queued. It shows among the runs below within a few seconds."),
        )
