"""What the verbs of a contract ask before they are carried out. Days are days in Sweden, amounts kronor without VAT."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import contracts, gates
from billing.admin.verbs import today
from billing.dates import end_of_month, last_day
from billing.models import AddOnKind, Edition, Feature, Package, Subscription
from sharespine.lib.admin import Dialog, IntegerInput, ReasonDialog, Select, Switch, TextInput
from sharespine.lib.fields import AmountField, DayField

LISTED = gettext_lazy("Empty: as the price list has it.")


def end_of_this_month() -> date:
    return end_of_month(today())


def shown(customer_id: Any) -> Subscription | None:
    """The subscription that the page of a customer is about: the one that lasts, else the next, else the last."""
    day = today()
    if not str(customer_id).isdigit():
        return None
    found = Subscription.objects.filter(customer=customer_id)
    return (
        gates.live(int(customer_id), day)
        or found.filter(begins_on__gt=day).order_by("begins_on").first()
        or found.order_by("-begins_on").first()
    )


class AgreedFields(forms.Form):
    """What was agreed instead of what the price list says."""

    monthly_price = AmountField(label=gettext_lazy("Monthly price, kr excl. VAT"), required=False, help_text=LISTED)
    order_cap = forms.IntegerField(
        label=gettext_lazy("Orders per month"), required=False, min_value=0, widget=IntegerInput, help_text=LISTED
    )
    installation_price = AmountField(label=gettext_lazy("Installation, kr excl. VAT"), required=False)

    def agreed(self) -> contracts.Agreed:
        """What was filled in. Belongs after `is_valid`."""
        return contracts.Agreed(
            monthly_price=self.cleaned_data["monthly_price"],
            installation_price=self.cleaned_data["installation_price"],
            order_cap=self.cleaned_data["order_cap"],
        )


class StartDialog(Dialog, AgreedFields):
    package = forms.ModelChoiceField(Package.objects.all(), label=gettext_lazy("Package"), empty_label=None, widget=Select)
    edition = forms.ChoiceField(label=gettext_lazy("Edition"), choices=Edition.choices, widget=Select)
    begins_on = DayField(label=gettext_lazy("First day"), initial=today)
    start_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes of the start package"),
        required=False,
        min_value=0,
        widget=IntegerInput,
        help_text=gettext_lazy("They go to the service account. Empty: as the price list has it."),
    )
    field_order = ("package", "edition", "begins_on", "start_minutes", "monthly_price", "order_cap", "installation_price")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["installation_price"].help_text = LISTED


class PauseDialog(ReasonDialog):
    begins_on = DayField(label=gettext_lazy("From"), initial=today)
    until = DayField(
        label=gettext_lazy("Until"), required=False, help_text=gettext_lazy("The last day. Empty: until somebody resumes it.")
    )
    charged = forms.BooleanField(
        label=gettext_lazy("Charge the pause"),
        required=False,
        widget=Switch,
        help_text=gettext_lazy("Otherwise its days cost nothing."),
    )
    field_order = ("begins_on", "until", "charged", "reason")


class ResumeDialog(Dialog):
    on = DayField(label=gettext_lazy("First day on which it runs again"), initial=today)


class NoticeDialog(Dialog):
    on = DayField(label=gettext_lazy("When was notice given?"), initial=today)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if subscription := shown(self.object_id):
            given = max(today(), subscription.begins_on)
            last = last_day(subscription.begins_on, subscription.binding_months, given, subscription.notice_months)
            self.fields["on"].help_text = _("If it is given today, the last day is %(day)s.") % {"day": last}


class GrantFeatureDialog(ReasonDialog):
    feature = forms.ChoiceField(label=gettext_lazy("Feature"), widget=Select)
    begins_on = DayField(label=gettext_lazy("From"), initial=today)
    expires_on = DayField(
        label=gettext_lazy("Last day"), required=False, help_text=gettext_lazy("Empty: until further notice.")
    )
    field_order = ("feature", "begins_on", "expires_on", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        subscription = shown(self.object_id)
        term = subscription.term_on(max(today(), subscription.begins_on)) if subscription else None
        has = set(term.features) if term else set()
        # The features of the package need no grant.
        self.fields["feature"].choices = [c for c in Feature.choices if c[0] not in has]


class GrantOrdersDialog(ReasonDialog):
    number = forms.IntegerField(label=gettext_lazy("Extra orders a month"), min_value=1, widget=IntegerInput)
    begins_on = DayField(label=gettext_lazy("From"), initial=today)
    expires_on = DayField(
        label=gettext_lazy("Last day"),
        initial=end_of_this_month,
        help_text=gettext_lazy("They count in full in every month that the days touch."),
    )
    field_order = ("number", "begins_on", "expires_on", "reason")


class AddOnDialog(Dialog):
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=AddOnKind.choices, widget=Select)
    label = forms.CharField(
        label=gettext_lazy("What"),
        max_length=100,
        widget=TextInput,
        help_text=gettext_lazy("The shop or the gateway: it stands on the invoice."),
    )
    begins_on = DayField(label=gettext_lazy("From"), initial=today)
    monthly_price = AmountField(label=gettext_lazy("Monthly price, kr excl. VAT"), required=False, help_text=LISTED)


class EndDialog(Dialog):
    on = DayField(label=gettext_lazy("Last day"), initial=today)
