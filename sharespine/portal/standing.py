"""Where an order, or an article, is: in one sentence, with what happened and what is to be done about it, for the merchant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from connectors.base import Register
from connectors.errors import WhoActs
from flows.ledger.anew import OF_THE_SOURCE
from flows.ledger.capture import BY_HAND
from flows.models import Connection, Flow, Item, Transfer
from flows.plugins.failures import PluginFailed
from sharespine.lib.said import said, said_shortly
from sharespine.lib.text import Text


@dataclass(frozen=True, slots=True)
class Standing:
    """`tone` is that of a notice; `happened` and `remedy` are empty where the sentence says it all."""

    tone: str
    sentence: str
    happened: str = ""
    remedy: str = ""


def of_order(order: Transfer) -> Standing:
    """Where an order is. Its flow, connection and ERP are read with it."""
    erp = {"erp": order.erp.name}
    match order.state:
        case Transfer.State.SENT:
            return _sent(order)
        case Transfer.State.SENDING:
            return Standing("info", _("The order is on its way into %(erp)s right now.") % erp)
        case Transfer.State.WAITING:
            return _waiting(order)
        case Transfer.State.RETRYING:
            return Standing(
                "info",
                _("The order could not be transferred just now. We try again by ourselves."),
                said(order.message),
                _("Next attempt: %(at)s.") % {"at": _at(order.due_at)} if order.due_at else "",
            )
        case Transfer.State.HELD:
            return Standing(
                "warning",
                _("The order has been fetched and waits for room: the orders of the month are used up."),
                remedy=_(
                    "Nothing is lost. It goes by itself when the package is raised or extra orders are granted, and else when "
                    "the month turns."
                ),
            )
        case Transfer.State.UNCERTAIN:
            return Standing(
                "warning",
                _("%(erp)s never answered, so it is not known yet whether the order is there.") % erp,
                said_shortly(order.message),
                _("You need not do anything: we look it up there before anything is sent again, so it is not sent twice."),
            )
        case Transfer.State.SKIPPED:
            return _left_out(order)
        case Transfer.State.STOPPED:
            return _stopped(order)
    return Standing("info", str(order.get_state_display()), said(order.message))


def document(order: Transfer) -> str:
    """What the order became in the ERP, with its number: “order 40123”. Empty where it is not there yet."""
    if not order.target_id:
        return ""
    kinds = order.erp.connector_class.capabilities.writes[Register.ORDERS].document_kinds
    label = next((choice.label for choice in kinds if choice.value == order.target_kind), "")
    return f"{_(label).lower()} {order.target_id}" if label else order.target_id


def _sent(order: Transfer) -> Standing:
    values = {"erp": order.erp.name, "document": document(order)}
    if order.attention and order.error_code == PluginFailed.__name__:
        return Standing(
            "warning",
            _("The order is in %(erp)s as %(document)s, but something that belongs to it failed afterwards.") % values,
            said(order.message),
            _("See to it by hand, then mark the order as handled."),
        )
    if order.attention:
        return Standing(
            "warning",
            _("The order is in %(erp)s as %(document)s, and was changed in the shop afterwards.") % values,
            said(order.message),
            _("It is not sent again. Correct the document in %(erp)s, then mark the order as handled.") % values,
        )
    if order.kind == Transfer.Kind.CREDIT:
        return Standing("success", _("The credit note is in %(erp)s as %(document)s.") % values)
    return Standing("success", _("The order is in %(erp)s as %(document)s.") % values)


def _waiting(order: Transfer) -> Standing:
    if order.flow.state == Flow.State.PAUSED or order.flow.connection.state == Connection.State.PAUSED:
        return Standing(
            "warning",
            _("The order has been fetched and waits: its flow is paused."),
            said(order.flow.pause_reason) or said(order.flow.connection.pause_reason),
            _("It goes by itself when the flow is resumed."),
        )
    if order.flow.hindrance.message:
        return Standing(
            "warning", _("The order has been fetched and waits: its flow does not run."), said(order.flow.hindrance)
        )
    return Standing("info", _("The order has been fetched and waits for its turn."))


def _left_out(order: Transfer) -> Standing:
    if order.error_code == BY_HAND:
        return Standing("info", _("The order is left out: somebody decided so."), said(order.message))
    return Standing(
        "info",
        _("The order is left out, so it is not in %(erp)s.") % {"erp": order.erp.name},
        said(order.message),
        _("It comes along by itself if it changes in the shop so that the rules of the flow include it."),
    )


def _stopped(order: Transfer) -> Standing:
    values = {"erp": order.erp.name}
    if order.acts == WhoActs.MERCHANT:
        return Standing(
            "error",
            _("The order is not in %(erp)s: something has to be put right first.") % values,
            said(order.message),
            _unless_said(order.message, _("Put it right in the shop or in %(erp)s, then press Retry.") % values),
        )
    return Standing(
        "warning",
        _("The order is not in %(erp)s. We are looking into it.") % values,
        said_shortly(order.message),
        _("You need not do anything. We try it again when the cause is gone."),
    )


def of_item(item: Item) -> Standing:
    """Where an article, or the status of an order, is. Its flow with both systems is read with it."""
    values = {"source": item.flow.source.name, "target": item.flow.target.name}
    match item.state:
        case Item.State.DONE if item.written_at:
            return Standing("success", _("%(target)s is as %(source)s says.") % values)
        case Item.State.DONE:
            return Standing("success", _("There is nothing that %(target)s has to be told.") % values)
        case Item.State.WAITING:
            return Standing("info", _("It is written to %(target)s with the next run.") % values, said(item.message))
        case Item.State.RETRYING:
            return Standing(
                "info",
                _("It could not be written to %(target)s just now. We try again by ourselves.") % values,
                said(item.message),
                _("Next attempt: %(at)s.") % {"at": _at(item.due_at)} if item.due_at else "",
            )
        case Item.State.SKIPPED:
            return Standing("info", _("It is left out, and %(target)s stays as it is.") % values, said(item.message))
    sentence = _("It is not written to %(target)s.") % values
    if item.error_code in OF_THE_SOURCE:
        remedy = _("Put it right in %(source)s. It then goes by itself.") % values
        return Standing("error", sentence, said(item.message), _unless_said(item.message, remedy))
    if item.acts == WhoActs.MERCHANT:
        remedy = _("Put it right in %(source)s or %(target)s, then press Retry.") % values
        return Standing("error", sentence, said(item.message), _unless_said(item.message, remedy))
    return Standing(
        "warning",
        sentence + " " + _("We are looking into it."),
        said_shortly(item.message),
        _("You need not do anything. We try it again when the cause is gone."),
    )


def _unless_said(message: Text, remedy: str) -> str:
    """`remedy`, unless `message` has more than the sentence that says what happened: then it says what to do about it, too."""
    return remedy if said_shortly(message) == said(message) else ""


def _at(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
