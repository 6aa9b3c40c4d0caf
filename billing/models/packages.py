"""What is sold: packages with their features, the prices that hold from a date, add-ons and hour packs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class Edition(models.TextChoices):
    CLOUD = "cloud", _("Cloud")
    CLIENT = "client", _("Client")


class Feature(models.TextChoices):
    """What a package has or has not. The order is that of the price list."""

    ORDERS = "orders", _("Order information")
    CUSTOMERS = "customers", _("Customer information")
    PRODUCTS = "products", _("Product information")
    ORDER_STATUS = "order_status", _("Order status")
    STOCK = "stock", _("Stock")
    STOCK_PROFILES = "stock_profiles", _("Stock profiles")
    PRICE_LISTS = "price_lists", _("Price structures")
    SCHEDULING = "scheduling", _("Scheduling")
    FIELD_MAPPING = "field_mapping", _("Field mapping")
    PLUGINS = "plugins", _("Plugins")
    RECONCILIATION = "reconciliation", _("Payment reconciliation")
    MULTISHOP = "multishop", _("Multishop")
    KEY_ACCOUNT_MANAGER = "key_account_manager", _("Own key account manager")


#: Features that no package of the Cloud edition has: staff grant them one by one.
CLIENT_ONLY = frozenset({Feature.STOCK_PROFILES, Feature.SCHEDULING, Feature.FIELD_MAPPING, Feature.RECONCILIATION})


def money(verbose: Any, **options: Any) -> models.DecimalField[Any, Any]:
    """A column of kronor without VAT, never negative."""
    options.setdefault("validators", [MinValueValidator(Decimal(0))])
    return models.DecimalField(verbose, max_digits=12, decimal_places=2, **options)


class Package(models.Model):
    """A step of the price list. `rank` says which is above which: to move up is an upgrade."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=60)
    rank = models.PositiveSmallIntegerField(_("rank"), unique=True)

    class Meta:
        verbose_name = _("package")
        verbose_name_plural = _("packages")
        ordering = ["rank"]

    def __str__(self) -> str:
        return self.name


class Offer(models.Model):
    """What a package of an edition is sold at from a date on, in kronor without VAT.

    Price, installation and cap are empty where they are agreed with each customer (Premium). A subscription copies what it was
    sold at: a later offer changes nothing for it.
    """

    package = models.ForeignKey(Package, models.PROTECT, related_name="offers", verbose_name=_("package"))
    edition = models.CharField(_("edition"), max_length=10, choices=Edition.choices)
    valid_from = models.DateField(_("valid from"))
    monthly_price = money(_("monthly price"), null=True, blank=True)
    installation_price = money(_("installation"), null=True, blank=True)
    order_cap = models.PositiveIntegerField(_("orders per month"), null=True, blank=True)
    start_minutes = models.PositiveIntegerField(_("minutes of the start package"), default=0)
    features: models.JSONField[list[str], list[str]] = models.JSONField(_("features"), default=list)

    history = HistoricalRecords(verbose_name=_("change of offer"), verbose_name_plural=_("changes of offers"))

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ["edition", "package__rank", "-valid_from"]
        constraints = [models.UniqueConstraint(fields=["package", "edition", "valid_from"], name="one_offer_a_day")]

    def __str__(self) -> str:
        return f"{self.package} {self.get_edition_display()}, {self.valid_from:%Y-%m-%d}"

    @classmethod
    def on(cls, day: date, edition: str) -> list[Offer]:
        """The offers of an edition that hold on `day`, one of each package, by rank."""
        newest: dict[int, Offer] = {}
        for offer in cls.objects.filter(edition=edition, valid_from__lte=day).select_related("package").order_by("valid_from"):
            newest[offer.package_id] = offer
        return sorted(newest.values(), key=lambda offer: offer.package.rank)

    @property
    def is_on_request(self) -> bool:
        """Whether price and cap are agreed with each customer."""
        return self.monthly_price is None

    def clean(self) -> None:
        if unknown := set(self.features) - set(Feature.values):
            raise ValidationError({"features": _("Unknown features: %s") % ", ".join(sorted(unknown))})


class AddOnKind(models.TextChoices):
    SHOP = "shop", _("Extra shop")
    GATEWAY = "gateway", _("Reconciliation of a gateway")


#: Which feature an add-on of a kind needs.
NEEDED = {AddOnKind.SHOP: Feature.MULTISHOP, AddOnKind.GATEWAY: Feature.RECONCILIATION}


class AddOnPrice(models.Model):
    """What an add-on of a kind costs a month from a date on, in kronor without VAT."""

    kind = models.CharField(_("kind"), max_length=10, choices=AddOnKind.choices)
    valid_from = models.DateField(_("valid from"))
    monthly_price = money(_("monthly price"))

    history = HistoricalRecords(verbose_name=_("change of add-on price"), verbose_name_plural=_("changes of add-on prices"))

    class Meta:
        verbose_name = _("add-on price")
        verbose_name_plural = _("add-on prices")
        ordering = ["kind", "-valid_from"]
        constraints = [models.UniqueConstraint(fields=["kind", "valid_from"], name="one_add_on_price_a_day")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.valid_from:%Y-%m-%d}"

    @classmethod
    def on(cls, day: date, kind: str) -> AddOnPrice | None:
        return cls.objects.filter(kind=kind, valid_from__lte=day).order_by("-valid_from").first()


class HourPack(models.Model):
    """Hours that are sold together, cheaper than one by one. No price of one is published: staff enter what is sold."""

    name = models.CharField(_("name"), max_length=60)
    minutes = models.PositiveIntegerField(_("minutes"), validators=[MinValueValidator(1)])
    price = money(_("price"))
    is_sold = models.BooleanField(_("on sale"), default=True)

    history = HistoricalRecords(verbose_name=_("change of hour pack"), verbose_name_plural=_("changes of hour packs"))

    class Meta:
        verbose_name = _("hour pack")
        verbose_name_plural = _("hour packs")
        ordering = ["minutes"]

    def __str__(self) -> str:
        return self.name
