"""The three main flows, and what a pair of systems can do of them: public, and the same for everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.dates import today
from billing.models import Edition, Feature, Offer
from connectors.base import Connector, Direction, Register, Role
from connectors.fields import LABELS
from connectors.matrix import WAYS
from flows import planner
from sharespine import sales
from sharespine.api.catalogue import KEPT, TAG, cheapest
from sharespine.api.queries import Query
from sharespine.api.sales_examples import EXAMPLES
from sharespine.api.systems import SystemField
from sharespine.api.views import PublicView
from sharespine.lib.said import said


class NeededPackageSerializer(serializers.Serializer[Mapping[str, Any]]):
    """The smallest package of an edition that has what is needed."""

    edition = serializers.ChoiceField(Edition.choices)
    package = serializers.CharField()
    name = serializers.CharField()


class MovedRegisterSerializer(serializers.Serializer[Mapping[str, Any]]):
    """One register that a main flow moves."""

    register = serializers.ChoiceField([str(register) for register in Register])
    name = serializers.CharField()
    direction = serializers.ChoiceField([str(direction) for direction in Direction])
    way = serializers.CharField(help_text="The direction in words.")
    optional = serializers.BooleanField(help_text="Whether the main flow is whole without it.")
    packages = NeededPackageSerializer(many=True)
    possible = serializers.BooleanField(
        allow_null=True, help_text="Whether the pair of systems can do it. Null where no pair was named."
    )
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Why the pair cannot do it.")


class MainFlowSerializer(serializers.Serializer[Mapping[str, Any]]):
    """Which side leads, and what follows from it."""

    main_flow = serializers.ChoiceField(list(planner.TABLE), help_text="As quotes name it.")
    name = serializers.CharField()
    packages = NeededPackageSerializer(many=True)
    registers = MovedRegisterSerializer(many=True)


class MainFlowsSerializer(serializers.Serializer[Mapping[str, Any]]):
    """The main flows, in general or of a pair of systems."""

    shop = serializers.CharField(allow_null=True)
    erp = serializers.CharField(allow_null=True)
    main_flows = MainFlowSerializer(many=True)


class PairQuery(Query):
    """Which pair of systems: both or none."""

    shop = SystemField(Role.SHOP, required=False, help_text="The key of a shop. With it belongs “erp”.")
    erp = SystemField(Role.ERP, required=False, help_text="The key of an ERP. With it belongs “shop”.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for one, other in (("shop", "erp"), ("erp", "shop")):
            if one in attrs and other not in attrs:
                raise serializers.ValidationError({other: gettext("Name both systems of the pair, or neither.")})
        checked: dict[str, Any] = super().validate(attrs)
        return checked


class MainFlows(PublicView):
    """The three main flows."""

    kept = KEPT

    @extend_schema(
        operation_id="main_flows",
        summary="Main flows",
        tags=[TAG],
        parameters=[PairQuery],
        responses=MainFlowsSerializer,
        examples=EXAMPLES["main_flows"],
    )
    def get(self, request: Request) -> Response:
        """Which register goes which way in each main flow, and the package that it takes.

        With a shop and an ERP it also says what that pair can and cannot do of it, with the reasons.
        """
        asked = PairQuery.of(request)
        pair = (asked["shop"], asked["erp"]) if asked else None
        editions = pair[1].manifest.editions if pair else list(Edition)
        day = today(timezone.now())
        offers = {str(edition): Offer.on(day, str(edition)) for edition in editions}
        return Response(
            {
                "shop": pair[0].manifest.key if pair else None,
                "erp": pair[1].manifest.key if pair else None,
                "main_flows": [_main_flow(main_flow, pair, offers) for main_flow in planner.TABLE],
            }
        )


Offers = Mapping[str, Sequence[Offer]]


def _main_flow(main_flow: str, pair: tuple[type[Connector], type[Connector]] | None, offers: Offers) -> dict[str, Any]:
    reasons = {planned.register: planned.reasons for planned in planner.plan(main_flow, *pair)} if pair else {}
    return {
        "main_flow": main_flow,
        "name": gettext(sales.MAIN_FLOWS[main_flow]),
        "packages": _packages(offers, sales.needed_by(main_flow)),
        "registers": [
            {
                "register": str(register),
                "name": gettext(LABELS[register]),
                "direction": str(direction),
                "way": gettext(WAYS[direction]),
                "optional": register in planner.OPTIONAL,
                "packages": _packages(offers, sales.needed_for(main_flow, register)),
                "possible": not reasons[register] if pair else None,
                "reasons": [said(reason) for reason in reasons.get(register, ())],
            }
            for register, direction in planner.TABLE[main_flow].items()
        ],
    }


def _packages(offers: Offers, features: Sequence[Feature]) -> list[dict[str, str]]:
    """The smallest package of each edition that has all of `features`; an edition that has none is left out."""
    found = ((edition, cheapest(of_edition, features)) for edition, of_edition in offers.items())
    return [
        {"edition": edition, "package": offer.package.code, "name": str(offer.package)} for edition, offer in found if offer
    ]
