"""What is asked when hours are registered, sold, adjusted or taken back."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import hours
from billing.dates import DAY, today
from billing.models import Customer, Entry, HourPack, ServiceAccount, WorkCategory
from billing.refusals import Refused
from sharespine.lib.admin import DateInput, Dialog, IntegerInput, Radios, ReasonDialog, Select, Textarea
from sharespine.lib.clock import utcnow
from sharespine.lib.display import amount
from sharespine.lib.display import hours as spelled
from sharespine.lib.said import said

#: Minutes that are one click away.
QUICK = (15, 30, 60)
#: What most work is: chosen to begin with.
USUAL = "qualified-support"
HORIZONTAL = 1


class CategoryChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj} ({_('free')})" if obj.is_free else str(obj)


class PackChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj} · {spelled(obj.minutes)} · {amount(obj.price)}"


class AccountDialog(Dialog):
    """Something that is entered in the service account of the customer whose page it is opened on."""

    form_before_template = "billing/left.html"

    day = forms.DateField(label=gettext_lazy("Day"), widget=DateInput)
    #: Of one dialog there is one entry, however often its button is pressed.
    act = forms.CharField(widget=forms.HiddenInput, required=False, max_length=36)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["day"].initial = this_day
        self.fields["act"].initial = lambda: str(uuid4())
        self.order_fields([name for name in self.fields if name != "day"])

    @cached_property
    def customer(self) -> Customer:
        """Whose account it is."""
        return get_object_or_404(Customer, service_account=self.object_id)

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if day > this_day():
            raise ValidationError(_("The day is still to come."))
        return day

    def get_before_template_context(self, request: Any, object_id: Any = None) -> dict[str, Any]:
        return {"customer": self.customer, "left": hours.balance(self.customer)}

    @property
    def key(self) -> str:
        act = self.cleaned_data.get("act")
        return f"{self.customer.pk}-{act}" if act else ""

    @property
    def by(self) -> str:
        return str(self.request.user.get_username())


class WorkDialog(AccountDialog):
    """Work that was done. Ready to be sent as it opens, but for what was done: that has to be said where nothing says it."""

    category = CategoryChoice(label=gettext_lazy("Work category"), queryset=WorkCategory.objects.none(), widget=Select)
    quick = forms.TypedChoiceField(
        label=gettext_lazy("How long"),
        choices=[(minutes, spelled(minutes)) for minutes in QUICK],
        coerce=int,
        initial=QUICK[0],
        required=False,
        widget=Radios(radio_style=HORIZONTAL),
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("Other time, minutes"), min_value=1, max_value=60 * 24 * 7, required=False, widget=IntegerInput
    )
    text = forms.CharField(
        label=gettext_lazy("What was done"),
        max_length=500,
        widget=Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("The customer reads it."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why the account may go below nought"), max_length=500, required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        categories = WorkCategory.objects.filter(is_used=True)
        self.fields["category"].queryset = categories
        self.fields["category"].initial = categories.filter(key=USUAL).first()
        if self.data.get("reason"):
            self.ask_for_reason()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        data["minutes"] = data.get("minutes") or data.get("quick")
        if not data["minutes"] and not self.has_error("minutes"):
            self.add_error("minutes", _("How long did it take? At least one minute."))
        return data

    def about(self) -> hours.About:
        """What the work was for."""
        return hours.NOTHING

    def ask_for_reason(self) -> None:
        self.fields["reason"].widget = Textarea(attrs={"rows": 2})

    def carry_out(self) -> Entry:
        """Raises `Refused`."""
        data = self.cleaned_data
        try:
            return hours.work(
                self.customer,
                data["category"],
                data["minutes"],
                data["text"],
                day=data["day"],
                by=self.by,
                user=self.request.user,
                about=self.about(),
                reason=data["reason"],
                key=self.key,
            )
        except Refused as refused:
            self.ask_for_reason()
            self.add_error("reason", said(refused.text))
            raise


class PackDialog(AccountDialog):
    """An hour pack that was sold."""

    pack = PackChoice(label=gettext_lazy("Hour pack"), queryset=HourPack.objects.none(), widget=Select)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pack"].queryset = HourPack.objects.filter(is_sold=True)

    def carry_out(self) -> Entry:
        return hours.buy(self.customer, self.cleaned_data["pack"], day=self.cleaned_data["day"], by=self.by, key=self.key)


class AdjustDialog(AccountDialog):
    """Minutes in or out that are neither bought nor worked."""

    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"),
        min_value=-100_000,
        max_value=100_000,
        widget=IntegerInput,
        help_text=gettext_lazy("With a minus sign where they are taken away."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        widget=Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("The customer reads it."),
    )

    def carry_out(self) -> Entry:
        """Raises `Refused`."""
        data = self.cleaned_data
        try:
            return hours.adjust(self.customer, data["minutes"], day=data["day"], by=self.by, reason=data["reason"])
        except Refused as refused:
            self.add_error("minutes", said(refused.text))
            raise


class ReverseDialog(ReasonDialog):
    """Why an entry is taken back."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = _("The customer reads it.")


class PeriodDialog(Dialog):
    """From one day to another: last month and this one to begin with."""

    first = forms.DateField(label=gettext_lazy("From"), widget=DateInput)
    last = forms.DateField(label=gettext_lazy("Until"), widget=DateInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["first"].initial, self.fields["last"].initial = usual_period()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("first") and data.get("last") and data["last"] < data["first"]:
            self.add_error("last", _("The last day is before the first."))
        return data


def usual_period() -> tuple[date, date]:
    """From the first day of last month until today."""
    day = this_day()
    return (day.replace(day=1) - DAY).replace(day=1), day


def this_day() -> date:
    return today(utcnow())


def left(account: ServiceAccount | Customer) -> str:
    """What is left, in words."""
    customer = account if isinstance(account, Customer) else account.customer
    return _("%(time)s left.") % {"time": spelled(hours.balance(customer))}
