"""The verbs that the admin, the portal and the API call. `actor` is the user name of whoever asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, Q, QuerySet, Value, When
from django.utils import timezone

from billing.dates import today
from billing.refusals import Refused
from connectors.base import Draft, Register
from connectors.errors import ConnectorError, WhoActs
from connectors.registry import connector_class
from flows import bugs, dbclock, health, readiness, rehearsal, rights, tasks
from flows.ledger import by_hand, held
from flows.ledger.capture import BY_HAND
from flows.models import Connection, Endpoint, FieldMapping, Flow, Run, Transfer
from flows.settling import quarantine
from sharespine.lib.history import because
from sharespine.lib.text import N_, Text

State = Transfer.State
RETRYABLE = (State.STOPPED, State.RETRYING, State.SKIPPED, State.HELD, State.UNCERTAIN)
SKIPPABLE = (State.STOPPED, State.RETRYING, State.WAITING, State.HELD)
#: How far the clock of a shop may be ahead of ours, or of what it calls UTC.
AHEAD = timedelta(days=1)
BUG = Text(N_("Something in Sharespine failed during this test. Our developers have been told."))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many transfers or items a verb changed, and how many it left alone because it may not touch them."""

    done: int
    left_alone: int


# --- endpoints and connections ------------------------------------------------------------------------------------------------


def check_endpoint(endpoint: Endpoint, *, actor: str) -> Endpoint:
    """Test an endpoint and remember what was found, or what is wrong. Never raises what a connector raises."""
    try:
        with endpoint.connect() as connector:
            report = connector.check()
    except ConnectorError as error:
        health.failed(endpoint, error)
        denied = endpoint.health == Endpoint.Health.DENIED
        endpoint.health = Endpoint.Health.DENIED if denied else Endpoint.Health.DOWN
        endpoint.trouble = error.text
    except Exception as error:  # noqa: BLE001 - a bug of ours, which is told
        bugs.told(error, f"test of endpoint {endpoint.pk}", endpoint)
        endpoint.health, endpoint.trouble = Endpoint.Health.DOWN, BUG
    else:
        health.worked(endpoint)
        endpoint.report = Endpoint.report_to_json(report)
    endpoint.checked_at = timezone.now()
    Endpoint.objects.filter(pk=endpoint.pk).update(
        health=endpoint.health, trouble=endpoint.trouble, report=endpoint.report, checked_at=endpoint.checked_at
    )
    return endpoint


def activate_connection(connection: Connection, *, actor: str) -> None:
    """Let the flows of a connection run. Refused while a mandatory module is unconfirmed or its ERP was never reached."""
    if missing := connection.missing_modules:
        raise Refused(
            N_("The connection cannot be activated before these modules are confirmed: %(modules)s."),
            modules=", ".join(missing),
        )
    if connection.erp.health != Endpoint.Health.WORKING:
        raise Refused(
            N_("Test %(endpoint)s first: it must answer before the connection is activated."), endpoint=connection.erp.name
        )
    _set_state(connection, Connection.State.ACTIVE, Text(""), actor)


def resume_connection(connection: Connection, *, actor: str) -> None:
    """Let a paused connection run again. The same conditions hold as for activating it."""
    activate_connection(connection, actor=actor)


def pause_connection(connection: Connection, *, actor: str, reason: str) -> None:
    """Stop all flows of a connection. Orders keep their places; nothing is fetched until it is resumed."""
    _set_state(connection, Connection.State.PAUSED, _paused(actor, reason), actor)


def _set_state(connection: Connection, state: str, reason: Text, actor: str) -> None:
    connection.state, connection.pause_reason = state, reason
    sign(connection, state, actor)
    connection.save(update_fields=["state", "pause_reason"])
    if state == Connection.State.ACTIVE:
        connection.flows.update(next_run_at=None, queued_at=None)


def _paused(actor: str, reason: str) -> Text:
    """Who paused a connection or flow, and why if somebody said so."""
    message = N_("Paused by %(actor)s: %(reason)s") if reason else N_("Paused by %(actor)s.")
    return Text(message, {"actor": actor, "reason": reason})


def sign(configured: Connection | Flow | FieldMapping, state: str, actor: str) -> None:
    """Have the next change of `configured` say in its history who made it."""
    because(configured, f"{state} ({actor})")


# --- flows --------------------------------------------------------------------------------------------------------------------


def resume_flow(flow: Flow, *, actor: str) -> None:
    """Let a flow run. Refused while it could not do anything sensible."""
    readiness.demand(flow, today(timezone.now()))
    _set_flow_state(flow, Flow.State.ACTIVE, Text(""), actor)


def pause_flow(flow: Flow, *, actor: str, reason: str = "") -> None:
    """Stop one flow. What it moves keeps its place; nothing is fetched until it is resumed."""
    _set_flow_state(flow, Flow.State.PAUSED, _paused(actor, reason), actor)


def _set_flow_state(flow: Flow, state: str, reason: Text, actor: str) -> None:
    flow.state, flow.pause_reason = state, reason
    sign(flow, state, actor)
    flow.save(update_fields=["state", "pause_reason"])
    Flow.objects.filter(pk=flow.pk).update(next_run_at=None, queued_at=None)


def start_flow(flow: Flow, *, actor: str, kind: str = Run.Kind.POLL) -> None:
    """Have a worker run the flow now. A dry run may be made of a paused flow too."""
    if kind != Run.Kind.DRY and not flow.is_live:
        raise Refused(N_("The flow “%(flow)s” is paused. Resume it and its connection first."), flow=str(flow))
    tasks.wake_for(flow.pk, kind=kind, actor=actor)


def look_up_everything() -> tuple[int, int]:
    """Have every order that there is now looked up in its ERP before it is sent: an older state was put back.

    Returns how many flows and how many open transfers this concerns.
    """
    with transaction.atomic():
        flows = Flow.objects.update(look_up_before=timezone.now() + AHEAD, next_run_at=None, queued_at=None)
        return flows, by_hand.forget_look_ups()


def hint(shop: Endpoint, register: str = Register.ORDERS) -> int:
    """Something of a register changed in a shop: run the flows that read it soon. Ten hints in a row wake a flow once.

    A flow that has times of its own reads then, and not before. Returns how many were woken.
    """
    flows = Flow.objects.filter(
        shop=shop,
        register=register,
        direction=Flow.Direction.TO_ERP,
        cron="",
        state=Flow.State.ACTIVE,
        connection__state=Connection.State.ACTIVE,
    )
    return sum(want(flow.pk) for flow in flows)


def want(flow_id: int) -> bool:
    """Have the flow run soon; after the run that is queued or under way, if there is one. Returns whether it was woken now."""
    Flow.objects.filter(pk=flow_id).update(wanted_at=dbclock.now(), next_run_at=None)
    woken = Flow.objects.filter(pk=flow_id, queued_at=None).update(queued_at=dbclock.now())
    if woken:
        tasks.wake()
    return bool(woken)


def rights_changed(customer_id: int) -> None:
    """What a customer may do, or how much, has changed: its flows find out now, and orders that wait for room go."""
    rights.ask_again(customer_id)
    held.let_go(customer_id, at=timezone.now())


# --- transfers ----------------------------------------------------------------------------------------------------------------


def retry(transfers: QuerySet[Transfer], *, actor: str, reason: str = "") -> Outcome:
    """Try transfers again now, as the shop has them by then.

    What may already be in the ERP is looked up there first, however often this is pressed; and not before it can be found.
    """
    text = Text(N_("Retried by %(actor)s. %(reason)s"), {"actor": actor, "reason": reason})
    unread = Q(total__isnull=True) | Q(slimmed_at__isnull=False)
    findable = dbclock.ahead(_quarantine(transfers))
    changes: dict[str, Any] = {
        "state": State.WAITING,
        "acts": WhoActs.NOBODY,
        "error_code": "",
        "message": Text(""),
        "cause": "",
        "attempts": 0,
        "crashes": 0,
        # What never could be read, or was slimmed, is sent once it has been read: there is nothing to send before.
        "due_at": Case(When(unread, then=Value(None)), When(in_doubt=True, then=findable), default=dbclock.now()),
    }
    asked = list(transfers.values_list("pk", flat=True))
    with transaction.atomic():
        outcome = _by_hand(transfers, changes, text, states=RETRYABLE, actor=actor)
        for flow_id in set(Transfer.objects.filter(pk__in=asked).values_list("flow_id", flat=True)):
            want(flow_id)
    return outcome


def _quarantine(transfers: QuerySet[Transfer]) -> timedelta:
    """How long after a write the ERPs of `transfers` can surely be searched for it: the slowest of them counts."""
    systems = Endpoint.objects.filter(pk__in=transfers.order_by().values("erp")).values_list("system", flat=True)
    declared = [writes for system in set(systems) for writes in connector_class(system).capabilities.writes.values()]
    return max(map(quarantine, declared), default=timedelta(0))


def skip(transfers: QuerySet[Transfer], *, actor: str, reason: str) -> Outcome:
    """Decide that transfers are not made. What may already be in the ERP cannot be skipped before that is known."""
    text = Text(N_("Skipped by %(actor)s: %(reason)s"), {"actor": actor, "reason": reason})
    changes = {
        "state": State.SKIPPED,
        "acts": WhoActs.NOBODY,
        "error_code": BY_HAND,
        "message": text,
        "cause": text.message,
        "due_at": None,
    }
    return _by_hand(transfers, changes, text, states=SKIPPABLE, actor=actor, in_doubt=False)


def mark_handled(transfers: QuerySet[Transfer], *, actor: str, reason: str = "") -> Outcome:
    """Say that a change after the transfer has been taken care of in the ERP."""
    text = Text(N_("Marked as handled by %(actor)s. %(reason)s"), {"actor": actor, "reason": reason})
    calm = {"attention": False, "error_code": "", "message": Text(""), "cause": ""}
    return _by_hand(transfers, calm, text, states=[State.SENT], actor=actor, attention=True)


def preview(transfer: Transfer) -> Draft:
    """What sending this transfer would send now. Raises `ConnectorError`, or `Refused`. Changes nothing anywhere."""
    if transfer.slimmed_at:
        raise Refused(N_("The details of this order were removed, since nothing happened to it for a long time."))
    return rehearsal.preview(transfer)


def _by_hand(
    transfers: QuerySet[Transfer], changes: dict[str, Any], text: Text, *, states: Any, actor: str, **conditions: Any
) -> Outcome:
    asked = list(transfers.values_list("pk", flat=True))
    allowed = list(Transfer.objects.filter(pk__in=asked, **conditions).values_list("pk", flat=True))
    done = by_hand.change_by_hand(allowed, changes, text, states=states, actor=actor)
    return Outcome(done, len(asked) - done)
