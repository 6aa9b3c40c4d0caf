"""Connections: what must be confirmed, and whether they are active."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext_lazy as _

from connectors.base import Role
from flows import connecting, planner, services
from flows.admin import main_flow, plugins, registers
from flows.admin.endpoints import systems_of
from flows.admin.filters import CustomerFilter
from flows.admin.setting_up import SetUpAdmin
from flows.models import Connection, Endpoint
from sharespine.lib.admin import (
    ActionVariant,
    Checkboxes,
    ChoicesDropdownFilter,
    Dialog,
    ReasonDialog,
    action,
    display,
)
from sharespine.lib.display import TONES


class EndpointChoice(forms.ModelChoiceField):
    """Endpoints with their customer and system: their own name says neither."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.customer} · {obj.name} ({obj.get_system_display()})"


def endpoint_choice(field: Any, role: Role, customer: str, **kwargs: Any) -> Any:
    """The form field for a foreign key to an endpoint of `role`, of one `customer` (its id as text) when that is known."""
    endpoints = Endpoint.objects.filter(system__in=systems_of(role)).select_related("customer")
    if customer.isdigit():
        endpoints = endpoints.filter(customer=int(customer))
    return field.formfield(form_class=EndpointChoice, queryset=endpoints, **kwargs)


class ConnectionForm(forms.ModelForm):
    """Which modules the merchant has in the ERP is confirmed by hand, one by one."""

    modules = forms.MultipleChoiceField(
        label=_("The merchant has"),
        required=False,
        widget=Checkboxes,
        help_text=_("Confirm each with the merchant. The connection cannot be activated while a mandatory one is unconfirmed."),
    )

    class Meta:
        model = Connection
        fields = ("customer", "name", "erp", "has_pos", "modules")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "modules" in self.fields:
            manifest = self.instance.erp.connector_class.manifest
            self.fields["modules"].choices = [  # type: ignore[attr-defined]  # declared above as a choice field
                (module.key, _label(module.label, mandatory=module.mandatory)) for module in manifest.modules
            ]


def _label(label: str, *, mandatory: bool) -> str:
    return f"{_(label)} – {_('mandatory') if mandatory else _('optional')}"


@admin.register(Connection)
class ConnectionAdmin(SetUpAdmin):
    form = ConnectionForm
    prefilled = ("customer", "erp", "name")
    next_step = _("Saved. Confirm the required modules, add a shop, choose the main flow, and then activate the connection.")
    list_display = ("name", "customer", "erp", "leads", "state_label", "missing")
    list_filter = (("state", ChoicesDropdownFilter), ("main_flow", ChoicesDropdownFilter), ("customer", CustomerFilter))
    list_select_related = ("customer", "erp")
    search_fields = ("name", "customer__name")
    actions_detail = ("activate", "resume", "add_shop", "pause")
    change_form_outer_before_template = "flows/connection.html"

    def get_fieldsets(self, request: HttpRequest, obj: Connection | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["customer", "name", "erp", "has_pos"]})]
        own = (None, {"fields": [("name", "customer"), "erp", "has_pos"]})
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": [*own[1]["fields"], "modules"]})]
        return [own, (_("Required modules"), {"fields": ["modules"]})]

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view
        return [
            path("registers/", view(self.registers_view), name="flows_connection_registers"),
            path("<path:object_id>/main-flow/", view(self.main_flow_view), name="flows_connection_main_flow"),
            *super().get_urls(),
        ]

    def registers_view(self, request: HttpRequest) -> HttpResponse:
        """What the systems can do together."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return registers.page(request, {**self.admin_site.each_context(request), "opts": self.opts})

    def main_flow_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Choosing the main flow."""
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        return main_flow.page(request, self.get_object(request, object_id), context, self.address_of(object_id))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        connection = self.get_object(request, object_id)
        context = {}
        if connection:
            warnings = planner.warnings(connection.main_flow, has_pos=connection.has_pos)
            context = {
                "flow_rows": main_flow.overview(connection),
                "warnings": warnings,
                "plugins": plugins.overview(connection),
            }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def get_readonly_fields(self, request: HttpRequest, obj: Connection | None = None) -> tuple[str, ...]:
        return ("customer", "erp") if obj else ()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "erp":
            kwargs["widget"] = super().formfield_for_foreignkey(db_field, request).widget
            return endpoint_choice(db_field, Role.ERP, request.GET.get("customer", ""), **kwargs)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Connection | None = None) -> bool:
        used = obj is not None and obj.flows.exists()
        return not used and super().has_delete_permission(request, obj)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        """Only what can be done in the state that the connection is in."""
        state = Connection.objects.filter(pk=object_id).values_list("state", flat=True).first()
        possible = {"draft": {"activate"}, "active": {"pause"}, "paused": {"resume"}}.get(str(state), set())
        possible.add("add_shop")
        return [a for a in super().get_actions_detail(request, object_id) if a.method.original_function_name in possible]

    @display(description=_("state"), label=TONES, ordering="state")
    def state_label(self, connection: Connection) -> tuple[str, str]:
        return connection.state, connection.get_state_display()

    @display(description=_("main flow"), ordering="main_flow")
    def leads(self, connection: Connection) -> str:
        return connection.get_main_flow_display() if connection.main_flow else "–"

    @display(description=_("unconfirmed modules"))
    def missing(self, connection: Connection) -> str:
        return ", ".join(str(_(label)) for label in connection.missing_modules) or "–"

    @action(
        description=_("Activate"),
        permissions=["change"],
        icon="play_arrow",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": _("Activate the connection?"),
            "description": _("Its active flows begin to run."),
            "form_class": Dialog,
            "form_submit_text": _("Activate"),
        },
    )
    def activate(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self.carry_out(
            request, object_id, lambda c, actor: services.activate_connection(c, actor=actor), _("The connection is active.")
        )

    @action(
        description=_("Add a shop"),
        permissions=["change"],
        icon="add_business",
        dialog={
            "title": _("Add a shop to the connection?"),
            "description": _("It gets the flows of the main flow, paused. A further shop than the first costs an add-on."),
            "form_class": main_flow.AddShopDialog,
            "form_submit_text": _("Add"),
        },
    )
    def add_shop(self, request: HttpRequest, form: main_flow.AddShopDialog, object_id: str) -> HttpResponse:
        shop = form.cleaned_data["shop"]
        return self.carry_out(
            request,
            object_id,
            lambda c, actor: connecting.add_shop(c, shop, actor=actor),
            _("The shop is added. Configure its flows, and resume them one by one."),
        )

    @action(
        description=_("Pause"),
        permissions=["change"],
        icon="pause",
        dialog={
            "title": _("Pause the connection?"),
            "description": _(
                "Nothing is moved until somebody resumes it. Nothing is lost: it is fetched then. The merchant reads the "
                "reason."
            ),
            "form_class": ReasonDialog,
            "form_submit_text": _("Pause"),
        },
    )
    def pause(self, request: HttpRequest, form: ReasonDialog, object_id: str) -> HttpResponse:
        reason = form.cleaned_data["reason"]
        return self.carry_out(
            request,
            object_id,
            lambda c, actor: services.pause_connection(c, actor=actor, reason=reason),
            _("The connection is paused."),
        )

    @action(
        description=_("Resume"),
        permissions=["change"],
        icon="play_arrow",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": _("Resume the connection?"),
            "description": _("Its active flows go on where they were."),
            "form_class": Dialog,
            "form_submit_text": _("Resume"),
        },
    )
    def resume(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        return self.carry_out(
            request,
            object_id,
            lambda c, actor: services.resume_connection(c, actor=actor),
            _("The connection is active again."),
        )
