"""Items that somebody wants tried again."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.utils import timezone

from connectors.errors import WhoActs
from flows import dbclock
from flows.ledger.items import DUPLICATE, GONE, UNUSABLE
from flows.models import Item
from sharespine.lib.text import Text

#: What the source must tell anew before anything can be tried: trying again would write what it told last.
OF_THE_SOURCE = (DUPLICATE, UNUSABLE, GONE)


def try_again(ids: Sequence[int], text: Text, *, states: Collection[str]) -> int:
    """Let those of the items `ids` that are in one of `states` begin anew, and say `text`. Returns how many did."""
    of_ours = Item.objects.filter(pk__in=ids, state__in=states).exclude(error_code__in=OF_THE_SOURCE)
    return of_ours.update(
        state=Item.State.WAITING,
        acts=WhoActs.NOBODY,
        error_code="",
        message=text,
        cause="",
        attempts=0,
        due_at=dbclock.now(),
        updated_at=timezone.now(),
    )
