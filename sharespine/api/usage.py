"""How many orders of the month are used, and what will become of the rest, for the merchant's own systems."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing import caps, standing
from billing.caps import Usage
from billing.models import Scope, Subscription
from billing.models.usage import Notice
from sharespine.api.docs_examples import EXAMPLES
from sharespine.api.queries import MomentField, utc
from sharespine.api.views import MerchantView

MONTH = r"^[0-9]{4}-[0-9]{2}$"


class MonthSerializer(serializers.Serializer[dict[str, Any]]):
    """A month that is over."""

    month = serializers.RegexField(MONTH)
    used = serializers.IntegerField(min_value=0)
    cap = serializers.IntegerField(min_value=0, help_text="How many there was room for at its end.")


class UsageSerializer(serializers.Serializer[dict[str, Any]]):
    """The orders of this month. Months begin at midnight in Stockholm."""

    month = serializers.RegexField(MONTH)
    used = serializers.IntegerField(min_value=0)
    cap = serializers.IntegerField(
        min_value=0, help_text="How many there is room for. Nought without a subscription, and while it is paused."
    )
    left = serializers.IntegerField(min_value=0)
    percent = serializers.IntegerField(min_value=0, help_text="How much is used, rounded down.")
    forecast = serializers.IntegerField(min_value=0, help_text="How many there will be at the end if it goes on like this.")
    level = serializers.ChoiceField(
        Notice.Kind.choices, allow_blank=True, help_text="What there is to be told, the worst of it. Empty: nothing."
    )
    room_again_at = MomentField(help_text="When the next month begins, and orders that wait for room go on.")
    history = MonthSerializer(many=True, help_text="The months before this one in which anything was sent, the latest first.")


class UsageNow(MerchantView):
    """The orders of the month."""

    scope = Scope.USAGE

    @extend_schema(
        operation_id="usage_get",
        tags=["Usage"],
        summary="Show the orders of the month",
        responses={200: UsageSerializer},
        examples=EXAMPLES["usage_get"],
    )
    def get(self, request: Request) -> Response:
        """How many orders were transferred this month, how many there is room for, and how it will end; twelve months back."""
        now, customer = timezone.now(), self.customer
        subscriptions = Subscription.objects.filter(customer=customer).prefetch_related("terms", "grants")
        history = standing.history(subscriptions, customer.pk, at=now)
        usage = caps.usage(customer.pk, at=now)
        answer = {
            **_month(usage),
            "left": usage.room,
            "percent": usage.percent,
            "forecast": usage.forecast,
            "level": usage.level or "",
            "room_again_at": utc(caps.room_again_at(now)),
            "history": [_month(one) for one in history],
        }
        return Response(answer)


def _month(usage: Usage) -> dict[str, Any]:
    return {"month": f"{usage.month:%Y-%m}", "used": usage.used, "cap": usage.cap}
