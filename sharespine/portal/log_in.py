"""How users come in: what allauth is told about accounts, second factors and its forms. Nobody signs up: users are invited."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account import forms as account_forms
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base import forms as factor_forms
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import password_validators_help_texts
from django.contrib.sessions.models import Session
from django.dispatch import receiver
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _

from billing.models import Membership
from sharespine.lib.callers import address_of
from sharespine.lib.secrets import decrypt, encrypt
from sharespine.portal import attempts

log = logging.getLogger(__name__)


class Accounts(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        **dict.fromkeys(
            ("email_password_mismatch", "username_password_mismatch", "invalid_login"),
            _("The name or the password is wrong. See that Caps Lock is off, or choose a new password."),
        ),
        "incorrect_password": _("The password is wrong."),
        "enter_current_password": _("This is not your password now."),
        "incorrect_code": _(
            "The code is wrong. Wait for the next one in the app, and see that the clock of the phone is right."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str) -> bool:
        """Only our own pages are gone on to, at the address at which we were called."""
        request = context.request
        return url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        user: Any = request.user
        if user.is_staff and not Membership.objects.filter(user=user.pk).exists():
            return reverse("admin:index")
        return super().get_login_redirect_url(request)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("portal:account")

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Whoever has a second factor shows it again: a password alone must not be enough to switch it off."""
        methods = super().get_reauthentication_methods(user)
        return [one for one in methods if one["id"] == "mfa_reauthenticate"] or methods

    def set_password(self, user: User, password: str) -> None:
        super().set_password(user, password)
        attempts.forget(user)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that is down keeps nobody from changing a password, and tells nobody who has an account."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            log.error("The e-mail %s to %s could not be sent: %s", template_prefix, email, error)

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        if email or user.email:
            super().send_notification_mail(template_prefix, user, context, email or user.email)


class Factors(DefaultMFAAdapter):
    """Second factors are kept as merchants' credentials are: encrypted with keys that can be changed."""

    error_messages = {**DefaultMFAAdapter.error_messages, "incorrect_code": Accounts.error_messages["incorrect_code"]}

    def encrypt(self, text: str) -> str:
        return encrypt({"factor": text})

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)["factor"]


class Plain:
    """Labels stand above the fields of allauth's forms, not in them. A new password says how it must be."""

    labels: dict[str, Any] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = " ".join(password_validators_help_texts()) if name == "password1" else ""


CODE = {"code": _("Code")}
PASSWORDS = {
    "oldpassword": _("Your password now"),
    "password1": _("New password"),
    "password2": _("The new password again"),
}


class LogIn(Plain, account_forms.LoginForm):
    labels = {"login": _("E-mail or user name"), "password": _("Password")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs |= {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}


class ChangePassword(Plain, account_forms.ChangePasswordForm):
    labels = PASSWORDS


class SetPassword(Plain, account_forms.SetPasswordForm):
    labels = PASSWORDS


class ChoosePassword(Plain, account_forms.ResetPasswordKeyForm):
    labels = PASSWORDS


class AskForPassword(Plain, account_forms.ResetPasswordForm):
    labels = {"email": _("E-mail")}


class Again(Plain, account_forms.ReauthenticateForm):
    labels = {"password": _("Password")}


class FirstCode(Plain, ActivateTOTPForm):
    labels = CODE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["inputmode"] = "numeric"


class Counted(Plain):
    """Codes that were wrong are counted as wrong passwords are."""

    labels = CODE
    user: User

    def clean_code(self) -> str:
        if not attempts.may_try_code(context.request, self.user):
            raise forms.ValidationError(Accounts.error_messages["too_many_login_attempts"])
        try:
            code: str = super().clean_code()  # type: ignore[misc]  # of the form that this is mixed into
        except forms.ValidationError:
            attempts.code_was_wrong(context.request, self.user)
            raise
        attempts.code_was_right(self.user)
        return code


class SecondFactor(Counted, factor_forms.AuthenticateForm):
    pass


class SecondFactorAgain(Counted, factor_forms.ReauthenticateForm):
    pass


def has_second_factor(user: Any) -> bool:
    return Authenticator.objects.filter(user=user.pk, type=Authenticator.Type.TOTP).exists()


def encrypt_factors_anew() -> None:
    """Keep every second factor with the key that is the first now. Belongs into a transaction."""
    for one in Authenticator.objects.select_for_update():
        kept = {name: encrypt(decrypt(one.data[name])) for name in ("secret", "seed") if name in one.data}
        Authenticator.objects.filter(pk=one.pk).update(data={**one.data, **kept})


def log_out_elsewhere(user: User, *, keep: str | None) -> int:
    """End every session of `user` but the one with the key `keep`. Returns how many there were.

    A password does that by itself when it is changed. Sessions do not tell whose they are before they are opened, so all that
    are alive are: some ten thousand take a second, and this is seldom done.
    """
    alive = Session.objects.filter(expire_date__gt=timezone.now()).exclude(pk=keep or "").iterator(500)
    ended = [session.pk for session in alive if session.get_decoded().get(SESSION_KEY) == str(user.pk)]
    return Session.objects.filter(pk__in=ended).delete()[0]


@receiver([authenticator_added, authenticator_removed])
def guard_sessions(request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Whoever is logged in elsewhere with the password alone comes in again with what holds now."""
    if authenticator.type == Authenticator.Type.TOTP:
        request.session.cycle_key()
        ended = log_out_elsewhere(user, keep=request.session.session_key)
        log.info("%s changed the second factor; %d other sessions ended", user.get_username(), ended)
