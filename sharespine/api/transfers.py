"""The log of orders on their way, for the merchant's own systems: what became of each, and one more try where that is right."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.models import ApiKey, Customer, Scope
from flows import finding, merchants, services
from flows.models import Event, Transfer
from flows.models.transfers import MILESTONES
from sharespine.api import paging
from sharespine.api.docs import problems
from sharespine.api.docs_examples import EXAMPLES
from sharespine.api.paging import PageQuery
from sharespine.api.problems import Code, Problem
from sharespine.api.queries import ID, DayField, MomentField, utc
from sharespine.api.views import MerchantView
from sharespine.lib.said import said
from sharespine.lib.text import N_, Text

#: Nobody reads more of the history of one order in one go.
EVENTS = 300
#: Days outside are as good as none: databases and time zones have their own ends.
FIRST, LAST = date(1970, 1, 1), date(2900, 1, 1)
NOT_NOW = Text(N_("The order is “%(state)s”: there is nothing that you could try again."))


class TransfersQuery(PageQuery):
    """Which orders are shown."""

    state = serializers.ChoiceField(Transfer.State.choices, required=False)
    flow = serializers.RegexField(f"^{ID}$", required=False, help_text="The id of a flow.")
    search = serializers.CharField(
        required=False,
        max_length=100,
        help_text="An order number, a number in the ERP or a reference; the beginning of one; or the buyer's name.",
    )
    placed_from = DayField(required=False, help_text="The first day on which the order was placed, where the customer is.")
    placed_to = DayField(required=False, help_text="The last day on which the order was placed.")
    changed_since = MomentField(required=False, help_text="Only what has changed since then, that moment included.")


class FlowSerializer(serializers.Serializer[dict[str, Any]]):
    """What an order goes through."""

    id = serializers.RegexField(f"^{ID}$")
    name = serializers.CharField()


class TransferSerializer(serializers.Serializer[dict[str, Any]]):
    """Where one order is on its way. Amounts are decimals as text, times are in UTC; what is not known is null."""

    id = serializers.RegexField(f"^{ID}$")
    kind = serializers.ChoiceField(Transfer.Kind.choices)
    number = serializers.CharField(allow_blank=True, help_text="The number of the order in the shop.")
    source_id = serializers.CharField(help_text="The id of the order in the shop.")
    reference = serializers.CharField(help_text="What we call the order in the ERP, where that can be searched.")
    flow = FlowSerializer()
    shop = serializers.CharField()
    erp = serializers.CharField()
    state = serializers.ChoiceField(Transfer.State.choices)
    state_text = serializers.CharField(help_text="The state in words.")
    changed_after = serializers.BooleanField(help_text="The order changed in the shop after it was sent.")
    acts = serializers.ChoiceField(Transfer.Acts.choices, help_text="Who has to do something before the order can go on.")
    acts_text = serializers.CharField()
    message = serializers.CharField(allow_blank=True, help_text="What happened, why, and what is to be done about it.")
    error_code = serializers.CharField(allow_blank=True, help_text="The kind of error. Stays the same in all languages.")
    can_retry = serializers.BooleanField(help_text="Whether it can be tried again with this API.")
    currency = serializers.CharField(allow_blank=True)
    total = serializers.DecimalField(14, 2, allow_null=True, help_text="In the shop, including VAT.")
    erp_total = serializers.DecimalField(14, 2, allow_null=True, help_text="In the ERP, including VAT.")
    erp_number = serializers.CharField(allow_blank=True, help_text="The number of the document in the ERP.")
    erp_state = serializers.ChoiceField(MILESTONES, allow_blank=True, help_text="How far the document has come, if followed.")
    placed_at = MomentField(allow_null=True)
    sent_at = MomentField(allow_null=True)
    next_try_at = MomentField(allow_null=True, help_text="When it is tried again by itself.")
    first_seen_at = MomentField()
    changed_at = MomentField(help_text="When anything of this last changed.")


class TransferEventSerializer(serializers.Serializer[dict[str, Any]]):
    """One thing that happened to an order."""

    at = MomentField()
    kind = serializers.ChoiceField(Event.Kind.choices)
    kind_text = serializers.CharField()
    text = serializers.CharField(allow_blank=True)


class TransferDetailSerializer(TransferSerializer):
    """An order with what happened to it, the oldest first: the latest 300 events."""

    timeline = TransferEventSerializer(many=True)


class TransferPageSerializer(serializers.Serializer[dict[str, Any]]):
    """A page of the log, the newest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = TransferSerializer(many=True)


class TransferView(MerchantView):
    """A view of the orders of the customer whose key it is."""

    scope = Scope.TRANSFERS

    def transfers(self) -> QuerySet[Transfer]:
        mine = Transfer.objects.filter(customer=self.customer)
        return mine.select_related("flow__shop", "flow__connection__erp", "erp").defer("payload")

    def one(self, transfer: str) -> Transfer:
        found = self.transfers().filter(pk=int(transfer)).first()
        if found is None:
            raise Http404
        return found


class Transfers(TransferView):
    """The log of orders."""

    query = TransfersQuery

    @extend_schema(
        operation_id="transfers_list",
        tags=["Transfers"],
        summary="List orders",
        parameters=[TransfersQuery],
        responses={200: TransferPageSerializer},
        examples=EXAMPLES["transfers_list"],
    )
    def get(self, request: Request) -> Response:
        """Orders and credit notes, the newest first, page by page.

        To keep a copy up to date, ask with `changed_since` and the moment at which you last began to ask.
        """
        rows = _narrowed(self.transfers(), self.asked, self.customer)
        return paging.answer(request, paging.page(rows, self.asked), _shown)


class TransferDetail(TransferView):
    """One order."""

    @extend_schema(
        operation_id="transfers_get",
        tags=["Transfers"],
        summary="Show an order and what happened to it",
        responses={200: TransferDetailSerializer},
        examples=EXAMPLES["transfers_get"],
    )
    def get(self, request: Request, transfer: str) -> Response:
        """One order, with its way in plain words."""
        return Response(_detailed(self.one(transfer)))


class TransferRetry(TransferView):
    """One more try."""

    @extend_schema(
        operation_id="transfers_retry",
        tags=["Transfers"],
        summary="Try an order again",
        request=None,
        responses={200: TransferDetailSerializer, **problems(Code.CONFLICT)},
        examples=EXAMPLES["transfers_retry"],
    )
    def post(self, request: Request, transfer: str) -> Response:
        """Puts an order first in the queue, as it is in the shop by then. `can_retry` says whether it can be.

        What may be in the ERP already is looked up there first: an order is never sent twice, however often this is called.
        """
        found = self.one(transfer)
        outcome = services.retry(merchants.retryable(Transfer.objects.filter(pk=found.pk)), actor=_actor(request))
        if not outcome.done:
            raise Problem(Code.CONFLICT, Text(NOT_NOW.message, {"state": str(found.get_state_display())}))
        return Response(_detailed(self.one(transfer)))


def _actor(request: Request) -> str:
    key = request.auth
    return f"API: {key.name}" if isinstance(key, ApiKey) else ""


def _narrowed(rows: QuerySet[Transfer], asked: dict[str, Any], customer: Customer) -> QuerySet[Transfer]:
    if "state" in asked:
        rows = rows.filter(state=asked["state"])
    if "flow" in asked:
        rows = rows.filter(flow=int(asked["flow"]))
    if "placed_from" in asked:
        rows = rows.filter(placed_at__gte=_begin(asked["placed_from"], customer))
    if "placed_to" in asked:
        rows = rows.filter(placed_at__lt=_begin(min(asked["placed_to"], LAST) + timedelta(days=1), customer))
    if "changed_since" in asked:
        rows = rows.filter(updated_at__gte=asked["changed_since"])
    if "search" in asked:
        rows = rows.filter(pk__in=finding.matching(Transfer.objects.all(), asked["search"], customer=customer.pk))
    return rows


def _begin(day: date, customer: Customer) -> datetime:
    """When a day begins where the customer is."""
    within = max(FIRST, min(day, LAST))
    return datetime.combine(within, time.min, tzinfo=ZoneInfo(customer.time_zone)).astimezone(UTC)


def _detailed(transfer: Transfer) -> dict[str, Any]:
    newest = list(transfer.events.order_by("-id").defer("data")[:EVENTS])
    return {**_shown(transfer), "timeline": [_event(event) for event in reversed(newest)]}


def _event(event: Event) -> dict[str, Any]:
    return {"at": utc(event.at), "kind": event.kind, "kind_text": event.get_kind_display(), "text": said(event.text)}


def _shown(transfer: Transfer) -> dict[str, Any]:
    return {
        "id": str(transfer.pk),
        "kind": transfer.kind,
        "number": transfer.number,
        "source_id": transfer.source_id,
        "reference": transfer.reference,
        "flow": {"id": str(transfer.flow_id), "name": str(transfer.flow)},
        "shop": transfer.flow.shop.name,
        "erp": transfer.erp.name,
        "state": transfer.state,
        "state_text": transfer.get_state_display(),
        "changed_after": transfer.attention,
        "acts": transfer.acts,
        "acts_text": transfer.get_acts_display(),
        "message": said(transfer.message),
        "error_code": transfer.error_code,
        "can_retry": merchants.may_retry(transfer),
        "currency": transfer.currency,
        "total": _amount(transfer.total),
        "erp_total": _amount(transfer.target_total),
        "erp_number": transfer.target_id,
        "erp_state": transfer.milestone,
        "placed_at": utc(transfer.placed_at),
        "sent_at": utc(transfer.sent_at),
        "next_try_at": utc(transfer.due_at) if transfer.state == Transfer.State.RETRYING else None,
        "first_seen_at": utc(transfer.created_at),
        "changed_at": utc(transfer.updated_at),
    }


def _amount(value: Any) -> str | None:
    return None if value is None else f"{value:.2f}"
