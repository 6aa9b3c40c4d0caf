"""Who comes in as a customer, by which door: users with their roles, invitations to become one, and keys for machines."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from billing.models.customer import Customer


class Role(models.TextChoices):
    """What a user may do as a customer. Each may do what those below it may."""

    OWNER = "owner", _("administrator")
    OPERATOR = "operator", _("operator")
    READER = "reader", _("reader")


class Membership(models.Model):
    """A user that may log in as a customer, what it may do there, and which e-mails it wants."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="memberships", verbose_name=_("customer"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("user"))
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.OWNER, db_default=Role.OWNER)
    daily_summary = models.BooleanField(_("summary every morning at 07:00"), default=True, db_default=True)
    errors_at_once = models.BooleanField(_("orders that stop, at once"), default=False, db_default=False)
    cap_notices = models.BooleanField(_("when the month's orders will not suffice"), default=True, db_default=True)
    #: The day, where the customer is, of the last summary that left us.
    summary_sent_on = models.DateField(null=True, blank=True, editable=False)
    since = models.DateTimeField(_("since"), auto_now_add=True)

    #: Who let whom in, changed a role or put somebody out. Which e-mails somebody wants is nobody else's business.
    history = HistoricalRecords(
        excluded_fields=["daily_summary", "errors_at_once", "cap_notices", "summary_sent_on", "since"],
        verbose_name=_("change of who may log in"),
        verbose_name_plural=_("changes of who may log in"),
    )

    class Meta:
        verbose_name = _("user who may log in")
        verbose_name_plural = _("users who may log in")
        constraints = [models.UniqueConstraint(fields=["customer", "user"], name="one_membership")]

    def __str__(self) -> str:
        return str(self.user)


class Invitation(models.Model):
    """An e-mail that lets whoever has it become a user of a customer. What is in the e-mail is kept as a hash only.

    One that is accepted or withdrawn stays, as a record of who let whom in.
    """

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="invitations", verbose_name=_("customer"))
    email = models.EmailField(_("e-mail"))
    role = models.CharField(_("role"), max_length=10, choices=Role.choices, default=Role.READER)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.CharField(_("invited by"), max_length=150, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "email"],
                condition=models.Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
                name="one_open_invitation",
            )
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_open(self) -> bool:
        """Whether it can still be accepted."""
        return self.accepted_at is None and self.withdrawn_at is None and self.expires_at > timezone.now()


class Scope(models.TextChoices):
    """What a key opens in the API."""

    TRANSFERS = "transfers", _("transfer log")
    USAGE = "usage", _("orders of the month, features")
    HOURS = "hours", _("service hours")
    SALES = "sales", _("the sales site")


class ApiKey(models.Model):
    """A key of a machine. Shown once when it is made; kept as a SHA-256 of 32 random bytes, found by its `prefix`.

    One without a customer is for the sales site, made by staff.
    """

    customer = models.ForeignKey(
        Customer, models.CASCADE, related_name="api_keys", verbose_name=_("customer"), null=True, blank=True
    )
    name = models.CharField(_("name"), max_length=100, help_text=_("What it is for, like “Warehouse screen”."))
    prefix = models.CharField(_("begins with"), max_length=20, unique=True, editable=False)
    key_hash = models.CharField(max_length=64, editable=False)
    scopes: models.JSONField[list[str], list[str]] = models.JSONField(_("opens"), default=list)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.CharField(_("created by"), max_length=150, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    revoked_by = models.CharField(_("revoked by"), max_length=150, blank=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_valid(self) -> bool:
        """Whether it opens anything now."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())
