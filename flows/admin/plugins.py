"""The plugins of connections: which, in which order, and how each is set. Who may set up a connection sets up its plugins."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import Feature
from flows import rework
from flows.admin.filters import CustomerFilter
from flows.admin.flow_forms import refuse_without
from flows.admin.options import AmountField, OptionFields
from flows.admin.setting_up import SetUpAdmin
from flows.models import Connection, ConnectionPlugin
from flows.plugins import installed
from flows.plugins.installed import Installed
from sharespine.lib.admin import Select, TextInput, display
from sharespine.lib.display import TONES, ago
from sharespine.lib.said import said, said_shortly
from sharespine.lib.text import Text


class PluginForm(forms.ModelForm):
    """The columns of the choice; `form_for` adds what the plugin itself asks for."""

    option_fields = OptionFields("option", ())

    class Meta:
        model = ConnectionPlugin
        fields = ("active", "position", "time_limit")

    time_limit = AmountField(
        label=gettext_lazy("Time limit in seconds"),
        min_value=Decimal("0.1"),
        max_value=10,
        max_digits=4,
        decimal_places=1,
        help_text=gettext_lazy("For each thing that it is asked. A record on which it takes longer stops."),
        widget=TextInput(attrs={"inputmode": "decimal"}),
    )

    def clean(self) -> dict[str, Any] | None:
        """Refused, with the package that has it, while the customer has no plugins. Switching one off is always possible."""
        cleaned = super().clean() or self.cleaned_data
        if self.has_changed() and cleaned.get("active"):
            refuse_without(self.instance.connection.customer_id, Feature.PLUGINS)
        return cleaned

    def save(self, commit: bool = True) -> Any:
        if self.option_fields.options:
            self.instance.options = self.option_fields.values(self.cleaned_data)
            self.instance.secrets = self.option_fields.secrets(self.cleaned_data, self.instance.secrets)
        # What went wrong before may be mended by this; if not, it is told again.
        self.instance.failure, self.instance.failed_at = Text(""), None
        return super().save(commit)


class AddPluginForm(forms.ModelForm):
    """Which plugin, of those that are installed here and can be used."""

    name = forms.ChoiceField(label=gettext_lazy("Plugin"), widget=Select)

    class Meta:
        model = ConnectionPlugin
        fields = ("connection", "name", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        usable = [each for each in installed.everything() if each.about]
        self.fields["name"].choices = [(each.name, _named(each)) for each in usable]  # type: ignore[attr-defined]  # above

        # Not before what it asks for has been filled in.
        self.instance.active = False

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if connection := cleaned.get("connection"):
            refuse_without(connection.customer_id, Feature.PLUGINS)
        return cleaned


def _named(plugin: Installed) -> str:
    return f"{_(plugin.label)} ({plugin.package} {plugin.version})"


def form_for(plugin: ConnectionPlugin) -> type[PluginForm]:
    """The form of this choice, with what its plugin asks for; without that where it cannot be used now."""
    found = installed.one(plugin.name)
    option_fields = OptionFields("option", found.about.options if found and found.about else ())
    fields = option_fields.build(plugin.options, offered={}, secrets=plugin.secrets)
    return type("PluginForm", (PluginForm,), {**fields, "option_fields": option_fields})


def overview(connection: Connection) -> list[dict[str, Any]]:
    """The plugins of a connection as its page shows them: with their version, and what went wrong last."""
    return [
        {
            "plugin": plugin,
            "version": installed.version_of(plugin.name),
            "failed": ago(plugin.failed_at) if plugin.failed_at else "",
            "failure": said(plugin.failure),
        }
        for plugin in connection.plugins.all()
    ]


@admin.register(ConnectionPlugin)
class PluginAdmin(SetUpAdmin):
    prefilled = ("connection", "name")
    next_step = gettext_lazy("Saved. Fill in what the plugin asks for, and switch it on.")
    list_display = ("name", "connection", "customer", "state_label", "position", "last_failure")
    list_filter = (("connection__customer", CustomerFilter),)
    list_select_related = ("connection__customer",)
    search_fields = ("name", "connection__name", "connection__customer__name")
    change_form_outer_before_template = "flows/plugin.html"

    def get_form(self, request: HttpRequest, obj: ConnectionPlugin | None = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            return super().get_form(request, obj, change, form=AddPluginForm, **kwargs)
        form = form_for(obj) if self.has_change_permission(request, obj) else PluginForm
        return super().get_form(request, obj, change, form=form, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: ConnectionPlugin | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["connection", "name", "position"]})]
        own: list[Any] = [(None, {"fields": [("name", "connection"), "active", ("position", "time_limit")]})]
        if not self.has_change_permission(request, obj):
            return own
        form = form_for(obj)
        groups = form.option_fields.groups(form.base_fields, first=_("What the plugin asks for"))
        return [*own, *((heading, {"fields": names}) for heading, names in groups)]

    def get_readonly_fields(self, request: HttpRequest, obj: ConnectionPlugin | None = None) -> tuple[str, ...]:
        return ("name", "connection") if obj else ()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        plugin = self.get_object(request, object_id) if object_id else None
        context = {
            "installed": installed.one(plugin.name) if plugin else None,
            "all_installed": [] if object_id else installed.everything(),
        }
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def save_model(self, request: HttpRequest, obj: ConnectionPlugin, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.changed_data:
            rework.plugins_changed(obj.connection)

    def delete_model(self, request: HttpRequest, obj: ConnectionPlugin) -> None:
        super().delete_model(request, obj)
        rework.plugins_changed(obj.connection)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: ConnectionPlugin | None = None) -> bool:
        return request.user.has_perm("flows.view_connection") or self.has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("flows.change_connection")

    def has_change_permission(self, request: HttpRequest, obj: ConnectionPlugin | None = None) -> bool:
        return request.user.has_perm("flows.change_connection")

    def has_delete_permission(self, request: HttpRequest, obj: ConnectionPlugin | None = None) -> bool:
        return request.user.has_perm("flows.change_connection")

    @display(description=gettext_lazy("customer"), ordering="connection__customer__name")
    def customer(self, plugin: ConnectionPlugin) -> str:
        return str(plugin.connection.customer)

    @display(description=gettext_lazy("state"), label=TONES, ordering="active")
    def state_label(self, plugin: ConnectionPlugin) -> tuple[str, str]:
        return ("active", _("on")) if plugin.active else ("paused", _("off"))

    @display(description=gettext_lazy("last failure"), ordering="failed_at")
    def last_failure(self, plugin: ConnectionPlugin) -> str:
        return f"{ago(plugin.failed_at)}: {said_shortly(plugin.failure)}" if plugin.failed_at else "–"
