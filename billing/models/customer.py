"""The company that we work for, its people, and who may log in as it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords
from stdnum.dk import cvr
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as NumberError
from stdnum.fi import ytunnus
from stdnum.no import orgnr as norwegian
from stdnum.se import orgnr

if TYPE_CHECKING:
    from billing.models.access import Membership

#: The organisation numbers of the Nordic countries: Sweden, Denmark, Norway, Finland.
NORDIC = (orgnr, cvr, norwegian, ytunnus)


def validate_organisation_number(value: str) -> None:
    """Accept a Nordic organisation number with a right check digit; raises Django's `ValidationError`."""
    if not any(country.is_valid(value) for country in NORDIC):
        raise ValidationError(
            _("“%(value)s” is not a Nordic organisation number. A Swedish one is ten digits with a check digit: 556036-0793."),
            params={"value": value},
        )


def validate_vat_number(value: str) -> None:
    """Accept a VAT number of the European Union with a right check digit; raises Django's `ValidationError`."""
    try:
        vat.validate(value)
    except NumberError:
        raise ValidationError(
            _("“%(value)s” is not a VAT number of the European Union: it begins with the country, like SE556036079301."),
            params={"value": value},
        ) from None


def tidy_organisation_number(value: str) -> str:
    """A Swedish number as it is kept: `556036-0793`. Any other text as it is."""
    return str(orgnr.format(orgnr.compact(value))) if orgnr.is_valid(value) else value


def tidy_vat_number(value: str) -> str:
    """A VAT number as it is kept: `SE556036079301`. Any other text as it is."""
    return str(vat.compact(value)) if vat.is_valid(value) else value


def validate_time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(_("“%(value)s” is not a time zone: write it like Europe/Stockholm."), params={"value": value})


class Customer(models.Model):
    """A merchant that has signed up. Everything it owns hangs on this row."""

    class Status(models.TextChoices):
        PROSPECT = "prospect", _("prospect")
        STARTING = "starting", _("being set up")
        ACTIVE = "active", _("active")
        LEAVING = "leaving", _("notice given")
        ENDED = "ended", _("ended")

    name = models.CharField(_("name"), max_length=200)
    organisation_number = models.CharField(
        _("organisation number"), max_length=20, blank=True, validators=[validate_organisation_number]
    )
    vat_number = models.CharField(
        _("VAT number"), max_length=20, blank=True, default="", db_default="", validators=[validate_vat_number]
    )
    country = models.CharField(
        _("country"),
        max_length=2,
        default="SE",
        db_default="SE",
        validators=[RegexValidator("^[A-Z]{2}$", _("Two capital letters, like SE."))],
        help_text=_("Two letters. It decides the VAT of the invoice."),
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.PROSPECT, db_default=Status.PROSPECT
    )
    email = models.EmailField(_("e-mail"), blank=True, help_text=_("Where we write when something needs the merchant."))
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=[("sv", _("Swedish")), ("en", _("English"))], default="sv")
    time_zone = models.CharField(
        _("time zone"),
        max_length=40,
        default="Europe/Stockholm",
        db_default="Europe/Stockholm",
        validators=[validate_time_zone],
    )
    key_account_manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        limit_choices_to={"is_staff": True},
        related_name="+",
        verbose_name=_("key account manager"),
        help_text=_("Part of Premium."),
    )
    users: models.ManyToManyField[AbstractUser, Membership] = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="customers", verbose_name=_("users")
    )
    notes = models.TextField(_("notes"), blank=True, help_text=_("Seen by staff only."))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    history = HistoricalRecords(verbose_name=_("change of customer"), verbose_name_plural=_("changes of customers"))

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["name"]
        permissions = [("see_portal", _("Can see the portal as a customer sees it"))]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        # Called for wrong numbers, too, which are kept as they were written.
        self.organisation_number = tidy_organisation_number(self.organisation_number)
        self.vat_number = tidy_vat_number(self.vat_number)


class Contact(models.Model):
    """A person at a customer."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="contacts", verbose_name=_("customer"))
    name = models.CharField(_("name"), max_length=200)
    role = models.CharField(_("role"), max_length=100, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=50, blank=True)
    gets_notices = models.BooleanField(_("gets our e-mails"), default=False, help_text=_("Notices about orders and hours."))

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
