"""Which shops and ERPs there are, what each needs, and what is worth knowing of it before one buys: as their manifests say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.models import Edition
from connectors.base import Connector, Register, Role
from connectors.registry import connector_class, systems
from sharespine.api.queries import Query
from sharespine.api.registers import KEPT
from sharespine.api.sales_examples import EXAMPLES
from sharespine.api.views import PublicView
from sharespine.lib.display import translated

TAG = "Catalogue"


class ModuleSerializer(serializers.Serializer[Mapping[str, Any]]):
    """Something that the customer must have in the system."""

    module = serializers.CharField()
    name = serializers.CharField()
    mandatory = serializers.BooleanField(help_text="Without it nothing can be connected. Others are needed for some registers.")


class DocumentKindSerializer(serializers.Serializer[Mapping[str, Any]]):
    """What an order becomes in an ERP."""

    kind = serializers.CharField()
    name = serializers.CharField()


class PriceListsSerializer(serializers.Serializer[Mapping[str, Any]]):
    """Whether price lists can be kept there."""

    supported = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True, help_text="Why not, and what there is instead.")


class SystemDetailSerializer(serializers.Serializer[Mapping[str, Any]]):
    """A shop or an ERP."""

    key = serializers.CharField(help_text="What quotes and the matrix of registers name it by.")
    name = serializers.CharField()
    role = serializers.ChoiceField([str(role) for role in Role])
    editions = serializers.ListField(
        child=serializers.ChoiceField(Edition.choices), help_text="In which editions it can be connected."
    )
    modules = ModuleSerializer(many=True)
    documents = DocumentKindSerializer(many=True, help_text="What an order may become in this ERP. Empty for a shop.")
    variant_dimensions = serializers.IntegerField(
        allow_null=True,
        help_text="How many dimensions variants may have: 0 where each variant is an article of its own, null for any number.",
    )
    price_lists = PriceListsSerializer()
    reads = serializers.ListField(
        child=serializers.ChoiceField([str(register) for register in Register]), help_text="Registers that are read from it."
    )
    writes = serializers.ListField(
        child=serializers.ChoiceField([str(register) for register in Register]), help_text="Registers that are written to it."
    )
    webhooks = serializers.BooleanField(help_text="Whether it tells at once what changed. Otherwise it is asked now and then.")
    reconciles = serializers.BooleanField(help_text="Whether payments settled by a gateway can be reconciled in it.")


class SystemsSerializer(serializers.Serializer[Mapping[str, Any]]):
    """All systems."""

    systems = SystemDetailSerializer(many=True)


class SystemsQuery(Query):
    """Which systems."""

    role = serializers.ChoiceField([str(role) for role in Role], required=False, help_text="Shops or ERPs only.")


class Systems(PublicView):
    """All systems."""

    kept = KEPT

    @extend_schema(
        operation_id="systems",
        summary="Shops and ERPs",
        tags=[TAG],
        parameters=[SystemsQuery],
        responses=SystemsSerializer,
        examples=EXAMPLES["systems"],
    )
    def get(self, request: Request) -> Response:
        """The systems that can be connected, with their editions and the modules that they must have."""
        wanted = SystemsQuery.of(request).get("role")
        return Response({"systems": [_shown(system) for system in systems(Role(wanted) if wanted else None)]})


class System(PublicView):
    """One system."""

    kept = KEPT

    @extend_schema(
        operation_id="system",
        summary="One shop or ERP",
        tags=[TAG],
        responses=SystemDetailSerializer,
        examples=EXAMPLES["system"],
    )
    def get(self, request: Request, key: str) -> Response:
        """One system that can be connected."""
        return Response(_shown(_system(key)))


class SystemField(serializers.ChoiceField):
    """The key of a shop or of an ERP: read as its connector."""

    default_error_messages = {"invalid_choice": _("We know no such system.")}

    def __init__(self, role: Role, **options: Any) -> None:
        super().__init__([system.manifest.key for system in systems(role)], **options)

    def to_internal_value(self, data: Any) -> Any:
        return connector_class(super().to_internal_value(data))


def _system(key: str) -> type[Connector]:
    for system in systems():
        if system.manifest.key == key:
            return system
    raise Http404


def _shown(system: type[Connector]) -> dict[str, Any]:
    manifest, can = system.manifest, system.capabilities
    products = can.writes.get(Register.PRODUCTS)
    orders = can.writes.get(Register.ORDERS)
    # An ERP has price lists where they are read from it, a shop where they are written to it.
    has, lacks = (can.reads, can.cannot_read) if manifest.role is Role.ERP else (can.writes, can.cannot_write)
    return {
        "key": manifest.key,
        "name": manifest.name,
        "role": str(manifest.role),
        "editions": list(manifest.editions),
        "modules": [
            {"module": module.key, "name": translated(module.label), "mandatory": module.mandatory}
            for module in manifest.modules
        ],
        "documents": [
            {"kind": kind.value, "name": translated(kind.label)} for kind in (orders.document_kinds if orders else ())
        ],
        "variant_dimensions": products.variant_dimensions if products else None,
        "price_lists": {
            "supported": Register.PRICE_LISTS in has,
            "reason": "" if Register.PRICE_LISTS in has else translated(lacks.get(Register.PRICE_LISTS, "")),
        },
        "reads": [str(register) for register in Register if register in can.reads],
        "writes": [str(register) for register in Register if register in can.writes],
        "webhooks": can.webhooks,
        "reconciles": can.reconciles,
    }
