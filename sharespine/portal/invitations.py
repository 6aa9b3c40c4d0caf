"""Accepting an invitation: with the account that one has, or by making one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from billing import members
from billing.models import Invitation
from billing.refusals import Refused
from sharespine.lib.said import said

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


class NameField(forms.CharField):
    """A person's name: on one line."""

    def to_python(self, value: Any) -> str:
        return " ".join((super().to_python(value) or "").split())


class JoinForm(forms.Form):
    """What an account is made of. Its e-mail is the one that was invited."""

    name = NameField(label=gettext_lazy("Your name"), max_length=100, widget=forms.TextInput({"autocomplete": "name"}))
    password = forms.CharField(
        label=gettext_lazy("Password"), strip=False, widget=forms.PasswordInput({"autocomplete": "new-password"})
    )

    def __init__(self, email: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email
        self.fields["password"].help_text = " ".join(password_validators_help_texts())

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(username=self.email, email=self.email, first_name=self.cleaned_data.get("name", "")))
        return password


@never_cache
@sensitive_post_parameters("password")
def invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """The page that the e-mail leads to. Looking at it does nothing: programs follow links in e-mails, too."""
    found = members.find(token)
    if found is None or not found.is_open:
        return _too_late(request, found)
    user: Any = request.user
    accounts = members.accounts(found)
    if user.is_authenticated:
        form = None
    elif accounts:
        form = None
        if request.method == "POST":
            return redirect(_log_in(request))
    else:
        form = JoinForm(found.email, request.POST if request.method == "POST" else None)
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            if form is None:
                members.accept(found, user)
            else:
                user = members.join(found, form.cleaned_data["name"], form.cleaned_data["password"])
                login(request, user, BACKEND)
        except Refused as refused:
            messages.error(request, said(refused.text))
            return redirect(request.path)
        messages.success(request, _("Welcome to %(name)s.") % {"name": found.customer})
        return redirect("portal:overview", found.customer_id)
    context = {
        "invitation": found,
        "form": form,
        "log_in": _log_in(request),
        "is_switched_off": bool(accounts) and not any(one.is_active for one in accounts),
        "is_for_user": user.is_authenticated and members.is_for(found, user),
    }
    return render(request, "portal/invitation.html", context)


def _too_late(request: HttpRequest, found: Invitation | None) -> HttpResponse:
    """Says why a link does not work. To whoever has come in by it, it says where to go on."""
    user: Any = request.user
    is_in = bool(found and user.is_authenticated and found.customer.memberships.filter(user=user.pk).exists())
    context = {"invitation": found, "is_in": is_in}
    return render(request, "portal/invitation_over.html", context, status=410 if found else 404)


def _log_in(request: HttpRequest) -> str:
    return f"{reverse('account_login')}?next={request.path}"


urls = [path("invitation/<str:token>/", invitation, name="invitation")]
