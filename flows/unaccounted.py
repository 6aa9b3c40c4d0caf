"""What was sold and the ERP does not count yet: to be taken off what it says is available, before a shop is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from connectors.progress import Milestone
from flows.ledger.capture import BY_HAND
from flows.ledger.items import key_of
from flows.models import Transfer
from sharespine.lib.money import decimal

State = Transfer.State
#: How long an order that does not reach the ERP is counted: after that, somebody has done something about it.
OPEN_FOR = timedelta(days=30)
#: How long an order is counted whose status does not trigger transfer yet: one that nobody pays for is cancelled by then.
UNPAID_FOR = timedelta(days=14)
#: How much later than in the ERP's answer an order may have come there.
EDGE = timedelta(minutes=2)
#: From here on the stock of every ERP counts an order, whatever document it is.
COUNTED = (Milestone.INVOICED, Milestone.PAID, Milestone.CANCELLED)


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """Pieces by article number, as items have it. Those of `unsure` may be counted already, and are to be asked for again."""

    quantities: Mapping[str, Decimal]
    unsure: frozenset[str]


def sold(erp_id: int, *, read_since: datetime, hold_days: int, reserving: Collection[str] = ()) -> Unaccounted:
    """What is on all orders for an ERP that its stock does not count, whatever their shop.

    The stock is as it was at `read_since` or later. Documents of other kinds than `reserving` are held back until they are
    booked, as far as order status is followed, and for `hold_days` at most.
    """
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    unsure: set[str] = set()
    orders = _orders(erp_id, read_since, hold_days, reserving).values_list("payload__lines", "state", "target_kind")
    for lines, state, kind in orders.iterator():
        for line in lines or ():
            if key := key_of(str(line.get("article_number") or "")):
                found[key] += decimal(line.get("quantity") or "0")
                unsure |= {key} if state == State.SENT and kind in reserving else set()
    return Unaccounted({key: quantity for key, quantity in found.items() if quantity > 0}, frozenset(unsure))


def _orders(erp_id: int, read_since: datetime, hold_days: int, reserving: Collection[str]) -> QuerySet[Transfer]:
    now = timezone.now()
    under_way = Q(state__in=[*Transfer.OPEN, State.HELD, State.STOPPED], placed_at__gte=now - OPEN_FOR)
    not_yet = Q(state=State.SKIPPED, placed_at__gte=now - UNPAID_FOR) & ~Q(error_code=BY_HAND)
    not_yet &= Q(flow__start_from__isnull=True) | Q(placed_at__gte=F("flow__start_from"))
    just_now = Q(state=State.SENT, sent_at__gte=read_since - EDGE)
    drafts = Q(state=State.SENT, sent_at__gte=now - timedelta(days=hold_days)) & ~Q(target_kind__in=[*reserving, ""])
    orders = Transfer.objects.filter(erp=erp_id, kind=Transfer.Kind.ORDER).exclude(payload__cancelled=True)
    return orders.filter(under_way | not_yet | just_now | (drafts & ~Q(milestone__in=COUNTED)))
