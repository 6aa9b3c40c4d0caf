"""Which plugins a connection has chosen, and how each is set."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from flows.models.connections import Connection
from flows.models.texts import TextColumn
from sharespine.lib.secrets import EncryptedJSONField


class ConnectionPlugin(models.Model):
    """A plugin on a connection. `name` is that of its entry point; it need not be installed, but then its records stop.

    `failure` is what went wrong last, at `failed_at`; it stays until the settings change, so that nobody misses it.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, verbose_name=_("connection"), related_name="plugins")
    name = models.CharField(_("plugin"), max_length=100)
    active = models.BooleanField(_("switched on"), default=True)
    position = models.PositiveSmallIntegerField(
        _("order"), default=10, help_text=_("Where there are several, the lowest number comes first.")
    )
    #: Per call, in seconds.
    time_limit = models.DecimalField(
        _("time limit in seconds"),
        max_digits=4,
        decimal_places=1,
        default=Decimal(2),
        validators=[MinValueValidator(Decimal("0.1")), MaxValueValidator(Decimal(10))],
        help_text=_("For each thing that it is asked. A record on which it takes longer stops."),
    )
    options = models.JSONField(_("options"), default=dict, blank=True)
    secrets = EncryptedJSONField(_("credentials"), blank=True, default=dict)
    failure = TextColumn(_("last failure"))
    failed_at = models.DateTimeField(_("failed"), null=True, blank=True, editable=False)

    history = HistoricalRecords(
        excluded_fields=["secrets", "failure", "failed_at"],
        verbose_name=_("change of plugin"),
        verbose_name_plural=_("changes of plugins"),
    )

    class Meta:
        verbose_name = _("plugin")
        verbose_name_plural = _("plugins")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "name"],
                name="one_plugin_per_connection",
                violation_error_message=_("This connection has this plugin already."),
            )
        ]

    def __str__(self) -> str:
        return self.name
