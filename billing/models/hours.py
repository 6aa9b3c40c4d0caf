"""The service account: hours in and out, in minutes. Entries are added and never changed."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from billing.models.customer import Customer


class WorkCategory(models.Model):
    """What work is: some is free, the rest is drawn from the service account."""

    key = models.SlugField(_("key"), unique=True)
    name = models.CharField(_("name"), max_length=60)
    name_sv = models.CharField(_("name in Swedish"), max_length=60)
    is_free = models.BooleanField(_("free"), default=False)
    is_used = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("work category")
        verbose_name_plural = _("work categories")
        ordering = ["is_free", "name"]

    def __str__(self) -> str:
        return self.name_sv if (get_language() or "").startswith("sv") else self.name


class ServiceAccount(models.Model):
    """The balance of a customer's entries, in minutes. Changed only together with an entry."""

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="service_account", verbose_name=_("customer"))
    balance = models.IntegerField(_("balance, minutes"), default=0)

    class Meta:
        verbose_name = _("service account")
        verbose_name_plural = _("service accounts")

    def __str__(self) -> str:
        return str(self.customer)


class AppendOnly(models.QuerySet["Entry"]):
    """Entries can be added and read."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("entries of a service account are never changed: reverse them")

    def delete(self) -> NoReturn:
        raise TypeError("entries of a service account are never deleted: reverse them")


class Entry(models.Model):
    """Minutes in or out of a service account: what, when, who, for which connection.

    `minutes` is how long the work took, or how much was bought; `change` is what it does to the balance: nothing for work that
    is free. Amounts are in minutes, days are days in Sweden.
    """

    class Kind(models.TextChoices):
        START = "start", _("start package")
        PACK = "pack", _("hour pack")
        WORK = "work", _("work")
        REVERSAL = "reversal", _("reversal")
        ADJUSTMENT = "adjustment", _("adjustment")

    account = models.ForeignKey(ServiceAccount, models.PROTECT, related_name="entries", verbose_name=_("service account"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices)
    category = models.ForeignKey(
        WorkCategory, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("work category")
    )
    day = models.DateField(_("day"))
    minutes = models.IntegerField(_("minutes"))
    change = models.IntegerField(_("change of the balance"))
    balance = models.IntegerField(_("balance after it"))
    text = models.CharField(_("what"), max_length=500)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    by = models.CharField(_("who"), max_length=150)
    by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    # `billing` knows nothing of flows: what the work was for is named here, and the back office makes links of it.
    connection_id = models.BigIntegerField(null=True, blank=True, editable=False)
    transfer_id = models.BigIntegerField(null=True, blank=True, editable=False)
    about = models.CharField(_("for"), max_length=200, blank=True)
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name=_("reverses")
    )
    price = models.DecimalField(_("price"), max_digits=12, decimal_places=2, null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    #: Of one act there is one entry, however often a button is pressed.
    key = models.CharField(max_length=100, unique=True, null=True, blank=True, editable=False)

    objects = AppendOnly.as_manager()

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(minutes=0), name="entry_of_some_minutes"),
            # A balance goes below nought only for a reason.
            models.CheckConstraint(condition=Q(balance__gte=0) | Q(change__gte=0) | ~Q(reason=""), name="debt_needs_a_reason"),
        ]
        indexes = [models.Index(fields=["account", "day"], name="entry_by_day")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.text}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("entries of a service account are never changed: reverse them")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("entries of a service account are never deleted: reverse them")
