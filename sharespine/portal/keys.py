"""Keys for the merchant's own systems."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import keys as verbs
from billing.models import ApiKey, Role, Scope
from billing.refusals import Refused
from sharespine.lib.said import said
from sharespine.portal.access import Access, page, refused, show

#: So many keys are shown: those that still open something first.
SHOWN = 200
#: What a key opens, and the page of the API on which it can be tried.
TRIED_AT = {Scope.TRANSFERS: "api-transfers", Scope.USAGE: "api-usage", Scope.HOURS: "api-hours"}


class KeyForm(forms.Form):
    """What a new key is for, and for how long."""

    name = forms.CharField(
        label=gettext_lazy("What it is for"),
        max_length=100,
        help_text=gettext_lazy("Like “Warehouse screen”: so that you know later which one to revoke."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it opens"),
        choices=[(scope.value, scope.label) for scope in verbs.FOR_CUSTOMERS],
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("No more than it needs."),
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("How long"),
        choices=[
            ("90", gettext_lazy("90 days")),
            ("365", gettext_lazy("1 year")),
            ("", gettext_lazy("until somebody revokes it")),
        ],
        initial="365",
        required=False,
        coerce=int,
        empty_value=None,
    )

    @property
    def expires_at(self) -> datetime | None:
        days: int | None = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=days) if days else None


@page(Role.OWNER, acts=Role.OWNER)
def keys(request: HttpRequest, access: Access) -> HttpResponseBase:
    found = ApiKey.objects.filter(customer=access.customer).defer("key_hash")
    newest = found.order_by(F("revoked_at").desc(nulls_first=True), "-created_at", "-pk")[:SHOWN]
    rows = [{"key": key, "opens": _opens(key), "state": _state(key)} for key in newest]
    return show(request, access, "portal/keys.html", {"area": "settings", "rows": rows})


@page(Role.OWNER, acts=Role.OWNER)
def new(request: HttpRequest, access: Access) -> HttpResponseBase:
    """Asks what a key is for. The key stands in the answer, and nowhere else ever after."""
    if access.looks_on:
        return refused(request, access)
    form = KeyForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            key, plain = verbs.make(access.customer, data["name"], data["scopes"], form.expires_at, access.actor)
        except Refused as why_not:
            form.add_error(None, said(why_not.text))
        else:
            tried_at = next(name for scope, name in TRIED_AT.items() if scope in key.scopes)
            context: dict[str, Any] = {
                "area": "settings",
                "key": key,
                "opens": _opens(key),
                "plain": plain,
                "example": request.build_absolute_uri(reverse(tried_at)),
            }
            return show(request, access, "portal/key_made.html", context)
    return show(request, access, "portal/key_new.html", {"area": "settings", "form": form})


@page(Role.OWNER, acts=Role.OWNER)
def revoke(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    """Asks whether it is meant, and revokes."""
    if access.looks_on:
        return refused(request, access)
    key = get_object_or_404(ApiKey.objects.filter(customer=access.customer), pk=pk)
    if request.method != "POST":
        return show(request, access, "portal/key_revoke.html", {"area": "settings", "key": key})
    try:
        verbs.revoke(key, access.actor)
    except Refused as why_not:
        messages.error(request, said(why_not.text))
    else:
        messages.success(request, _("The key “%(name)s” is revoked: it opens nothing any more.") % {"name": key.name})
    return redirect("portal:keys", access.customer.pk)


def _opens(key: ApiKey) -> str:
    return ", ".join(str(Scope(scope).label) for scope in key.scopes if scope in Scope.values)


def _state(key: ApiKey) -> tuple[str, str]:
    """The colour of a key, and its state in words."""
    if key.revoked_at is not None:
        return "danger", _("revoked")
    return ("success", _("valid")) if key.is_valid else ("", _("expired"))


urls = [
    path("", keys, name="keys"),
    path("new/", new, name="key_new"),
    path("<int:pk>/revoke/", revoke, name="key_revoke"),
]
