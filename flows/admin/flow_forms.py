"""The forms of a flow: what is to be moved, and then what its register, its shop and its ERP can be told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import gates
from billing.dates import today
from billing.models import Feature
from connectors.base import Direction, Option, OptionKind, Register
from connectors.matrix import why_not
from flows import readiness, rulebook
from flows.admin.options import OptionFields
from flows.models import Endpoint, Flow, StockProfile
from flows.schedule import STANDARD
from sharespine.lib.admin import DateInput
from sharespine.lib.said import said
from sharespine.lib.text import N_

#: The trigger statuses are a column of their own, but are chosen like any option that depends on the shop.
STATUSES = Option(
    key="statuses",
    label=N_("Which order statuses trigger transfer?"),
    kind=OptionKind.CHOICES,
    help=N_("Orders with another status in the shop are seen and skipped, and go when they get one of these."),
    choices_from="statuses",
)
#: How often a flow runs that was not told otherwise.
MINUTES = STANDARD // timedelta(minutes=1)
SCHEDULE = ("interval_minutes", "cron", "quiet_from", "quiet_to")
#: Headings over what a system can be told, by its role.
READING = {"shop": _("Reading from the shop"), "erp": _("Reading from the ERP")}
WRITING = {"shop": _("Writing to the shop"), "erp": _("Writing to the ERP")}
WHEN: tuple[Any, Any] = (_("When"), {"fields": ["interval_minutes", "cron", ("quiet_from", "quiet_to")]})


class FlowForm(forms.ModelForm):
    """The flow's own columns; `form_for` adds what its register and its two systems can be told."""

    #: Whether the fields of its register and systems are there.
    configures: ClassVar[bool] = False
    trigger = OptionFields("trigger", ())
    rules = OptionFields("rule", ())
    source = OptionFields("source", ())
    target = OptionFields("target", ())

    class Meta:
        model = Flow
        fields = ("start_from", *SCHEDULE, "stock_profile")

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
        if profiles := self.fields.get("stock_profile"):
            theirs = StockProfile.objects.filter(customer=self.instance.connection.customer_id)
            profiles.queryset = theirs  # type: ignore[attr-defined]  # a choice of records, as the column is

    def clean_start_from(self) -> datetime | None:
        """The beginning of that day on the wall clock; a time that was set otherwise stays while its day stays."""
        day = self.cleaned_data["start_from"]
        if day is None or day == self.initial.get("start_from"):
            return self.instance.start_from if day else None
        return timezone.make_aware(datetime.combine(day, time.min))

    def clean_stock_profile(self) -> StockProfile | None:
        """A profile that is chosen anew needs the feature; one that was chosen before stays."""
        profile: StockProfile | None = self.cleaned_data["stock_profile"]
        if profile and profile.pk != self.initial.get("stock_profile"):
            refuse_without(self.instance.connection.customer_id, Feature.STOCK_PROFILES)
        if profile and profile.warehouses:
            for reason in readiness.whole_stock_only(self.instance.source):
                raise ValidationError(said(reason))
        return profile

    def clean_cron(self) -> str:
        """With one space between the fields."""
        return " ".join(self.cleaned_data["cron"].split())

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        self._refuse_schedule_without_right(cleaned)
        if self.configures and self.instance.register == Register.STATUS:
            for milestone in readiness.uncaptured(self.rules.values(cleaned), self.instance.shop):
                name = f"rule_{milestone}_capture"
                if name in self.fields:
                    at = ", ".join(readiness.capturing(self.instance.shop))
                    self.add_error(
                        name, gettext("The shop captures at %(statuses)s: choose one as the status above.") % {"statuses": at}
                    )
        return cleaned

    def _refuse_schedule_without_right(self, cleaned: dict[str, Any]) -> None:
        """What is chosen anew needs the feature; the standard, and what was chosen before, do not."""
        if any(name in SCHEDULE and cleaned.get(name) not in (None, "", MINUTES) for name in self.changed_data):
            refuse_without(self.instance.connection.customer_id, Feature.SCHEDULING)

    @property
    def changes_schedule(self) -> bool:
        return any(name in SCHEDULE for name in self.changed_data)

    def save(self, commit: bool = True) -> Any:
        if self.configures:
            if self.trigger.options:
                self.instance.trigger_statuses = self.cleaned_data["trigger_statuses"]
            self.instance.rules = {**(self.instance.rules or {}), **self.rules.values(self.cleaned_data)}
            self.instance.source_options = self.source.values(self.cleaned_data)
            self.instance.target_options = self.target.values(self.cleaned_data)
        return super().save(commit)

    @property
    def changes_what_goes(self) -> bool:
        """Whether what has been moved before may come out otherwise now."""
        return any(name == "stock_profile" or name.startswith(("rule_", "source_", "target_")) for name in self.changed_data)


def form_for(flow: Flow) -> type[FlowForm]:
    """The form of this flow, with the choices that its endpoints really have."""
    register, (source, target) = Register(flow.register), (flow.source, flow.target)
    trigger = OptionFields("trigger", (STATUSES,) if register is Register.ORDERS else ())
    rules = OptionFields("rule", _rules(flow))
    reading = OptionFields("source", tuple(source.connector_class.manifest.read_options.get(register, ())))
    writing = OptionFields("target", tuple(target.connector_class.manifest.write_options.get(register, ())))
    fields = {
        **trigger.build({"statuses": flow.trigger_statuses}, offered=_offered(flow.shop, trigger)),
        **rules.build(flow.rules or {}, offered=_offered(flow.shop, rules)),
        **reading.build(flow.source_options, offered=_offered(source, reading)),
        **writing.build(flow.target_options, offered=_offered(target, writing)),
    }
    own: dict[str, Any] = {"configures": True, "trigger": trigger, "rules": rules, "source": reading, "target": writing}
    if register is not Register.ORDERS:
        # So Django takes away a field that the form above declares.
        own["start_from"] = None
    return type("FlowForm", (FlowForm,), {**fields, **own})


def fieldsets(flow: Flow, form: type[FlowForm]) -> list[Any]:
    """What is asked of a flow, under headings that fit its register."""
    groups = [
        *form.rules.groups(form.base_fields, first=gettext("What goes")),
        *form.source.groups(form.base_fields, first=str(READING[flow.source.role])),
        *form.target.groups(form.base_fields, first=str(WRITING[flow.target.role])),
    ]
    return [*plain_fieldsets(flow), *((heading, {"fields": names}) for heading, names in groups if names)]


def plain_fieldsets(flow: Flow) -> list[Any]:
    """The flow's own columns beside what it connects."""
    if flow.register == Register.ORDERS:
        return [(_("Which orders"), {"fields": ["trigger_statuses", "start_from"]}), WHEN]
    offered = [(_("What is offered"), {"fields": ["stock_profile"]})] if flow.register == Register.STOCK else []
    return [WHEN, *offered]


def refuse_without(customer: int, feature: Feature) -> None:
    """Raises `ValidationError`, naming the package that has it, when the customer lacks `feature` today."""
    for verdict in gates.rights(customer, today(timezone.now())).missing([feature]):
        raise ValidationError(said(verdict.reason))


def _rules(flow: Flow) -> tuple[Option, ...]:
    register, shop, erp = Register(flow.register), flow.shop.connector_class, flow.connection.erp.connector_class
    if why_not(register, Direction(flow.direction), shop, erp):
        return ()
    return rulebook.offered(register, flow.source.connector_class.capabilities, flow.target.connector_class.capabilities)


def _offered(endpoint: Endpoint, fields: OptionFields) -> Mapping[str, Any]:
    return {o.choices_from: endpoint.choices(o.choices_from) for o in fields.options if o.choices_from}
