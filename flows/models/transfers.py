"""The ledger: one row per source record and flow, and everything that happened to it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models import Customer
from connectors.errors import WhoActs
from connectors.progress import Milestone
from flows.models.endpoints import Endpoint
from flows.models.flows import Flow
from flows.models.runs import Run
from flows.models.texts import TextColumn
from sharespine.lib.indexes import PrefixIndex

#: Stopped, uncertain, or changed in the shop after the transfer. Written so that SQLite recognises its index in a query, too:
#: with "in" it does not.
NEEDS_SOMEBODY = models.Q(state="stopped") | models.Q(state="uncertain") | models.Q(attention=True)

MILESTONES = [
    (Milestone.PARTLY_DELIVERED, _("partly delivered")),
    (Milestone.DELIVERED, _("delivered")),
    (Milestone.INVOICED, _("invoiced")),
    (Milestone.PAID, _("paid")),
    (Milestone.CANCELLED, _("cancelled")),
]


class Transfer(models.Model):
    """Where one order is on its way. Only `flows.ledger` writes here.

    A claim is `owner` + `lease_until` (database clock) + `fence`, which grows with every claim: a worker that was away too
    long no longer matches the fence and cannot write. While a claim is held, `busy_party` and `busy_email` hold the ERP
    endpoint and what the buyer may be recognised by, and the database lets nobody else hold the same. `serial` counts attempts
    that certainly had no effect: with `reference` it makes the idempotency key, so that an attempt whose outcome is unknown is
    repeated under the same key.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")
        RETRYING = "retrying", _("to be retried")
        HELD = "held", _("waiting for room")
        STOPPED = "stopped", _("stopped")
        UNCERTAIN = "uncertain", _("uncertain")
        SKIPPED = "skipped", _("skipped")
        UNCHANGED = "unchanged", _("unchanged")

    #: Work that is due once its time has come. `SENDING` is here for workers that vanished: their lease runs out.
    OPEN = (State.WAITING, State.RETRYING, State.UNCERTAIN, State.SENDING)
    #: Somebody should look at these.
    TROUBLE = (State.STOPPED, State.UNCERTAIN)

    class Acts(models.TextChoices):
        NOBODY = WhoActs.NOBODY, _("nobody")
        MERCHANT = WhoActs.MERCHANT, _("the merchant")
        STAFF = WhoActs.STAFF, _("support")
        US = WhoActs.US, _("development")

    # Not indexed by themselves: an index below begins with each of them, and every index is written to at every change.
    flow = models.ForeignKey(Flow, models.PROTECT, verbose_name=_("flow"), related_name="transfers", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, verbose_name=_("customer"), related_name="transfers", db_index=False)
    erp = models.ForeignKey(Endpoint, models.PROTECT, verbose_name=_("ERP"), related_name="+", db_index=False)
    run = models.ForeignKey(Run, models.SET_NULL, verbose_name=_("run"), related_name="transfers", null=True, blank=True)

    class Kind(models.TextChoices):
        ORDER = "order", _("order")
        CREDIT = "credit", _("credit note")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.ORDER, db_default=Kind.ORDER)
    source_id = models.CharField(_("id in the shop"), max_length=100)
    number = models.CharField(_("order number"), max_length=100, blank=True)
    buyer = models.CharField(_("buyer"), max_length=200, blank=True)
    party_key = models.CharField(max_length=120, blank=True)
    email_key = models.CharField(max_length=120, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    total = models.DecimalField(_("total incl. VAT"), max_digits=14, decimal_places=2, null=True, blank=True)
    placed_at = models.DateTimeField(_("placed"), null=True, blank=True)
    modified_at = models.DateTimeField(_("changed in the shop"), null=True, blank=True)
    payload = models.JSONField(_("record"), default=dict, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    document_hash = models.CharField(max_length=64, blank=True)

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    acts = models.CharField(_("who acts"), max_length=10, choices=Acts, default=Acts.NOBODY)
    error_code = models.CharField(_("error code"), max_length=50, blank=True)
    message = TextColumn(_("what happened"))
    #: The message without its values: the same cause on forty orders is one group.
    cause = models.CharField(_("cause"), max_length=300, blank=True)
    attention = models.BooleanField(_("changed after transfer"), default=False)

    reference = models.CharField(_("our reference"), max_length=120)
    target_kind = models.CharField(_("document"), max_length=30, blank=True)
    target_id = models.CharField(_("number in the ERP"), max_length=100, blank=True)
    target_total = models.DecimalField(_("total in the ERP"), max_digits=14, decimal_places=2, null=True, blank=True)
    #: The furthest that the document has come in the ERP, as far as order status is followed.
    milestone = models.CharField(
        _("state in the ERP"), max_length=20, choices=MILESTONES, blank=True, default="", db_default=""
    )
    sent_hash = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    serial = models.PositiveIntegerField(default=0)
    crashes = models.PositiveIntegerField(_("workers lost"), default=0)
    #: An attempt may have had an effect: the order is looked up in the ERP before anything is sent again.
    in_doubt = models.BooleanField(default=False)
    looked_up = models.BooleanField(default=False)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    owner = models.CharField(max_length=100, blank=True)
    fence = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    busy_party = models.CharField(max_length=150, null=True, blank=True, unique=True)
    busy_email = models.CharField(max_length=150, null=True, blank=True, unique=True)
    created_at = models.DateTimeField(_("first seen"), auto_now_add=True)
    updated_at = models.DateTimeField(_("last change"), auto_now=True)
    #: When the details were removed: the buyer, the record and what was sent. What shows a second time fills them in again.
    slimmed_at = models.DateTimeField(_("details removed"), null=True, blank=True)

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["flow", "source_id"], name="one_transfer_per_record"),
            models.UniqueConstraint(fields=["erp", "reference"], name="one_transfer_per_reference"),
        ]
        indexes = [
            # To its end in the order in which they are claimed: a hundred thousand may be due at the same time.
            models.Index(fields=["flow", "due_at", "id"], name="transfer_next", condition=models.Q(due_at__isnull=False)),
            # The few that are claimed, among all that ever were.
            models.Index(
                fields=["flow", "lease_until"], name="transfer_claimed", condition=models.Q(lease_until__isnull=False)
            ),
            # Those that begin anew: looked for at each poll, and hardly ever there.
            models.Index(
                fields=["flow", "id"],
                name="transfer_again",
                condition=models.Q(state="waiting", attempts=0, fence__gt=0, lease_until__isnull=True),
            ),
            models.Index(fields=["state", "-id"], name="transfer_by_state"),
            models.Index(fields=["customer", "due_at", "id"], name="transfer_held", condition=models.Q(state="held")),
            # With what the orders of one customer are narrowed by: the largest has tens of thousands.
            models.Index(fields=["customer", "-id", "state", "flow", "placed_at"], name="transfer_by_customer"),
            # With the customer: what one had sent on a day is counted here, without a look at the orders of others.
            models.Index(
                fields=["sent_at", "customer"], name="transfer_sent_customer", condition=models.Q(sent_at__isnull=False)
            ),
            models.Index(fields=["-id", "attention"], name="transfer_attention", condition=models.Q(attention=True)),
            # What needs somebody, with all that its list, its counts and its causes are made of: one look at a small index.
            models.Index(
                fields=["-id", "state", "attention", "acts", "error_code", "cause", "customer", "placed_at", "updated_at"],
                name="transfer_needs",
                condition=NEEDS_SOMEBODY,
            ),
            models.Index(
                fields=["customer", "-id", "state", "attention"], name="transfer_needs_customer", condition=NEEDS_SOMEBODY
            ),
            models.Index(fields=["-placed_at", "-id"], name="transfer_placed"),
            # With the customer: what a merchant finds is picked out here, without a look at the orders of others.
            PrefixIndex(fields=["number", "customer"], name="transfer_number"),
            PrefixIndex(fields=["target_id", "customer"], name="transfer_target"),
            PrefixIndex(fields=["buyer", "customer"], name="transfer_buyer", condition=models.Q(buyer__gt="")),
            # Only "is null", which SQLite recognises in a query whatever its parameters are.
            models.Index(
                fields=["updated_at"],
                name="transfer_to_slim",
                condition=models.Q(slimmed_at__isnull=True, due_at__isnull=True, lease_until__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.number or self.source_id

    @property
    def key(self) -> str:
        """The idempotency key of the attempt that is due: the same until an attempt certainly had no effect."""
        return f"{self.reference}:{self.serial}"


class Event(models.Model):
    """One thing that happened to a transfer, in words that a merchant understands. Removed with time, never by hand."""

    class Kind(models.TextChoices):
        CAPTURED = "captured", _("fetched")
        CHANGED = "changed", _("changed in the shop")
        SKIPPED = "skipped", _("skipped")
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")
        FOUND = "found", _("found in the ERP")
        NOT_FOUND = "not_found", _("not found in the ERP")
        RETRYING = "retrying", _("to be retried")
        STOPPED = "stopped", _("stopped")
        HELD = "held", _("waiting for room")
        UNCERTAIN = "uncertain", _("uncertain")
        ATTENTION = "attention", _("changed after transfer")
        NOTICE = "notice", _("notice")
        STAFF = "staff", _("by hand")
        STATUS = "status", _("status in the shop")

    transfer = models.ForeignKey(Transfer, models.CASCADE, verbose_name=_("transfer"), related_name="events")
    run = models.ForeignKey(Run, models.SET_NULL, verbose_name=_("run"), null=True, blank=True, related_name="+")
    at = models.DateTimeField(_("when"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    text = TextColumn(_("what happened"))
    actor = models.CharField(_("by"), max_length=150, blank=True)
    #: What was sent or what came back, masked: for staff.
    data = models.JSONField(_("details"), default=dict, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.text)
