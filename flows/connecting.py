"""Which flows a connection has: those of its main flow, for each of its shops.

Nothing is ever deleted here, and nothing begins to run: what is created is paused until somebody has configured it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from billing import gates
from billing.dates import today
from billing.models import Feature
from billing.refusals import Refused
from connectors.base import Direction, Register
from connectors.matrix import UNREAD
from flows import planner, rights, services
from flows.models import Connection, Endpoint, Flow
from flows.planner import Planned
from sharespine.lib.text import N_, Text

NONE = Text("")


class Effect(StrEnum):
    """What choosing a main flow does to one register of one shop."""

    #: A flow is created, paused.
    CREATE = "create"
    #: The flow is there and runs. It goes on.
    KEEP = "keep"
    #: The flow is there and paused. Somebody resumes it when it is configured.
    ASLEEP = "asleep"
    #: The flow runs and no longer belongs: it is paused.
    PAUSE = "pause"
    #: The flow is paused and does not belong. It stays as it is.
    LEAVE = "leave"
    #: The package of the customer lacks what the flow would need: it is not created.
    NOT_IN_PACKAGE = "not_in_package"
    #: The pair of systems cannot do it: no flow is created.
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What becomes of one register of one shop, and of the flow that there is for it. `reason` may say why."""

    effect: Effect
    shop: Endpoint
    register: Register
    direction: Direction
    optional: bool = False
    flow: Flow | None = None
    reason: Text = NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What choosing a main flow would do. With a `refusal` it cannot be chosen."""

    main_flow: str
    consequences: tuple[Consequence, ...]
    warnings: tuple[Text, ...] = ()
    refusal: Text | None = None


def shops_of(connection: Connection) -> list[Endpoint]:
    """The shops of a connection, in the order in which they came to it."""
    flows = connection.flows.select_related("shop").order_by("pk")
    return list({flow.shop_id: flow.shop for flow in flows}.values())


def what_would_change(connection: Connection, main_flow: str) -> Change:
    """What choosing `main_flow` would do, without doing it. Raises `KeyError` for an unknown main flow."""
    day = today(timezone.now())
    asked = _choosing(connection, main_flow)
    refusal = None
    if main_flow == planner.COMBINED:
        missing = gates.rights(connection.customer_id, day).missing([Feature.MULTISHOP])
        refusal = missing[0].reason if missing else None
    return Change(
        main_flow=main_flow,
        consequences=tuple(each for shop in shops_of(connection) for each in _consequences(asked, shop, day)),
        warnings=planner.warnings(main_flow, has_pos=connection.has_pos),
        refusal=refusal,
    )


def as_it_is(flow: Flow) -> Consequence:
    """A flow of a connection without a main flow: nothing becomes of it."""
    return Consequence(
        effect=Effect.KEEP if flow.state == Flow.State.ACTIVE else Effect.ASLEEP,
        shop=flow.shop,
        register=Register(flow.register),
        direction=Direction(flow.direction),
        flow=flow,
    )


@transaction.atomic
def choose_main_flow(connection: Connection, main_flow: str, *, actor: str) -> Change:
    """Have the connection follow `main_flow`, and say what that did. Refused where the package has not what it needs."""
    # One at a time: two that choose at once must not both create the same flows.
    connection = Connection.objects.select_for_update().get(pk=connection.pk)
    change = what_would_change(connection, main_flow)
    if change.refusal:
        raise Refused(change.refusal.message, **change.refusal.values)
    connection.main_flow = main_flow
    services.sign(connection, f"main flow: {main_flow}", actor)
    connection.save(update_fields=["main_flow"])
    for consequence in change.consequences:
        if consequence.effect is Effect.CREATE:
            _create(connection, consequence.shop, consequence.register, consequence.direction, actor=actor)
        elif consequence.effect is Effect.PAUSE and consequence.flow:
            services.pause_flow(consequence.flow, actor=actor)
    return change


@transaction.atomic
def add_shop(connection: Connection, shop: Endpoint, *, actor: str) -> list[Flow]:
    """Give the connection a further shop, with the flows of its main flow, or one of orders where it has none.

    Refused where the shop is there already or cannot be, and where the package has no multishop.
    """
    connection = Connection.objects.select_for_update().get(pk=connection.pk)
    day = today(timezone.now())
    if connection.flows.filter(shop=shop).exists():
        raise Refused(N_("“%(shop)s” is part of this connection already."), shop=shop.name)
    _demand_shop(connection, shop)
    pair = shop.connector_class, connection.erp.connector_class
    orders_only = planner.plan(planner.SHOP_LEADS, *pair)[:1]
    wanted = planner.plan(connection.main_flow, *pair) if connection.main_flow else orders_only
    if connection.flows.exists():
        gates.demand(connection.customer_id, [Feature.MULTISHOP], day)
    made = [
        _create(connection, shop, planned.register, planned.direction, actor=actor)
        for planned in wanted
        if planned.possible and not _lacking(connection, shop, planned, day).message
    ]
    if not made:
        # The first is that of the orders, which every main flow has.
        reason = _first(wanted[0].reasons) if wanted[0].reasons else _lacking(connection, shop, wanted[0], day)
        raise Refused(reason.message, **reason.values)
    return made


def no_channels(shop: Endpoint) -> Text | None:
    """Why the orders of `shop` cannot be told apart by channel; None where they can."""
    reads = shop.connector_class.capabilities.reads.get(Register.ORDERS)
    if reads is None:
        return Text(UNREAD, {"system": shop.connector_class.manifest.name})
    reason = reads.lacks.get("channel")
    return Text(reason) if reason else None


def _choosing(connection: Connection, main_flow: str) -> Connection:
    """The connection as it would be: what its flows need depends on the main flow."""
    return Connection(pk=connection.pk, customer_id=connection.customer_id, erp=connection.erp, main_flow=main_flow)


def _consequences(asked: Connection, shop: Endpoint, day: date) -> Iterator[Consequence]:
    flows = list(Flow.objects.filter(connection=asked.pk, shop=shop).select_related("connection__erp").order_by("pk"))
    for planned in planner.plan(asked.main_flow, shop.connector_class, asked.erp.connector_class):
        about: dict[str, Any] = {"shop": shop, "register": planned.register, "direction": planned.direction}
        about["optional"] = planned.optional
        theirs = [flow for flow in flows if (flow.register, flow.direction) == (planned.register, planned.direction)]
        for flow in theirs:
            flows.remove(flow)
            yield Consequence(effect=_of_existing(flow, planned), flow=flow, reason=_first(planned.reasons), **about)
        if not theirs:
            effect, reason = _of_missing(asked, shop, planned, day)
            yield Consequence(effect=effect, reason=reason, **about)
    for flow in flows:
        yield Consequence(
            effect=Effect.PAUSE if flow.state == Flow.State.ACTIVE else Effect.LEAVE,
            shop=shop,
            register=Register(flow.register),
            direction=Direction(flow.direction),
            flow=flow,
        )


def _of_existing(flow: Flow, planned: Planned) -> Effect:
    runs = flow.state == Flow.State.ACTIVE
    if not planned.possible:
        return Effect.PAUSE if runs else Effect.LEAVE
    return Effect.KEEP if runs else Effect.ASLEEP


def _of_missing(asked: Connection, shop: Endpoint, planned: Planned, day: date) -> tuple[Effect, Text]:
    if not planned.possible:
        return Effect.IMPOSSIBLE, _first(planned.reasons)
    lacking = _lacking(asked, shop, planned, day)
    return (Effect.NOT_IN_PACKAGE, lacking) if lacking.message else (Effect.CREATE, NONE)


def _lacking(connection: Connection, shop: Endpoint, planned: Planned, day: date) -> Text:
    """Why the package does not let the flow run that would be created; an empty text when it does."""
    return rights.hindrance(Flow(connection=connection, shop=shop, register=planned.register, direction=planned.direction), day)


def _first(reasons: tuple[Text, ...]) -> Text:
    return reasons[0] if reasons else NONE


def _demand_shop(connection: Connection, shop: Endpoint) -> None:
    try:
        Flow(connection=connection, shop=shop).clean()
    except ValidationError as error:
        raise Refused(N_("“%(shop)s” is no shop of this customer."), shop=shop.name) from error


def _create(connection: Connection, shop: Endpoint, register: Register, direction: Direction, *, actor: str) -> Flow:
    flow = Flow(connection=connection, shop=shop, register=register, direction=direction)
    services.sign(flow, "created", actor)
    flow.save()
    return flow
