"""What a customer may use, for whoever shows or configures it: each feature with the package that has it.

The answers are those of `billing.gates`, which is also asked before a flow is configured and before it runs.
"""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from billing import gates
from billing.dates import today
from billing.models import Customer, Edition, Feature, Scope
from sharespine.api.docs_examples import EXAMPLES
from sharespine.api.queries import ID
from sharespine.api.views import ApiView, MerchantView
from sharespine.lib.said import said


class SeesCustomers(BasePermission):
    """Staff who may see customers."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        return bool(user.is_staff and user.has_perm("billing.view_customer"))


class FeatureSerializer(serializers.Serializer[dict[str, object]]):
    """One feature."""

    feature = serializers.ChoiceField(Feature.choices)
    name = serializers.CharField(help_text="As the price list calls it.")
    allowed = serializers.BooleanField()
    granted = serializers.BooleanField(help_text="Allowed by a grant to this customer, not by the package.")
    reason = serializers.CharField(allow_blank=True, help_text="Why it is not allowed, and what can be done about it.")
    package = serializers.CharField(
        allow_blank=True, help_text="The cheapest package that has it, where it is not allowed. Empty where none has it."
    )


class CustomerFeaturesSerializer(serializers.Serializer[dict[str, object]]):
    """What a customer may use on a day, in Sweden."""

    customer = serializers.RegexField(f"^{ID}$", help_text="The id of the customer.")
    day = serializers.DateField()
    package = serializers.CharField(allow_blank=True, help_text="The customer's own. Empty without a subscription.")
    edition = serializers.ChoiceField(Edition.choices, allow_blank=True)
    features = FeatureSerializer(many=True)


class CustomerFeatures(ApiView):
    """What a customer may use today, for staff who are logged in."""

    authentication_classes = (SessionAuthentication,)
    permission_classes = (SeesCustomers,)

    @extend_schema(
        operation_id="customer_features",
        tags=["Staff"],
        summary="Show what a customer may use",
        responses={200: CustomerFeaturesSerializer},
        examples=EXAMPLES["customer_features"],
    )
    def get(self, request: Request, customer: str) -> Response:
        """Every feature: whether the customer may use it today, and if not, why not and which package has it."""
        return Response(_of(get_object_or_404(Customer, pk=int(customer))))


class Features(MerchantView):
    """What the customer whose key it is may use today."""

    scope = Scope.USAGE

    @extend_schema(
        operation_id="features_list",
        tags=["Usage"],
        summary="Show what the package allows",
        responses={200: CustomerFeaturesSerializer},
        examples=EXAMPLES["features_list"],
    )
    def get(self, request: Request) -> Response:
        """Every feature: whether you may use it today, and if not, why not and which package has it."""
        return Response(_of(self.customer))


def _of(customer: Customer) -> dict[str, Any]:
    day = today(timezone.now())
    rights = gates.rights(customer.pk, day)
    return {
        "customer": str(customer.pk),
        "day": day,
        "package": rights.package,
        "edition": rights.edition,
        "features": [_shown(rights.of(feature)) for feature in Feature],
    }


def _shown(verdict: gates.Verdict) -> dict[str, Any]:
    return {
        "feature": verdict.feature,
        "name": str(verdict.feature.label),
        "allowed": verdict.allowed,
        "granted": verdict.granted,
        "reason": said(verdict.reason),
        "package": verdict.package,
    }
