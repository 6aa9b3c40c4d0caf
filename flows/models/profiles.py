"""How much of what an ERP has in stock a shop may offer."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from billing.models import Customer


class StockProfile(models.Model):
    """How much of the stock in an ERP is offered in a shop. Quantities are pieces (or what the article is counted in)."""

    class Rounding(models.TextChoices):
        DOWN = "down", _("down to whole pieces")
        NONE = "none", _("not at all")

    customer = models.ForeignKey(Customer, models.PROTECT, verbose_name=_("customer"), related_name="stock_profiles")
    name = models.CharField(_("name"), max_length=100)
    warehouses = models.JSONField(
        _("warehouses that count"),
        default=list,
        blank=True,
        help_text=_("As the ERP calls them. None: all that is available."),
    )
    reserve = models.DecimalField(
        _("reserve"),
        max_digits=12,
        decimal_places=2,
        default=0,
        help_text=_("So many of each article are kept back from the shop."),
    )
    most = models.DecimalField(
        _("shown at most"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("More than this is never told to the shop. Empty: no limit."),
    )
    rounding = models.CharField(_("rounding"), max_length=10, choices=Rounding, default=Rounding.DOWN)

    history = HistoricalRecords(verbose_name=_("change of stock profile"), verbose_name_plural=_("changes of stock profiles"))

    class Meta:
        verbose_name = _("stock profile")
        verbose_name_plural = _("stock profiles")
        ordering = ["customer__name", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "name"],
                name="one_stock_profile_per_name",
                violation_error_message=_("This customer already has a stock profile of this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name
