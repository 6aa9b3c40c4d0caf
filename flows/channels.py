"""Channels: which of a shop's orders belong to which of its flows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connectors.base import Register
from connectors.records import Order
from flows.models import Flow
from sharespine.lib.text import N_, Text


@dataclass(frozen=True, slots=True)
class Share:
    """The orders of a shop that are for one flow.

    `own` is its channel; without one, it takes what is not `taken` by others. `leftovers` tells that it shows, as skipped, the
    orders that no flow takes: none may stay unseen.
    """

    own: str = ""
    taken: frozenset[str] = frozenset()
    leftovers: bool = False

    def has(self, order: Order) -> bool:
        """Whether the order is for this flow, to be transferred or to be shown as skipped."""
        if self.own:
            return order.channel == self.own or (self.leftovers and order.channel not in self.taken)
        return order.channel not in self.taken

    def leaves_out(self, order: Order) -> Text | None:
        """Why the order is not transferred, when it is here only to be seen."""
        if not self.own or order.channel == self.own:
            return None
        text = N_("The order is of the channel “%(channel)s”, which no flow of this shop takes.")
        return Text(text, {"channel": order.channel})


#: All orders of a shop that has no channels.
WHOLE = Share()


def share_of(flow: Flow) -> Share:
    """What of the orders of its shop belongs to `flow`."""
    beside = Flow.objects.filter(
        connection=flow.connection_id, shop=flow.shop_id, register=Register.ORDERS, direction=flow.direction
    )
    channels: dict[int, str] = dict(beside.exclude(pk=flow.pk).values_list("pk", "channel"))
    if not flow.channel:
        return Share(taken=_named(channels.values()))
    first = all(pk > flow.pk for pk in channels)
    return Share(flow.channel, _named(channels.values()), leftovers=first and "" not in channels.values())


def _named(channels: Iterable[str]) -> frozenset[str]:
    return frozenset(channel for channel in channels if channel)
