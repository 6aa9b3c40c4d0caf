"""How many orders a customer has had transferred in a month, and what was said about it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.customer import Customer


class OrderMonth(models.Model):
    """The number of orders that count in a month: the same as there are `OrderUse` of it. `month` is its first day."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="order_months", verbose_name=_("customer"))
    month = models.DateField(_("month"))
    used = models.PositiveIntegerField(_("orders"), default=0)

    class Meta:
        verbose_name = _("orders of a month")
        verbose_name_plural = _("orders of months")
        ordering = ["-month"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "month"], name="one_count_a_month"),
            models.CheckConstraint(condition=Q(used__gte=0), name="used_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.used}"


class OrderUse(models.Model):
    """One order that has room in a month: it was sent then, or is about to be. `key` is what the order is known by."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="+", verbose_name=_("customer"))
    key = models.CharField(_("order"), max_length=100)
    month = models.DateField(_("month"))

    class Meta:
        verbose_name = _("order that counts")
        verbose_name_plural = _("orders that count")
        constraints = [models.UniqueConstraint(fields=["customer", "key"], name="one_use_an_order")]

    def __str__(self) -> str:
        return self.key


class Notice(models.Model):
    """An e-mail about the orders of a month, which is sent once for each cap. `sent_at` is empty until it has left us.

    `tried_at` is set while somebody is at it: nobody else sends it meanwhile.
    """

    class Kind(models.TextChoices):
        NEAR = "near", _("80 % used")
        FORECAST = "forecast", _("will not suffice")
        FULL = "full", _("used up")

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="notices", verbose_name=_("customer"))
    month = models.DateField(_("month"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    used = models.PositiveIntegerField(_("orders"))
    cap = models.PositiveIntegerField(_("orders per month"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    tried_at = models.DateTimeField(_("tried"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    trouble = models.CharField(_("what is wrong"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-created_at"]
        # Whoever bought room for more orders in the middle of a month is told again before those are used up, too.
        constraints = [models.UniqueConstraint(fields=["customer", "month", "kind", "cap"], name="one_notice_of_a_cap")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.month:%Y-%m}"
