"""Whether a flow can do anything sensible: what must be in place before it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from billing.refusals import Refused
from connectors.base import Direction, Register
from connectors.matrix import why_not
from connectors.progress import Milestone
from flows import rights, rulebook
from flows.models import Connection, Endpoint, Flow
from sharespine.lib.text import N_, Text

#: The option of an endpoint in which a shop says at which of its order statuses a payment is captured, where it has one.
CAPTURING = "capturing_statuses"
#: At which status payments are captured where the shop has no such option (WooCommerce's payment plugins, for one).
CAPTURED_AT = "completed"


def demand(flow: Flow, day: date) -> None:
    """Raises `Refused`, saying what is to be done first, while the flow could not do anything sensible on `day`."""
    if flow.connection.state != Connection.State.ACTIVE:
        raise Refused(N_("Activate the connection “%(connection)s” first."), connection=flow.connection.name)
    for reason in why_not(
        Register(flow.register),
        Direction(flow.direction),
        flow.shop.connector_class,
        flow.connection.erp.connector_class,
    ):
        raise Refused(reason.message, **reason.values)
    for endpoint in (flow.source, flow.target):
        if endpoint.health != Endpoint.Health.WORKING:
            raise Refused(N_("Test %(endpoint)s first: it must answer before the flow runs."), endpoint=endpoint.name)
    if (missing := rights.hindrance(flow, day)).message:
        raise Refused(missing.message, **missing.values)
    if flow.register == Register.ORDERS and not flow.trigger_statuses:
        raise Refused(N_("Choose which order statuses trigger transfer: without one, no order would ever be transferred."))
    if flow.register == Register.STATUS:
        _demand_of_status(flow)
    if flow.register == Register.PRODUCTS:
        _demand_one_way(flow)
    if flow.register == Register.STOCK and flow.stock_profile and flow.stock_profile.warehouses:
        for reason in whole_stock_only(flow.source):
            raise Refused(reason.message, **reason.values)


def _demand_of_status(flow: Flow) -> None:
    if not mapped(flow.rules):
        raise Refused(
            N_("Choose a status in the shop, or write an e-mail, for at least one of the things that can happen in the ERP.")
        )
    for milestone in uncaptured(flow.rules, flow.shop):
        raise Refused(
            N_("“%(milestone)s” is to capture the payment. Choose a status for it at which the shop does: %(statuses)s."),
            milestone=Text(rulebook.LABELS[milestone]),
            statuses=", ".join(capturing(flow.shop)),
        )


def _demand_one_way(flow: Flow) -> None:
    """Two flows that move the same articles both ways would undo each other's work for ever."""
    others = Flow.objects.filter(
        connection=flow.connection_id, shop=flow.shop_id, register=flow.register, state=Flow.State.ACTIVE
    )
    for other in others.exclude(direction=flow.direction).select_related("shop", "connection__erp"):
        raise Refused(N_("“%(flow)s” moves the same the other way. Pause it first."), flow=str(other))


def whole_stock_only(source: Endpoint) -> list[Text]:
    """Why warehouses cannot be chosen between where `source` tells the stock; nothing where they can.

    A profile that names some would otherwise offer what lies in the others, too.
    """
    reads = source.connector_class.capabilities.reads.get(Register.STOCK)
    reason = reads.lacks.get("warehouses") if reads else None
    if not reason:
        return []
    message = N_("The stock profile names warehouses. %(reason)s Choose a profile without warehouses.")
    return [Text(message, {"reason": Text(reason)})]


def mapped(rules: Mapping[str, Any] | None) -> list[Milestone]:
    """What can happen to an order in the ERP that the shop is told of: by a status, or by an e-mail to the buyer alone."""
    told = rulebook.told(Register.STATUS, rules)
    return [each for each in rulebook.IN_ORDER if told[f"{each}_status"] or told[f"{each}_message"]]


def uncaptured(rules: Mapping[str, Any] | None, shop: Endpoint) -> list[Milestone]:
    """What is to capture the payment, by a status at which the shop does not."""
    told = rulebook.told(Register.STATUS, rules)
    at = set(capturing(shop))
    return [
        milestone for milestone in rulebook.IN_ORDER if told[f"{milestone}_capture"] and told[f"{milestone}_status"] not in at
    ]


def capturing(shop: Endpoint) -> list[str]:
    """The order statuses at which the payment methods of `shop` capture."""
    declared = [option for option in shop.connector_class.manifest.options if option.key == CAPTURING]
    value: Any = next((shop.options.get(CAPTURING) or option.default for option in declared), CAPTURED_AT) or CAPTURED_AT
    parts: Iterable[str] = value if isinstance(value, list) else str(value).replace("\n", ",").split(",")
    return [part.strip() for part in parts if part.strip()]
