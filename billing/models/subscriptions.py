"""What a customer has bought, and when."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from billing.dates import Span, bound_until
from billing.models.customer import Customer
from billing.models.packages import AddOnKind, Edition, Feature, Package, money


class Subscription(models.Model):
    """A contract with a customer. Days are days in Sweden; `ends_on` is its last day, empty while no notice was given."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="subscriptions", verbose_name=_("customer"))
    edition = models.CharField(_("edition"), max_length=10, choices=Edition.choices)
    begins_on = models.DateField(_("first day"))
    binding_months = models.PositiveSmallIntegerField(_("binding time, months"), default=3)
    notice_months = models.PositiveSmallIntegerField(_("notice, months"), default=1)
    notice_on = models.DateField(_("notice given"), null=True, blank=True)
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    history = HistoricalRecords(verbose_name=_("change of subscription"), verbose_name_plural=_("changes of subscriptions"))

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        ordering = ["-begins_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("begins_on")), name="subscription_days"
            ),
            # Of those without an end there is one: a second could only double the invoice.
            models.UniqueConstraint(fields=["customer"], condition=Q(ends_on__isnull=True), name="one_open_subscription"),
        ]

    def __str__(self) -> str:
        return f"{self.customer}, {self.get_edition_display()}"

    @property
    def span(self) -> Span:
        return Span(self.begins_on, self.ends_on)

    @property
    def bound_until(self) -> date:
        """The last day of the binding time."""
        return bound_until(self.begins_on, self.binding_months)

    def term_on(self, day: date) -> Term | None:
        """The package that it has on `day`."""
        if day not in self.span:
            return None
        return self.terms.filter(begins_on__lte=day).select_related("package").order_by("-begins_on", "-pk").first()

    def is_paused_on(self, day: date) -> bool:
        return self.pauses.filter(Q(until__isnull=True) | Q(until__gte=day), begins_on__lte=day).exists()


class Term(models.Model):
    """A package with what it was sold at, from a day until the next term of the subscription begins. Kronor without VAT."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="terms", verbose_name=_("subscription"))
    package = models.ForeignKey(Package, models.PROTECT, related_name="+", verbose_name=_("package"))
    begins_on = models.DateField(_("from"))
    monthly_price = money(_("monthly price"))
    installation_price = money(_("installation"), help_text=_("Once, in the month in which it begins."))
    order_cap = models.PositiveIntegerField(_("orders per month"))
    features: models.JSONField[list[str], list[str]] = models.JSONField(_("features"), default=list, editable=False)
    set_by = models.CharField(_("set by"), max_length=150, blank=True, editable=False)

    class Meta:
        verbose_name = _("term")
        verbose_name_plural = _("terms")
        ordering = ["begins_on", "pk"]
        constraints = [models.UniqueConstraint(fields=["subscription", "begins_on"], name="one_term_a_day")]

    def __str__(self) -> str:
        return f"{self.package} {self.begins_on:%Y-%m-%d}"


class Pause(models.Model):
    """Days on which nothing runs. They cost nothing unless `charged`. `until` is the last day, empty while it is open."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="pauses", verbose_name=_("subscription"))
    begins_on = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True, blank=True)
    charged = models.BooleanField(_("charged"), default=False)
    reason = models.CharField(_("reason"), max_length=500)
    set_by = models.CharField(_("set by"), max_length=150, blank=True, editable=False)

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        ordering = ["begins_on"]
        constraints = [
            models.UniqueConstraint(fields=["subscription"], condition=Q(until__isnull=True), name="one_open_pause"),
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gte=F("begins_on")), name="pause_days"),
        ]

    def __str__(self) -> str:
        return f"{self.begins_on:%Y-%m-%d} – {self.until or ''}"

    @property
    def span(self) -> Span:
        return Span(self.begins_on, self.until)


class Grant(models.Model):
    """One feature, or extra orders a month, that the package does not hold. With a reason, and seen for ever.

    `expires_on` is the last day, empty for a feature until further notice. Extra orders count in full in every month that the
    grant touches.
    """

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="grants", verbose_name=_("subscription"))
    feature = models.CharField(_("feature"), max_length=30, choices=Feature.choices, blank=True)
    extra_orders = models.PositiveIntegerField(_("extra orders a month"), default=0)
    begins_on = models.DateField(_("from"))
    expires_on = models.DateField(_("last day"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500)
    set_by = models.CharField(_("set by"), max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    history = HistoricalRecords(verbose_name=_("change of grant"), verbose_name_plural=_("changes of grants"))

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        ordering = ["begins_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=(~Q(feature="") & Q(extra_orders=0)) | (Q(feature="") & Q(extra_orders__gt=0)),
                name="a_feature_or_orders",
            )
        ]

    def __str__(self) -> str:
        return str(Feature(self.feature).label) if self.feature else f"+{self.extra_orders}"

    @property
    def span(self) -> Span:
        return Span(self.begins_on, self.expires_on)

    def clean(self) -> None:
        if self.extra_orders and self.expires_on is None:
            raise ValidationError({"expires_on": _("Extra orders need a last day.")})
        if self.expires_on and self.begins_on and self.expires_on < self.begins_on:
            raise ValidationError({"expires_on": _("The last day is before the first.")})


class AddOn(models.Model):
    """An extra shop, or the reconciliation of a gateway, with what it was sold at: kronor a month, without VAT."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="add_ons", verbose_name=_("subscription"))
    kind = models.CharField(_("kind"), max_length=10, choices=AddOnKind.choices)
    label = models.CharField(_("what"), max_length=100, help_text=_("The shop or the gateway: it stands on the invoice."))
    monthly_price = money(_("monthly price"))
    begins_on = models.DateField(_("from"))
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    set_by = models.CharField(_("set by"), max_length=150, blank=True, editable=False)

    history = HistoricalRecords(verbose_name=_("change of add-on"), verbose_name_plural=_("changes of add-ons"))

    class Meta:
        verbose_name = _("add-on")
        verbose_name_plural = _("add-ons")
        ordering = ["begins_on", "pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.label}"

    @property
    def span(self) -> Span:
        return Span(self.begins_on, self.ends_on)
