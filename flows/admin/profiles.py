"""Stock profiles: how much of what the ERP has in stock a shop may offer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing.models import Feature
from flows import rework
from flows.admin.filters import CustomerFilter
from flows.admin.flow_forms import refuse_without
from flows.admin.setting_up import SetUpAdmin
from flows.models import StockProfile
from sharespine.lib.admin import Textarea, display
from sharespine.lib.display import number


class LinesField(forms.CharField):
    """Several values, one a line; kept as a list."""

    widget = Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]  # a list, unlike any other CharField
        return list(dict.fromkeys(line.strip() for line in str(value or "").splitlines() if line.strip()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != self.to_python(data)


class ProfileForm(forms.ModelForm):
    warehouses = LinesField(
        label=_("Warehouses that count"),
        required=False,
        widget=Textarea(attrs={"rows": 4}),
        help_text=_("One a line, as the ERP calls them. None: all that is available."),
    )

    class Meta:
        model = StockProfile
        fields = ("customer", "name", "warehouses", "reserve", "most", "rounding")

    def clean_reserve(self) -> Any:
        return self._not_negative("reserve")

    def clean_most(self) -> Any:
        return self._not_negative("most")

    def clean(self) -> dict[str, Any] | None:
        """Refused, with the package that has it, while the customer has no stock profiles."""
        cleaned = super().clean() or self.cleaned_data
        customer = cleaned.get("customer") or (self.instance.customer if self.instance.pk else None)
        if customer and self.has_changed():
            refuse_without(customer.pk, Feature.STOCK_PROFILES)
        return cleaned

    def _not_negative(self, name: str) -> Any:
        value = self.cleaned_data[name]
        if value is not None and value < 0:
            raise forms.ValidationError(_("Not less than nought."))
        return value


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
