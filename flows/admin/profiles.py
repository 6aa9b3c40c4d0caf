"""Stock profiles: how much of what the ERP has in stock a shop may offer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing.models import Feature
from flows import readiness, rework
from flows.admin.filters import CustomerFilter
from flows.admin.flow_forms import refuse_without
from flows.admin.options import AmountField
from flows.admin.setting_up import SetUpAdmin
from flows.models import StockProfile
from sharespine.lib.admin import Textarea, TextInput, display
from sharespine.lib.display import number
from sharespine.lib.said import said


class LinesField(forms.CharField):
    """Several values, one a line; kept as a list."""

    widget = Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]  # a list, unlike any other CharField
        return list(dict.fromkeys(line.strip() for line in str(value or "").splitlines() if line.strip()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != self.to_python(data)


class QuantityField(AmountField):
    """How many of an article, at least none, as people write it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = TextInput(attrs={"inputmode": "decimal"})
        super().__init__(min_value=0, max_digits=12, decimal_places=2, widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return number(value) if isinstance(value, Decimal | int) else value


class ProfileForm(forms.ModelForm):
    reserve = QuantityField(label=_("Reserve"), initial=0, help_text=_("So many of each article are kept back from the shop."))
    most = QuantityField(
        label=_("Shown at most"),
        required=False,
        help_text=_("More than this is never told to the shop. Empty: no limit."),
    )
    warehouses = LinesField(
        label=_("Warehouses that count"),
        required=False,
        widget=Textarea(attrs={"rows": 4}),
        help_text=_("One a line, as the ERP calls them. None: all that is available."),
    )

    class Meta:
        model = StockProfile
        fields = ("customer", "name", "warehouses", "reserve", "most", "rounding")

    def clean(self) -> dict[str, Any] | None:
        """Refused, with the package that has it, while the customer has no stock profiles."""
        cleaned = super().clean() or self.cleaned_data
        customer = cleaned.get("customer") or (self.instance.customer if self.instance.pk else None)
        if customer and self.has_changed():
            refuse_without(customer.pk, Feature.STOCK_PROFILES)
        if self.instance.pk and cleaned.get("warehouses"):
            for flow in self.instance.flows.select_related("shop", "connection__erp"):
                for reason in readiness.whole_stock_only(flow.source):
                    self.add_error("warehouses", f"{flow}. {said(reason)}")
        return cleaned


@admin.register(StockProfile)
class StockProfileAdmin(SetUpAdmin):
    form = ProfileForm
    prefilled = ("customer", "name")
    next_step = _("Saved. Choose it on a flow of stock.")
    list_display = ("name", "customer", "counted_warehouses", "kept_back", "at_most")
    list_filter = (("customer", CustomerFilter),)
    list_select_related = ("customer",)
    search_fields = ("name", "customer__name")

    def get_fieldsets(self, request: HttpRequest, obj: StockProfile | None = None) -> Any:
        return [
            (None, {"fields": [("name", "customer")]}),
            (_("What is counted"), {"fields": ["warehouses"]}),
            (_("What is offered"), {"fields": [("reserve", "most"), "rounding"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: StockProfile | None = None) -> tuple[str, ...]:
        return ("customer",) if obj else ()

    def save_model(self, request: HttpRequest, obj: StockProfile, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and form.changed_data:
            rework.profile_changed(obj)

    def has_delete_permission(self, request: HttpRequest, obj: StockProfile | None = None) -> bool:
        """One that a flow offers by stays: without it, the flow would offer everything."""
        return not (obj and obj.flows.exists()) and super().has_delete_permission(request, obj)

    @display(description=_("warehouses that count"))
    def counted_warehouses(self, profile: StockProfile) -> str:
        return ", ".join(profile.warehouses) or str(_("all"))

    @display(description=_("reserve"), ordering="reserve")
    def kept_back(self, profile: StockProfile) -> str:
        return number(profile.reserve)

    @display(description=_("shown at most"))
    def at_most(self, profile: StockProfile) -> str:
        return number(profile.most) if profile.most is not None else "–"
