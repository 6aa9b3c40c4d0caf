"""What is to be done anew: items whose rules have changed, and items that somebody wants tried again."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from connectors.base import Register
from flows import services
from flows.ledger import anew, items
from flows.models import Connection, Flow, Item, StockProfile
from flows.services import Outcome
from sharespine.lib.text import N_, Text

State = Item.State
RETRYABLE = (State.STOPPED, State.SKIPPED, State.RETRYING)
#: Registers whose records are to follow the rules at once. What was said of an order is not said again by other rules.
FOLLOWING = (Register.PRODUCTS, Register.PRICES, Register.PRICE_LISTS, Register.STOCK)


def may_retry(item: Item) -> bool:
    """Whether trying the item again makes sense: it ended, and not in something that only the source can put right."""
    return item.state in RETRYABLE and item.error_code not in anew.OF_THE_SOURCE


def flow_configured(flow: Flow) -> int:
    """The rules or options of a flow have changed: all its articles are due. Returns how many they are."""
    return items.all_due(flow) if flow.register in FOLLOWING else 0


def profile_changed(profile: StockProfile) -> int:
    """A stock profile has changed: so has what every flow with it offers. Returns how many articles are due."""
    return sum(flow_configured(flow) for flow in profile.flows.all())


def plugins_changed(connection: Connection) -> int:
    """The plugins of a connection have changed: so may all that goes through them. Returns how many articles are due."""
    return sum(flow_configured(flow) for flow in connection.flows.select_related("connection"))


def retry_items(asked_for: QuerySet[Item], *, actor: str) -> Outcome:
    """Try items again now, as the source told them last. Those that wait, are up to date or cannot be used are left alone."""
    asked = dict(asked_for.order_by().values_list("pk", "flow"))
    with transaction.atomic():
        done = anew.try_again(list(asked), Text(N_("Tried again by %(actor)s."), {"actor": actor}), states=RETRYABLE)
        for flow in set(asked.values()) if done else ():
            services.want(flow)
    return Outcome(done, len(asked) - done)
