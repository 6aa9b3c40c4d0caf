"""What a shop and an ERP can do together, for whoever wants to know before they buy: public, and the same for everybody."""

from __future__ import annotations

from django.http import Http404
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.base import Connector, Direction, Register, Role
from connectors.matrix import matrix_of, to_json
from connectors.registry import systems
from sharespine.api.sales_examples import EXAMPLES
from sharespine.api.views import PublicView

#: For how many seconds an answer may be kept: what systems can do changes with a release.
KEPT = 3600


class SystemSerializer(serializers.Serializer[dict[str, object]]):
    """A shop or an ERP."""

    key = serializers.CharField()
    name = serializers.CharField()


class RegisterFieldSerializer(serializers.Serializer[dict[str, object]]):
    """One field of a register."""

    field = serializers.CharField()
    name = serializers.CharField()
    supported = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Why it is not supported.")
    note = serializers.CharField(allow_blank=True, help_text="In what way it is supported, where there is more to say.")


class RegisterSerializer(serializers.Serializer[dict[str, object]]):
    """One register in one direction."""

    register = serializers.ChoiceField([str(register) for register in Register])
    name = serializers.CharField()
    direction = serializers.ChoiceField([str(direction) for direction in Direction])
    supported = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField(), help_text="Why it is not supported.")
    fields = RegisterFieldSerializer(many=True)  # type: ignore[assignment]  # a field of that name, as the JSON has it


class RegistersSerializer(serializers.Serializer[dict[str, object]]):
    """Everything that a shop and an ERP can do together, and what they cannot."""

    shop = SystemSerializer()
    erp = SystemSerializer()
    registers = RegisterSerializer(many=True)


class Registers(PublicView):
    """What a pair of systems can do."""

    kept = KEPT

    @extend_schema(
        operation_id="registers",
        summary="What a shop and an ERP can do together",
        tags=["Catalogue"],
        responses=RegistersSerializer,
        examples=EXAMPLES["registers"],
    )
    def get(self, request: Request, shop: str, erp: str) -> Response:
        """Every register, direction and field: whether the shop and the ERP can do it together, and if not, why not."""
        return Response(to_json(matrix_of(_system(shop, Role.SHOP), _system(erp, Role.ERP)), gettext))


def _system(key: str, role: Role) -> type[Connector]:
    """The system `key`, if it is one of `role`; else there is no such page."""
    for system in systems(role):
        if system.manifest.key == key:
            return system
    raise Http404
