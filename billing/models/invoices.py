"""The invoice basis: what a customer is to be invoiced for a month."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NoReturn, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.customer import Customer

CLOSED = "a month that is closed never changes: what is late goes to the next"


Kept = TypeVar("Kept", bound=models.Model)


class Closed(models.QuerySet[Kept]):
    """What is written down can be added to and read."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError(CLOSED)

    def delete(self) -> NoReturn:
        raise TypeError(CLOSED)


class WrittenDown(models.Model):
    """A row that never changes once it is saved."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(CLOSED)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(CLOSED)


class InvoiceBasis(WrittenDown):
    """The basis of one customer and month (its first day). Once closed, it never changes: corrections go to the next."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="invoice_bases", verbose_name=_("customer"))
    month = models.DateField(_("month"))
    closed_at = models.DateTimeField(_("closed"), auto_now_add=True)
    closed_by = models.CharField(_("closed by"), max_length=150, blank=True)
    vat_rate = models.DecimalField(_("VAT in per cent"), max_digits=5, decimal_places=2)
    vat_note = models.CharField(_("words about the VAT"), max_length=100, blank=True)
    net = models.DecimalField(_("without VAT"), max_digits=12, decimal_places=2)
    vat = models.DecimalField(_("VAT"), max_digits=12, decimal_places=2)
    total = models.DecimalField(_("with VAT"), max_digits=12, decimal_places=2)

    objects = Closed.as_manager()

    class Meta:
        verbose_name = _("invoice basis")
        verbose_name_plural = _("invoice bases")
        ordering = ["-month", "customer__name"]
        constraints = [models.UniqueConstraint(fields=["customer", "month"], name="one_basis_a_month")]

    def __str__(self) -> str:
        return f"{self.customer} {self.month:%Y-%m}"


class InvoiceRow(WrittenDown):
    """One row, in kronor without VAT. `key` says what is charged, so that a later month can tell what was charged before."""

    class Kind(models.TextChoices):
        SUBSCRIPTION = "subscription", _("subscription")
        INSTALLATION = "installation", _("installation")
        ADD_ON = "add_on", _("add-on")
        HOUR_PACK = "hour_pack", _("hour pack")
        CORRECTION = "correction", _("correction")

    basis = models.ForeignKey(InvoiceBasis, models.PROTECT, related_name="rows", verbose_name=_("invoice basis"))
    kind = models.CharField(_("kind"), max_length=15, choices=Kind.choices)
    key = models.CharField(max_length=60, editable=False)
    #: The month that it is for: an earlier one where it corrects that.
    month = models.DateField(_("for the month"))
    text = models.CharField(_("text"), max_length=200)
    first_day = models.DateField(_("from"), null=True, blank=True)
    last_day = models.DateField(_("until"), null=True, blank=True)
    days = models.PositiveSmallIntegerField(_("days"), null=True, blank=True)
    unit_price = models.DecimalField(_("price"), max_digits=12, decimal_places=2, default=Decimal(0))
    amount = models.DecimalField(_("amount"), max_digits=12, decimal_places=2)

    objects = Closed.as_manager()

    class Meta:
        verbose_name = _("row of an invoice basis")
        verbose_name_plural = _("rows of invoice bases")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.text
