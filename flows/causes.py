"""Trouble by its cause: the same cause on forty orders is one thing to do, not forty."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Min, QuerySet

from flows.models import Transfer
from flows.models.transfers import NEEDS_SOMEBODY
from sharespine.lib.counting import CEILING
from sharespine.lib.said import said, said_of_many
from sharespine.lib.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Transfers in one state for one cause. `cause` is a sentence without its values; `since` is when the first came.

    `message` is that of one of them, with its values.
    """

    state: str
    error_code: str
    cause: str
    acts: str
    orders: int
    customers: int
    customer: str
    since: datetime
    message: Text

    @property
    def words(self) -> str:
        """What happened to one order, or what several have in common."""
        return (said(self.message) if self.orders == 1 else said_of_many(self.cause)) or self.error_code

    @property
    def state_label(self) -> str:
        return str(Transfer.State(self.state).label)

    @property
    def acts_label(self) -> str:
        return str(Transfer.Acts(self.acts).label)

    @property
    def query(self) -> str:
        """The filters of the list of transfers that show this group."""
        return urlencode({"state__exact": self.state, "cause": self.cause})


def groups(*, states: Collection[str] = Transfer.TROUBLE, limit: int = 50, among: int = CEILING) -> list[Group]:
    """The causes with the most orders first, at most `limit`, among the newest `among` orders in trouble."""
    newest = Transfer.objects.filter(NEEDS_SOMEBODY, state__in=states).order_by("-pk")
    rows = list(
        Transfer.objects.filter(NEEDS_SOMEBODY, pk__in=newest.values("pk")[:among])
        .order_by()
        .values("state", "error_code", "cause", "acts")
        .annotate(
            orders=Count("pk"),
            example=Min("pk"),
            customers=Count("customer", distinct=True),
            customer=Min("customer__name"),
            since=Min("updated_at"),
        )
        .order_by("-orders", "cause")[:limit]
    )
    examples = {row["example"] for row in rows}
    messages = dict(Transfer.objects.filter(pk__in=examples).values_list("pk", "message"))
    return [_group(dict(row), messages) for row in rows]


def _group(row: dict[str, Any], messages: dict[int, Text]) -> Group:
    return Group(message=messages.get(row.pop("example"), Text("")), **row)


def of(cause: str, state: str) -> QuerySet[Transfer]:
    """The transfers of one group."""
    return Transfer.objects.filter(NEEDS_SOMEBODY, state=state, cause=cause)
