"""The service account of a merchant, for its own systems: what is left, and what came and went. In minutes."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing import hours
from billing.models import Entry, Scope
from billing.statements import reason
from sharespine.api import paging
from sharespine.api.docs_examples import EXAMPLES
from sharespine.api.paging import PageQuery
from sharespine.api.queries import ID
from sharespine.api.views import MerchantView


class HoursSerializer(serializers.Serializer[dict[str, Any]]):
    """What is left of the service hours."""

    balance = serializers.IntegerField(help_text="In minutes. Below nought: more was worked than was bought.")


class EntrySerializer(serializers.Serializer[dict[str, Any]]):
    """Minutes that came or went. Entries are never changed: one that was wrong is taken back by another."""

    id = serializers.RegexField(f"^{ID}$")
    day = serializers.DateField(help_text="In Sweden.")
    kind = serializers.ChoiceField(Entry.Kind.choices)
    kind_text = serializers.CharField()
    category = serializers.CharField(allow_blank=True, help_text="What kind of work it was.")
    text = serializers.CharField(help_text="What was done or bought.")
    reason = serializers.CharField(allow_blank=True, help_text="Why an entry was taken back.")
    about = serializers.CharField(allow_blank=True, help_text="The order or connection that the work was for.")
    by = serializers.CharField(help_text="Who did it.")
    minutes = serializers.IntegerField(help_text="How long the work took, or how much was bought.")
    change = serializers.IntegerField(help_text="What it did to the balance, in minutes. Nought: free of charge.")
    balance = serializers.IntegerField(help_text="What was left after it, in minutes.")


class EntryPageSerializer(serializers.Serializer[dict[str, Any]]):
    """A page of the account, what was entered last first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = EntrySerializer(many=True)


class Hours(MerchantView):
    """What is left."""

    scope = Scope.HOURS

    @extend_schema(
        operation_id="hours_get",
        tags=["Service hours"],
        summary="Show what is left of the service hours",
        responses={200: HoursSerializer},
        examples=EXAMPLES["hours_get"],
    )
    def get(self, request: Request) -> Response:
        """The balance of the service account, in minutes."""
        return Response({"balance": hours.balance(self.customer)})


class Entries(MerchantView):
    """What came and went."""

    scope = Scope.HOURS
    query = PageQuery

    @extend_schema(
        operation_id="hours_entries_list",
        tags=["Service hours"],
        summary="List the entries of the service account",
        parameters=[PageQuery],
        responses={200: EntryPageSerializer},
        examples=EXAMPLES["hours_entries_list"],
    )
    def get(self, request: Request) -> Response:
        """The entries of the service account, what was entered last first, page by page."""
        rows = Entry.objects.filter(account__customer=self.customer).select_related("category")
        return paging.answer(request, paging.page(rows, self.asked), _shown)


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "id": str(entry.pk),
        "day": entry.day,
        "kind": entry.kind,
        "kind_text": entry.get_kind_display(),
        "category": str(entry.category or ""),
        "text": hours.wording(entry),
        # Why the account may go below nought is between us.
        "reason": reason(entry),
        "about": entry.about,
        "by": entry.by,
        "minutes": entry.minutes,
        "change": entry.change,
        "balance": entry.balance,
    }
