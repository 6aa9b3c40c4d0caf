"""The ledger of everything that is not a document: one row per article, or per order whose status is followed, and flow."""

from __future__ import annotations

import re
from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _

from connectors.base import Register
from flows.models.flows import Flow
from flows.models.runs import Run
from flows.models.texts import TextColumn
from flows.models.transfers import Transfer
from sharespine.lib import display
from sharespine.lib.indexes import PrefixIndex

#: As `flows.deciding` says a price, and a quantity.
_PRICE = re.compile(r"(-?\d+(?:\.\d+)?) ([A-Z]{3})(?: \((-?\d+(?:\.\d+)?)\))?")
_QUANTITY = re.compile(r"-?\d+(?:\.\d+)?")


class Item(models.Model):
    """Where one article, or the status of one order, is in one flow. Only `flows.ledger` writes here.

    Unlike a document, an item may be written any number of times: what counts is that the target ends as the source says.
    `payload` is the record as the source told it last, `written_hash` what the target was last brought to. `recheck` says that
    the target may have changed by itself since then. A run of the flow holds all its items: there is one live run per flow.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("up to date")
        RETRYING = "retrying", _("to be retried")
        SKIPPED = "skipped", _("skipped")
        STOPPED = "stopped", _("stopped")

    flow = models.ForeignKey(Flow, models.PROTECT, verbose_name=_("flow"), related_name="items", db_index=False)
    run = models.ForeignKey(Run, models.SET_NULL, verbose_name=_("run"), related_name="+", null=True, blank=True)
    source_id = models.CharField(_("id in the source"), max_length=100)
    #: The article number in lower case, as the systems compare it; of an order our reference.
    key = models.CharField(max_length=120, blank=True)
    number = models.CharField(_("article or order"), max_length=100, blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    payload = models.JSONField(_("record"), default=dict, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    acts = models.CharField(_("who acts"), max_length=10, choices=Transfer.Acts, default=Transfer.Acts.NOBODY)
    error_code = models.CharField(_("error code"), max_length=50, blank=True)
    message = TextColumn(_("what happened"))
    #: The message without its values: the same cause on forty articles is one group.
    cause = models.CharField(_("cause"), max_length=300, blank=True)

    target_id = models.CharField(_("id in the target"), max_length=100, blank=True)
    written_hash = models.CharField(max_length=64, blank=True)
    #: What the target was last brought to, in words for people: a quantity, a price, a status.
    written = models.CharField(_("last written"), max_length=200, blank=True)
    written_at = models.DateTimeField(_("written"), null=True, blank=True)
    recheck = models.BooleanField(default=False)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    seen_at = models.DateTimeField(_("last seen in the source"))
    created_at = models.DateTimeField(_("first seen"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["flow", "source_id"], name="one_item_per_record")]
        indexes = [
            models.Index(fields=["flow", "key"], name="item_by_key"),
            models.Index(fields=["flow", "due_at", "id"], name="item_next", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["-id", "flow"], name="item_stopped", condition=models.Q(state="stopped")),
            # What a flow has, newest first; and of one state, which is few but for those that are up to date.
            models.Index(fields=["flow", "-id"], name="item_by_flow"),
            models.Index(fields=["state", "flow", "-id"], name="item_by_state"),
            PrefixIndex(fields=["number", "flow"], name="item_number"),
        ]

    def __str__(self) -> str:
        return self.number or self.source_id

    @property
    def written_as_read(self) -> str:
        """`written` with numbers as the reader writes them: `80,00 kr (60,00 kr)` for `80.00 SEK (60.00)`."""
        register = self.flow.register
        if register in (Register.PRICES, Register.PRICE_LISTS) and (price := _PRICE.fullmatch(self.written)):
            regular, currency, sale = price.groups()
            amounts = [display.exact_amount(Decimal(each), currency) for each in (regular, sale) if each]
            return amounts[0] if sale is None else f"{amounts[0]} ({amounts[1]})"
        if register == Register.STOCK and _QUANTITY.fullmatch(self.written):
            return display.number(Decimal(self.written))
        # A name, which may look like either.
        return self.written
