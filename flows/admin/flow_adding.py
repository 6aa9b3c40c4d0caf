"""The form of a new flow: what is moved between which shop and which ERP. How comes next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.dates import today
from connectors.base import Direction, Register
from connectors.fields import DIRECTIONS, LABELS
from connectors.manifest import Role
from connectors.matrix import WAYS, why_not
from connectors.registry import systems
from flows import connecting, planner, rights
from flows.models import Connection, Endpoint, Flow
from sharespine.lib.admin import Select
from sharespine.lib.said import said

#: What is chosen for a new flow unless somebody chooses otherwise.
USUAL = f"{Register.ORDERS}:{Direction.TO_ERP}"


class AddFlowForm(forms.ModelForm):
    """Register and direction are one choice: of most registers there is only one way."""

    way = forms.ChoiceField(
        label=_("What is moved?"),
        widget=Select,
        initial=USUAL,
        help_text=_("Only what the ERP and some shop can do together is offered."),
    )

    class Meta:
        model = Flow
        fields = ("connection", "shop", "channel")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        connection = _chosen(Connection, self.data.get("connection") or self.initial.get("connection"))
        shop = _chosen(Endpoint, self.data.get("shop") or self.initial.get("shop"))
        self.fields["way"].choices = choices(connection, shop)  # type: ignore[attr-defined]  # declared above

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        connection, shop = cleaned.get("connection"), cleaned.get("shop")
        if not (connection and shop and cleaned.get("way")):
            return cleaned
        register, direction = cleaned["way"].split(":")
        flow = self.instance
        flow.connection, flow.shop, flow.register, flow.direction = connection, shop, register, direction
        if cleaned.get("channel"):
            if register != Register.ORDERS:
                self.add_error("channel", gettext("Only orders are told apart by channel."))
            elif reason := connecting.no_channels(shop):
                self.add_error("channel", said(reason))
        same = Flow.objects.filter(connection=connection, shop=shop, register=register, direction=direction)
        if same.filter(channel=cleaned.get("channel", "")).exists():
            # The constraint is not asked: register and direction are no fields of this form.
            raise ValidationError(gettext("This connection already has a flow for this register of this shop."))
        reasons = why_not(Register(register), Direction(direction), shop.connector_class, connection.erp.connector_class)
        reasons = reasons or tuple(reason for reason in (rights.hindrance(flow, today(timezone.now())),) if reason.message)
        if reasons:
            raise ValidationError([said(reason) for reason in reasons])
        return cleaned


def choices(connection: Connection | None, shop: Endpoint | None) -> list[tuple[str, Any]]:
    """What can be moved, that of the main flow first; what no pair that may be meant can do is left out."""
    shops = [shop.connector_class] if shop else systems(Role.SHOP)
    erps = [connection.erp.connector_class] if connection else systems(Role.ERP)
    pairs = [(one, other) for one in shops for other in erps]
    ways = [
        (register, direction)
        for register in Register
        for direction in DIRECTIONS[register]
        if any(not why_not(register, direction, *pair) for pair in pairs)
    ]
    main_flow = connection.main_flow if connection else ""
    if not main_flow:
        return list(_written(ways))
    first = [way for way in ways if planner.belongs(main_flow, *way)]
    rest = [way for way in ways if way not in first]
    groups = [(gettext("Of the main flow"), list(_written(first))), (gettext("Beside the main flow"), list(_written(rest)))]
    return [(heading, group) for heading, group in groups if group]


def _written(ways: list[tuple[Register, Direction]]) -> Iterator[tuple[str, str]]:
    for register, direction in ways:
        yield f"{register}:{direction}", f"{gettext(LABELS[register])}, {gettext(WAYS[direction])}"


def _chosen(model: Any, pk: Any) -> Any:
    return model.objects.filter(pk=pk).first() if str(pk or "").isdigit() else None
