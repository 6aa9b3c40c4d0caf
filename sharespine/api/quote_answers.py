"""What a quote says, as it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from billing.models import AddOnKind, Edition, Feature
from flows import planner
from sharespine.api.catalogue import AmountSerializer, FeatureNameSerializer
from sharespine.api.queries import MomentField


class SystemNameSerializer(serializers.Serializer[Mapping[str, Any]]):
    """A shop or an ERP of the quote."""

    key = serializers.CharField()
    name = serializers.CharField()


class VatSerializer(serializers.Serializer[Mapping[str, Any]]):
    """The VAT that the amounts with VAT hold."""

    rate = serializers.CharField(help_text="In percent.")
    note = serializers.CharField(allow_blank=True, help_text="Why there is none, where there is none.")


class LackSerializer(serializers.Serializer[Mapping[str, Any]]):
    """One thing that a package lacks."""

    what = serializers.CharField(help_text="The key of a feature, or “orders”.")
    text = serializers.CharField()


class RowSerializer(AmountSerializer):
    """One thing that is paid for."""

    kind = serializers.ChoiceField(["subscription", "shop", "gateway", "installation"])
    name = serializers.CharField(allow_blank=True, help_text="The shop or the gateway.")
    text = serializers.CharField()


class CostSerializer(AmountSerializer):
    """What is paid, row by row, and the sum. The VAT of the sum is worked out from the sum, as on the invoice."""

    rows = RowSerializer(many=True)


class QuotedAddOnSerializer(serializers.Serializer[Mapping[str, Any]]):
    """A further shop, or the reconciliation of a gateway."""

    kind = serializers.ChoiceField(AddOnKind.choices)
    name = serializers.CharField(help_text="The shop or the gateway.")
    monthly = AmountSerializer(allow_null=True, help_text="What it costs a month. Null where that is agreed.")


class QuotedPackageSerializer(serializers.Serializer[Mapping[str, Any]]):
    """A package put to the wishes."""

    package = serializers.CharField(help_text="Its code.")
    name = serializers.CharField()
    on_request = serializers.BooleanField(help_text="Whether the price is agreed with each customer.")
    order_cap = serializers.IntegerField(allow_null=True, help_text="How many orders a month it holds.")
    features = serializers.ListField(child=serializers.ChoiceField(Feature.choices), help_text="What it has.")
    covers = serializers.BooleanField(help_text="Whether it lacks nothing.")
    lacks = LackSerializer(many=True)
    monthly = CostSerializer(allow_null=True, help_text="With the add-ons that it can have. Null where it is agreed.")
    once = CostSerializer(allow_null=True, help_text="Paid once. Null where it is agreed.")


class RequiredModuleSerializer(serializers.Serializer[Mapping[str, Any]]):
    """Something that the customer must have in one of the systems."""

    system = serializers.CharField()
    system_name = serializers.CharField()
    module = serializers.CharField()
    name = serializers.CharField()
    mandatory = serializers.BooleanField()


class ImpossibleSerializer(serializers.Serializer[Mapping[str, Any]]):
    """Something that cannot be done with these systems or in this edition. No package is asked to have it."""

    what = serializers.CharField(help_text="The key of a wish, or of a register that the main flow moves.")
    name = serializers.CharField()
    shop = serializers.CharField(allow_null=True, help_text="With which shop. Null: with none.")
    shop_name = serializers.CharField(allow_null=True)
    reasons = serializers.ListField(child=serializers.CharField())


class QuoteSerializer(serializers.Serializer[Mapping[str, Any]]):
    """What was offered. It never changes; only its words follow the language that is asked for."""

    number = serializers.CharField(help_text="What it is fetched and signed up by. Nobody can guess another's.")
    created_at = MomentField()
    valid_until = serializers.DateField(help_text="The last day, in Sweden, on which one can sign up at these prices.")
    edition = serializers.ChoiceField(Edition.choices)
    shops = SystemNameSerializer(many=True)
    erp = SystemNameSerializer()
    main_flow = serializers.ChoiceField(list(planner.TABLE), allow_null=True)
    main_flow_name = serializers.CharField(allow_null=True)
    orders_per_month = serializers.IntegerField()
    needs = FeatureNameSerializer(many=True, help_text="The features that the wishes take.")
    currency = serializers.ChoiceField(["SEK"])
    vat = VatSerializer()
    recommended = serializers.CharField(
        allow_null=True,
        help_text="The code of the cheapest package that covers everything. One on request only if no other does.",
    )
    add_ons = QuotedAddOnSerializer(many=True, help_text="What is needed beside a package, each at a price a month.")
    packages = QuotedPackageSerializer(many=True)
    modules = RequiredModuleSerializer(many=True)
    impossible = ImpossibleSerializer(many=True)
    warnings = serializers.ListField(child=serializers.CharField())
