"""Which e-mails a user wants about a customer."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import Membership, Role
from sharespine.portal.access import Access, page, show

#: So many users are listed to staff.
SHOWN = 500


class WantedForm(forms.Form):
    """Each is a column of `Membership`."""

    daily_summary = forms.BooleanField(
        label=gettext_lazy("A summary every morning at 07:00"),
        help_text=gettext_lazy("What was transferred, and what waits for you."),
        required=False,
    )
    errors_at_once = forms.BooleanField(
        label=gettext_lazy("Orders that stop, at once"),
        help_text=gettext_lazy(
            "What stopped and what you do about it: those of some minutes together, not an e-mail for each."
        ),
        required=False,
    )
    cap_notices = forms.BooleanField(
        label=gettext_lazy("When the month's orders will not suffice"),
        help_text=gettext_lazy("Before they are used up, and when they are."),
        required=False,
    )


@page(Role.READER, acts=Role.READER)
def notifications(request: HttpRequest, access: Access) -> HttpResponseBase:
    context: dict[str, object] = {"area": "settings"}
    if access.membership is None:
        found = Membership.objects.filter(customer=access.customer).select_related("user").order_by("user__username")
        return show(request, access, "portal/notifications.html", {**context, "members": list(found[:SHOWN])})
    chosen = {name: getattr(access.membership, name) for name in WantedForm.base_fields}
    form = WantedForm(request.POST if request.method == "POST" else None, initial=chosen)
    if form.is_valid():
        Membership.objects.filter(pk=access.membership.pk).update(**form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("portal:notifications", access.customer.pk)
    return show(request, access, "portal/notifications.html", {**context, "form": form})


urls = [path("", notifications, name="notifications")]
