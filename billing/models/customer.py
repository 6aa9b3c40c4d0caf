"""The company that we work for."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords
from stdnum.exceptions import ValidationError as NumberError
from stdnum.se import orgnr


def validate_organisation_number(value: str) -> None:
    """Accept a Swedish organisation number with a right check digit; raises Django's `ValidationError`."""
    try:
        orgnr.validate(value)
    except NumberError:
        raise ValidationError(
            _("“%(value)s” is not a Swedish organisation number: ten digits, the last one a check digit, like 556036-0793."),
            params={"value": value},
        ) from None


class Customer(models.Model):
    """A merchant that has signed up. Everything it owns hangs on this row."""

    name = models.CharField(_("name"), max_length=200)
    organisation_number = models.CharField(
        _("organisation number"), max_length=20, blank=True, validators=[validate_organisation_number]
    )
    email = models.EmailField(_("e-mail"), blank=True, help_text=_("Where we write when something needs the merchant."))
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=[("sv", _("Swedish")), ("en", _("English"))], default="sv")
    notes = models.TextField(_("notes"), blank=True, help_text=_("Seen by staff only."))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    history = HistoricalRecords(verbose_name=_("change of customer"), verbose_name_plural=_("changes of customers"))

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.organisation_number:
            self.organisation_number = orgnr.format(orgnr.compact(self.organisation_number))
