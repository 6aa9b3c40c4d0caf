"""Items that are to be looked at again, by order of a person or because what they are to become has changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.utils import timezone

from connectors.errors import WhoActs
from flows import dbclock
from flows.models import Item
from sharespine.lib.text import Text


def all_due(flow: int) -> int:
    """Have every item of a flow, by its id, worked out and compared anew with the next run. Returns how many there are."""
    return Item.objects.filter(flow=flow).update(due_at=dbclock.now())


def try_again(ids: Sequence[int], text: Text, *, states: Collection[str]) -> int:
    """Let those of the items `ids` that are in one of `states` begin anew, and say `text`. Returns how many did."""
    return Item.objects.filter(pk__in=ids, state__in=states).update(
        state=Item.State.WAITING,
        acts=WhoActs.NOBODY,
        error_code="",
        message=text,
        cause="",
        attempts=0,
        due_at=dbclock.now(),
        updated_at=timezone.now(),
    )
