"""The form of a flow: what its shop and its ERP can be told, by their manifests."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from connectors.base import Option, OptionKind, Register
from flows.admin.options import OptionFields
from flows.models import Endpoint, Flow
from sharespine.lib.admin import DateInput
from sharespine.lib.text import N_

#: The trigger statuses are a column of their own, but are chosen like any option that depends on the shop.
STATUSES = Option(
    key="statuses",
    label=N_("Which order statuses trigger transfer?"),
    kind=OptionKind.CHOICES,
    help=N_("Orders with another status in the shop are seen and skipped, and go when they get one of these."),
    choices_from="statuses",
)


class FlowForm(forms.ModelForm):
    """The flow's own columns; `form_for` adds what its shop and its ERP can be told."""

    trigger = OptionFields("trigger", (STATUSES,))
    source = OptionFields("source", ())
    target = OptionFields("target", ())

    class Meta:
        model = Flow
        fields = ("connection", "shop", "start_from", "interval_minutes")

    start_from = forms.DateField(
        label=_("From which date?"),
        required=False,
        widget=DateInput,
        help_text=_("Orders placed before it are left alone. Empty: all orders."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.start_from:
            self.initial["start_from"] = timezone.localtime(self.instance.start_from).date()

    def clean_start_from(self) -> datetime | None:
        """The beginning of that day on the wall clock; a time that was set otherwise stays while its day stays."""
        day = self.cleaned_data["start_from"]
        if day is None or day == self.initial.get("start_from"):
            return self.instance.start_from if day else None
        return timezone.make_aware(datetime.combine(day, time.min))

    def save(self, commit: bool = True) -> Any:
        if "trigger_statuses" in self.fields:
            self.instance.trigger_statuses = self.cleaned_data["trigger_statuses"]
            self.instance.source_options = self.source.values(self.cleaned_data)
            self.instance.target_options = self.target.values(self.cleaned_data)
        return super().save(commit)


def form_for(flow: Flow) -> type[FlowForm]:
    """The form of this flow, with the choices that its endpoints really have."""
    register = Register(flow.register)
    shop, erp = flow.shop, flow.connection.erp
    source = OptionFields("source", tuple(shop.connector_class.manifest.read_options.get(register, ())))
    target = OptionFields("target", tuple(erp.connector_class.manifest.write_options.get(register, ())))
    trigger = FlowForm.trigger
    fields = {
        **trigger.build({"statuses": flow.trigger_statuses}, offered=_offered(shop, trigger)),
        **source.build(flow.source_options, offered=_offered(shop, source)),
        **target.build(flow.target_options, offered=_offered(erp, target)),
    }
    return type("FlowForm", (FlowForm,), {**fields, "source": source, "target": target})


def _offered(endpoint: Endpoint, fields: OptionFields) -> dict[str, Any]:
    return {o.choices_from: endpoint.choices(o.choices_from) for o in fields.options if o.choices_from}
