"""What comes in from the sales site and the portal: quotes, sign-ups, and requests for another package."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models.customer import Customer
from billing.models.packages import Edition, Package

#: No vowels and no look-alikes: a number that is read over the phone and never spells a word.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ23456789"


def new_number() -> str:
    """The number of a quote: nobody guesses one of somebody else's."""
    return "Q-" + "".join(secrets.choice(ALPHABET) for _index in range(10))


class Quote(models.Model):
    """What was offered for some wishes. Never changed: its prices hold until `valid_until`, a day in Sweden.

    `wishes` are as they were asked, `answer` is what was reckoned then, with amounts in kronor as text. `package` is the one
    that was recommended, empty where none covers the wishes.
    """

    number = models.CharField(_("number"), max_length=20, unique=True, default=new_number, editable=False)
    edition = models.CharField(_("edition"), max_length=10, choices=Edition.choices)
    package = models.ForeignKey(
        Package, models.PROTECT, related_name="+", verbose_name=_("recommended package"), null=True, blank=True
    )
    wishes: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("wishes"), default=dict)
    answer: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(_("answer"), default=dict)
    valid_until = models.DateField(_("price held until"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("quote")
        verbose_name_plural = _("quotes")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.number

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("a quote is never changed: what was offered holds")
        super().save(*args, **kwargs)


class SignUp(models.Model):
    """Somebody who wants to become a customer: a draft of a subscription, at the prices of a quote.

    It becomes a prospect once the e-mail is confirmed. `public_id` is what its state is followed by; `key` is what whoever sent
    it calls it, so that it is taken once however often it is sent, and `body_hash` tells whether it is the same.
    """

    class State(models.TextChoices):
        UNCONFIRMED = "unconfirmed", _("e-mail not confirmed")
        NEW = "new", pgettext_lazy("one that came in", "new")
        TAKEN = "taken", _("taken care of")
        STARTED = "started", _("subscription started")
        DECLINED = "declined", _("declined")

    #: Somebody of ours should look at these.
    OPEN = (State.NEW, State.TAKEN)

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    key = models.CharField(max_length=100, unique=True, null=True, blank=True, editable=False)
    body_hash = models.CharField(max_length=64, blank=True, editable=False)
    token_hash = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.UNCONFIRMED)
    quote = models.ForeignKey(Quote, models.PROTECT, related_name="sign_ups", verbose_name=_("quote"))
    package = models.ForeignKey(Package, models.PROTECT, related_name="+", verbose_name=_("package"))
    company = models.CharField(_("company"), max_length=200)
    organisation_number = models.CharField(_("organisation number"), max_length=20, blank=True)
    vat_number = models.CharField(_("VAT number"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=2, default="SE")
    contact = models.CharField(_("contact"), max_length=200)
    email = models.EmailField(_("e-mail"))
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=[("sv", _("Swedish")), ("en", _("English"))], default="sv")
    message = models.TextField(_("message"), blank=True, max_length=2000)
    customer = models.ForeignKey(
        Customer, models.SET_NULL, related_name="sign_ups", verbose_name=_("customer"), null=True, blank=True
    )
    note = models.CharField(_("note"), max_length=500, blank=True, help_text=_("Seen by staff only."))
    answer = models.TextField(
        _("answer"), max_length=2000, blank=True, default="", db_default="", help_text=_("Sent to whoever signed up.")
    )
    handled_by = models.CharField(_("handled by"), max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    #: When the e-mail left that asks for confirmation.
    mailed_at = models.DateTimeField(null=True, blank=True, editable=False)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True, editable=False)
    handled_at = models.DateTimeField(_("handled"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("sign-up")
        verbose_name_plural = _("sign-ups")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["state", "-created_at"], name="sign_up_by_state")]

    def __str__(self) -> str:
        return self.company


class PackageRequest(models.Model):
    """A customer that wants another package, or something of one: for sales to answer. Nothing changes by itself."""

    class State(models.TextChoices):
        NEW = "new", pgettext_lazy("one that came in", "new")
        DONE = "done", _("done")
        DECLINED = "declined", _("declined")

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="package_requests", verbose_name=_("customer"))
    package = models.ForeignKey(
        Package, models.PROTECT, related_name="+", verbose_name=_("wanted package"), null=True, blank=True
    )
    text = models.TextField(_("message"), max_length=2000, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.NEW)
    asked_by = models.CharField(_("asked by"), max_length=150)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    answer = models.TextField(_("answer"), max_length=2000, blank=True, help_text=_("Read by the customer."))
    handled_by = models.CharField(_("handled by"), max_length=150, blank=True, editable=False)
    handled_at = models.DateTimeField(_("handled"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("request for another package")
        verbose_name_plural = _("requests for another package")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["customer"], condition=models.Q(state="new"), name="one_new_package_request")
        ]

    def __str__(self) -> str:
        return f"{self.customer} {self.package or ''}".strip()
