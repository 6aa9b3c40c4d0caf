"""Endpoints: forms made of what the system's manifest declares."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from connectors.base import Role
from connectors.registry import SYSTEMS, connector_class
from flows import services
from flows.admin.filters import CustomerFilter
from flows.admin.options import OptionFields
from flows.admin.setting_up import SetUpAdmin
from flows.models import Endpoint
from sharespine.lib.admin import (
    ActionVariant,
    ChoicesDropdownFilter,
    Dialog,
    action,
    display,
    leave_dialog,
)
from sharespine.lib.display import TONES, ago
from sharespine.lib.said import said


def systems_of(role: Role) -> list[str]:
    """The keys of the systems that can play `role`."""
    return [key for key in SYSTEMS if connector_class(key).manifest.role is role]


class EndpointForm(forms.ModelForm):
    """The endpoint's own columns; `form_for` adds the fields of its system."""

    option_fields = OptionFields("option", ())

    class Meta:
        model = Endpoint
        fields = ("customer", "system", "name", "max_in_flight")

    def save(self, commit: bool = True) -> Any:
        if self.option_fields.options:
            self.instance.options = self.option_fields.values(self.cleaned_data)
            self.instance.secrets = self.option_fields.secrets(self.cleaned_data, self.instance.secrets)
        return super().save(commit)


def form_for(endpoint: Endpoint) -> type[EndpointForm]:
    """The form of this endpoint, with what its system needs and what it has saved."""
    option_fields = OptionFields("option", endpoint.connector_class.manifest.options)
    offered = {o.choices_from: endpoint.choices(o.choices_from) for o in option_fields.options if o.choices_from}
    fields = option_fields.build(endpoint.options, offered=offered, secrets=endpoint.secrets)
    return type("EndpointForm", (EndpointForm,), {**fields, "option_fields": option_fields})


@admin.register(Endpoint)
class EndpointAdmin(SetUpAdmin):
    prefilled = ("customer", "system", "name")
    next_step = _("Saved. Fill in the address and the credentials, and then test the connection.")
    next_step_after_change = _("Saved. Test the connection to see that it works.")
    list_display = ("name", "customer", "system", "health_label", "tested", "code")
    list_filter = (("system", ChoicesDropdownFilter), ("health", ChoicesDropdownFilter), ("customer", CustomerFilter))
    list_select_related = ("customer",)
    search_fields = ("name", "customer__name", "code")
    search_help_text = _("Name, customer or code")
    actions_detail = ("test",)
    change_form_outer_before_template = "flows/endpoint.html"

    def get_form(self, request: HttpRequest, obj: Endpoint | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = form_for(obj) if obj and self.has_change_permission(request, obj) else EndpointForm
        return super().get_form(request, obj, change, form=form, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Endpoint | None = None) -> Any:
        if obj is None:
            description = _("Choose what to connect. Its address and credentials come next.")
            return [(None, {"fields": ["customer", "system", "name"], "description": description})]
        own: list[Any] = [(None, {"fields": [("name", "customer"), ("system", "code")]})]
        if not self.has_change_permission(request, obj):
            return own
        form = form_for(obj)
        groups = form.option_fields.groups(form.base_fields, first=str(_("Address and credentials")))
        limits = (_("Limits"), {"fields": ["max_in_flight"], "classes": ["collapse"]})
        return [*own, *((heading, {"fields": names}) for heading, names in groups), limits]

    def get_readonly_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> tuple[str, ...]:
        return ("customer", "system", "code") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Endpoint | None = None) -> bool:
        """An endpoint that has carried orders stays: its code is in their references in the other system."""
        used = obj is not None and (obj.flows.exists() or obj.erp_connections.exists())
        return not used and super().has_delete_permission(request, obj)

    @display(description=_("health"), label=TONES, ordering="health")
    def health_label(self, endpoint: Endpoint) -> tuple[str, str]:
        return endpoint.health, endpoint.get_health_display()

    @display(description=_("tested"), ordering="checked_at")
    def tested(self, endpoint: Endpoint) -> str:
        return ago(endpoint.checked_at)

    @action(
        description=_("Test the connection"),
        permissions=["change"],
        icon="network_check",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": _("Test the connection?"),
            "description": _("We log in to the system and read what it offers. Nothing is changed there."),
            "form_class": Dialog,
            "form_submit_text": _("Test"),
        },
    )
    def test(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        endpoint = services.check_endpoint(Endpoint.objects.get(pk=object_id), actor=request.user.get_username())
        address = self.address_of(object_id)
        if endpoint.health == Endpoint.Health.WORKING:
            return leave_dialog(
                request, address, message=_("It works: %(name)s") % {"name": endpoint.report.get("name") or endpoint}
            )
        return leave_dialog(request, address, level=messages.ERROR, message=said(endpoint.trouble))
