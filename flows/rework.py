"""What is to be done anew: items whose rules have changed, and items that somebody wants tried again."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from connectors.base import Register
from flows import services
from flows.ledger import anew
from flows.models import Flow, Item, StockProfile
from flows.services import Outcome
from sharespine.lib.text import N_, Text

State = Item.State
RETRYABLE = (State.STOPPED, State.SKIPPED, State.RETRYING)
#: Registers whose records are to follow the rules at once. What was said of an order is not said again by other rules.
FOLLOWING = (Register.PRODUCTS, Register.PRICES, Register.PRICE_LISTS, Register.STOCK)


def flow_configured(flow: Flow) -> int:
    """The rules or options of a flow have changed: all its articles are due. Returns how many they are."""
    if flow.register not in FOLLOWING:
        return 0
    due = anew.all_due(flow.pk)
    if due and flow.is_live:
        services.want(flow.pk)
    return due


def profile_changed(profile: StockProfile) -> int:
    """A stock profile has changed: so has what every flow with it offers. Returns how many articles are due."""
    return sum(flow_configured(flow) for flow in profile.flows.select_related("connection"))


def retry_items(items: QuerySet[Item], *, actor: str) -> Outcome:
    """Try items again now, as the source has them by then. Those that wait or are up to date are left alone."""
    asked = dict(items.order_by().values_list("pk", "flow"))
    with transaction.atomic():
        done = anew.try_again(list(asked), Text(N_("Tried again by %(actor)s."), {"actor": actor}), states=RETRYABLE)
        for flow in set(asked.values()) if done else ():
            services.want(flow)
    return Outcome(done, len(asked) - done)
