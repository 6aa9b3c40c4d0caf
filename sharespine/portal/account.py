"""A user's own log-in: name, password, second factor, and the companies that it opens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from billing.models import Membership
from sharespine.portal.invitations import NameField
from sharespine.portal.log_in import has_second_factor


class NameForm(forms.Form):
    name = NameField(label=gettext_lazy("Your name"), max_length=100, widget=forms.TextInput({"autocomplete": "name"}))


@login_required
@never_cache
def account(request: HttpRequest) -> HttpResponseBase:
    user: Any = request.user
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": user.get_full_name()})
    if form.is_valid():
        user.first_name, _space, user.last_name = form.cleaned_data["name"].partition(" ")
        user.save(update_fields=["first_name", "last_name"])
        messages.success(request, _("Your name is saved."))
        return redirect("portal:account")
    context = {
        "form": form,
        "second_factor": has_second_factor(user),
        "memberships": Membership.objects.filter(user=user.pk).select_related("customer").order_by("customer__name"),
        "area": "account",
    }
    return render(request, "portal/account.html", context)


urls = [path("account/", account, name="account")]
