"""What is to be done anew: items whose rules have changed, and items that somebody wants tried again."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from connectors.base import Register
from connectors.errors import WhoActs
from flows import dbclock
from flows.models import Flow, Item, StockProfile
from sharespine.lib.text import N_, Text

State = Item.State
RETRYABLE = (State.STOPPED, State.SKIPPED, State.RETRYING)
RETRIED = N_("Tried again by %(actor)s.")
#: Registers whose records are to follow the rules at once. What was said of an order is not said again by other rules.
FOLLOWING = (Register.PRODUCTS, Register.PRICES, Register.PRICE_LISTS, Register.STOCK)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many items a verb changed, and how many it left alone because there was nothing to be done."""

    done: int
    left_alone: int


def flow_configured(flow: Flow) -> int:
    """The rules or options of a flow have changed: all its articles are due. Returns how many they are."""
    if flow.register not in FOLLOWING:
        return 0
    return Item.objects.filter(flow=flow).update(due_at=dbclock.now())


def profile_changed(profile: StockProfile) -> int:
    """A stock profile has changed: so has what every flow with it offers. Returns how many articles are due."""
    return sum(flow_configured(flow) for flow in profile.flows.all())


def retry_items(items: QuerySet[Item], *, actor: str) -> Outcome:
    """Try items again with the next run, as the source has them by then. Those that wait or are up to date are left alone."""
    asked = items.order_by().count()
    text = Text(RETRIED, {"actor": actor})
    done = Item.objects.filter(pk__in=list(items.filter(state__in=RETRYABLE).values_list("pk", flat=True))).update(
        state=State.WAITING,
        acts=WhoActs.NOBODY,
        error_code="",
        message=text,
        cause="",
        attempts=0,
        due_at=dbclock.now(),
        updated_at=timezone.now(),
    )
    return Outcome(done, asked - done)
