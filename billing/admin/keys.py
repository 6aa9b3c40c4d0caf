"""API keys: seen, made and revoked. What is kept of a key is never shown; the key itself is, once, in answer to its making."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import keys
from billing.admin.verbs import carry_out, today
from billing.dates import begins_at
from billing.models import ApiKey, Scope
from billing.refusals import Refused
from sharespine.lib.admin import (
    Admin,
    AutocompleteSelectFilter,
    Checkboxes,
    Dialog,
    DropdownFilter,
    HistoryAdmin,
    action,
    display,
)
from sharespine.lib.display import ago, stamp
from sharespine.lib.fields import DayField
from sharespine.lib.said import said

STATES = {"valid": gettext_lazy("valid"), "expired": gettext_lazy("expired"), "revoked": gettext_lazy("revoked")}
TONES = {"valid": "success", "expired": "default", "revoked": "danger"}


def in_a_year() -> Any:
    return today() + timedelta(days=365)


class KeyForm(forms.ModelForm):
    """What a new key is for. Nothing of a key is ever changed."""

    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Opens"),
        choices=[(scope.value, scope.label) for scope in keys.FOR_CUSTOMERS],
        widget=Checkboxes,
        required=False,
        help_text=gettext_lazy("Of the customer's own. A key of the sales site opens quotes and sign-ups, and nothing else."),
    )
    last_day = DayField(
        label=gettext_lazy("Last day"),
        required=False,
        initial=in_a_year,
        help_text=gettext_lazy("Empty: it never expires. Then somebody must remember to revoke it."),
    )

    class Meta:
        model = ApiKey
        fields = ("customer", "name")
        help_texts = {"customer": gettext_lazy("Empty: the key is for the sales site.")}

    def clean(self) -> dict[str, Any]:
        super().clean()
        if not self.errors:
            try:
                keys.demand(**self.wanted())
            except Refused as refused:
                raise forms.ValidationError(said(refused.text)) from None
        return self.cleaned_data

    def wanted(self) -> dict[str, Any]:
        """What `keys.make` is asked for."""
        customer, last_day = self.cleaned_data["customer"], self.cleaned_data["last_day"]
        expires_at: datetime | None = begins_at(last_day + timedelta(days=1)) if last_day else None
        scopes = self.cleaned_data["scopes"] if customer else [Scope.SALES]
        return {"customer": customer, "name": self.cleaned_data["name"], "scopes": scopes, "expires_at": expires_at}


class StateFilter(DropdownFilter):
    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(STATES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        over = Q(expires_at__lte=timezone.now())
        chosen = {
            "valid": Q(revoked_at=None) & (Q(expires_at=None) | ~over),
            "expired": Q(revoked_at=None) & over,
            "revoked": Q(revoked_at__isnull=False),
        }
        return queryset.filter(chosen.get(self.value() or "", Q()))


@admin.register(ApiKey)
class ApiKeyAdmin(HistoryAdmin):
    list_display = ("name", "whose", "begins_with", "opens", "state_label", "expires", "used")
    list_filter = (("customer", AutocompleteSelectFilter), StateFilter)
    list_select_related = ("customer",)
    search_fields = ("name", "prefix", "customer__name")
    search_help_text = gettext_lazy("Name, customer, or how the key begins")
    sortable_by = ("name", "expires")
    form = KeyForm
    actions_detail = ("revoke",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return Admin.has_add_permission(self, request)

    def has_revoke_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may revoke keys. Nobody edits one."""
        return bool(request.user.has_perm("billing.change_apikey"))

    def get_fieldsets(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["name", "customer", "scopes", "last_day"]})]
        made = ("created_at", "created_by")
        fields = [("name", "whose"), ("begins_with", "opens"), ("state", "expires"), made, "used"]
        return [(None, {"fields": [*fields, ("revoked_at", "revoked_by")] if obj.revoked_at else fields})]

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return ("whose", "begins_with", "opens", "state", "expires", "created_at", "used") if obj else ()

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        """What was revoked stays so."""
        open_ = ApiKey.objects.filter(pk=object_id, revoked_at=None).exists()
        return super().get_actions_detail(request, object_id) if open_ else []

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        only_save = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().changeform_view(request, object_id, form_url, {**only_save, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        key, obj.plain = keys.make(**form.wanted(), actor=request.user.get_username())
        obj.pk, obj.prefix = key.pk, key.prefix

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Shows the key. Not kept for a page that comes after: nobody sees it a second time."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": obj,
            "title": _("The key “%(name)s” is made") % {"name": obj.name},
            "plain": obj.plain,
            "address": reverse("admin:billing_apikey_change", args=[obj.pk]),
        }
        return TemplateResponse(request, "billing/key_made.html", context)

    @display(description=gettext_lazy("customer"))
    def whose(self, key: ApiKey) -> str:
        return str(key.customer or _("the sales site"))

    @display(description=gettext_lazy("begins with"))
    def begins_with(self, key: ApiKey) -> str:
        return f"{key.prefix}…"

    @display(description=gettext_lazy("opens"))
    def opens(self, key: ApiKey) -> str:
        return ", ".join(str(Scope(scope).label) for scope in key.scopes)

    @display(description=gettext_lazy("state"), label=TONES)
    def state_label(self, key: ApiKey) -> tuple[str, str]:
        state = "revoked" if key.revoked_at else "valid" if key.is_valid else "expired"
        return state, str(STATES[state])

    @display(description=gettext_lazy("state"))
    def state(self, key: ApiKey) -> str:
        return self.state_label(key)[1]

    @display(description=gettext_lazy("expires"), ordering="expires_at")
    def expires(self, key: ApiKey) -> str:
        return stamp(key.expires_at) if key.expires_at else _("never")

    @display(description=gettext_lazy("last used"))
    def used(self, key: ApiKey) -> str:
        return ago(key.last_used_at)

    @action(
        description=gettext_lazy("Revoke"),
        permissions=["revoke"],
        icon="key_off",
        dialog={
            "title": gettext_lazy("Revoke the key?"),
            "description": gettext_lazy(
                "Whatever uses it is refused from now on. That cannot be undone: a new key is made instead."
            ),
            "form_class": Dialog,
            "form_submit_text": gettext_lazy("Revoke"),
        },
    )
    def revoke(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        key = ApiKey.objects.get(pk=object_id)
        address = reverse("admin:billing_apikey_change", args=[object_id])
        return carry_out(request, address, lambda actor: keys.revoke(key, actor), _("The key is revoked."))
