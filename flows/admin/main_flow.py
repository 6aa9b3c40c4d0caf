"""Choosing the main flow of a connection: what it would do is told before, register by register."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.admin.verbs import carry_out
from connectors.base import Role
from connectors.fields import LABELS
from connectors.matrix import WAYS
from flows import connecting, planner
from flows.admin.endpoints import systems_of
from flows.connecting import Change, Consequence, Effect
from flows.models import Connection, Endpoint
from sharespine.lib.admin import Dialog, Select
from sharespine.lib.said import said

EFFECTS = {
    Effect.CREATE: gettext_lazy("is created, paused"),
    Effect.KEEP: gettext_lazy("goes on"),
    Effect.ASLEEP: gettext_lazy("is there, paused"),
    Effect.PAUSE: gettext_lazy("is paused"),
    Effect.LEAVE: gettext_lazy("stays paused"),
    Effect.NOT_IN_PACKAGE: gettext_lazy("is not in the package"),
    Effect.IMPOSSIBLE: gettext_lazy("cannot be done"),
}
#: What each is good for, in one sentence.
MEANINGS = {
    planner.SHOP_LEADS: gettext_lazy(
        "Products are kept in the shop and created in the ERP. Stock and prices stay where they are."
    ),
    planner.ERP_LEADS: gettext_lazy(
        "Products, prices and stock are kept in the ERP and follow in the shop. Right wherever a POS is used."
    ),
    planner.COMBINED: gettext_lazy(
        "Products are kept in the shop and created in the ERP; prices and stock are kept in the ERP and follow in the shop."
    ),
}


class AddShopDialog(Dialog):
    """Asks for one of the customer's shops that is not part of the connection."""

    shop = forms.ModelChoiceField(label=gettext_lazy("Shop"), queryset=Endpoint.objects.none(), widget=Select)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        connection = Connection.objects.filter(pk=self.object_id).first()
        if connection:
            shops = Endpoint.objects.filter(customer=connection.customer_id, system__in=systems_of(Role.SHOP))
            theirs = connection.flows.values("shop")
            self.fields["shop"].queryset = shops.exclude(pk__in=theirs)


def rows(consequences: tuple[Consequence, ...]) -> list[dict[str, Any]]:
    """What the tables show of each consequence."""
    return [
        {
            "effect": consequence.effect,
            "words": EFFECTS[consequence.effect],
            "register": _(LABELS[consequence.register]),
            "way": _(WAYS[consequence.direction]),
            "optional": consequence.optional,
            "shop": consequence.shop,
            "flow": consequence.flow,
            "reason": said(consequence.reason),
        }
        for consequence in consequences
    ]


def overview(connection: Connection) -> list[dict[str, Any]]:
    """The flows of a connection, and what of its main flow is missing and why."""
    if connection.main_flow:
        return rows(connecting.what_would_change(connection, connection.main_flow).consequences)
    flows = connection.flows.select_related("shop", "connection__erp").order_by("shop", "pk")
    return rows(tuple(map(connecting.as_it_is, flows)))


def page(request: HttpRequest, connection: Connection | None, context: dict[str, Any], address: str) -> HttpResponse:
    """The three main flows side by side; with `?main_flow=` one of them, which a POST chooses. `address`: the connection's."""
    if not request.user.has_perm("flows.change_connection"):
        raise PermissionDenied
    if connection is None:
        raise Http404
    context = {
        **context,
        "title": _("Choose the main flow of %(connection)s") % {"connection": connection},
        "original": connection,
        "back": address,
    }
    chosen = request.GET.get("main_flow", "")
    if chosen not in planner.TABLE:
        return TemplateResponse(request, "flows/main_flows.html", {**context, "choices": _choices(connection)})
    if request.method == "POST":
        return carry_out(
            request,
            address,
            lambda actor: connecting.choose_main_flow(connection, chosen, actor=actor),
            _("The main flow is chosen. Configure the flows that are paused, and resume them one by one."),
        )
    return TemplateResponse(request, "flows/main_flow.html", {**context, **_asked(connection, chosen)})


def _choices(connection: Connection) -> list[dict[str, Any]]:
    return [_described(connection, connecting.what_would_change(connection, main_flow)) for main_flow in planner.TABLE]


def _asked(connection: Connection, main_flow: str) -> dict[str, Any]:
    change = connecting.what_would_change(connection, main_flow)
    return {**_described(connection, change), "rows": rows(change.consequences)}


def _described(connection: Connection, change: Change) -> dict[str, Any]:
    return {
        "key": change.main_flow,
        "label": Connection.MainFlow(change.main_flow).label,
        "meaning": MEANINGS[change.main_flow],
        "is_chosen": connection.main_flow == change.main_flow,
        "table": [(_(LABELS[register]), _(WAYS[way])) for register, way in planner.TABLE[change.main_flow].items()],
        "warnings": [said(warning) for warning in change.warnings],
        "refusal": said(change.refusal) if change.refusal else "",
    }
