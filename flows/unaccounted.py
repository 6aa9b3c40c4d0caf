"""What was sold and the ERP does not count yet: to be taken off what it says is available, before a shop is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from connectors.progress import Milestone
from flows.ledger.capture import BY_HAND
from flows.ledger.items import key_of
from flows.models import Transfer
from sharespine.lib.money import ZERO, decimal

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
    """Pieces by article number, as items have it.

    The `quantities` are not counted by the ERP for certain, but for those of `unsure`, whose orders are in doubt. What was
    `sent`, and when, is counted in a stock that is younger.
    """

    quantities: Mapping[str, Decimal]
    sent: Mapping[str, Sequence[tuple[datetime, Decimal]]]
    unsure: frozenset[str]

    def of(self, key: str, since: datetime) -> tuple[Decimal, bool]:
        """What to take off a stock that is as it was at `since` or later, and whether some of that may be counted in it."""
        just_now = [quantity for sent_at, quantity in self.sent.get(key, ()) if sent_at >= since - EDGE]
        sold = self.quantities.get(key, ZERO) + sum(just_now, ZERO)
        return max(sold, ZERO), bool(just_now) or key in self.unsure


def sold(
    erp_id: int, *, read_since: datetime, hold_days: int, reserving: Collection[str] = (), booked: bool = True
) -> Unaccounted:
    """What is on all orders for an ERP that its stock does not count, whatever their shop.

    The stock of every article is as it was at `read_since` or later. Documents of other kinds than `reserving` are held back
    until they are booked, as far as order status is followed, and for `hold_days` at most. Without `booked`, the stock may be
    older than what is known of the documents: then those that are booked are held back too.
    """
    now = timezone.now()
    held_since = now - timedelta(days=hold_days)
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    sent: defaultdict[str, list[tuple[datetime, Decimal]]] = defaultdict(list)
    unsure: set[str] = set()
    drafts = Q(sent_at__gte=held_since) & ~Q(target_kind__in=[*reserving, ""])
    if booked:
        drafts &= ~Q(milestone__in=COUNTED)
    orders = _orders(erp_id, now, Q(sent_at__gte=read_since - EDGE) | drafts)
    for lines, state, kind, milestone, in_doubt, sent_at in orders.values_list(*_COLUMNS).iterator():
        counts = state == State.SENT
        if counts and kind not in (*reserving, "") and sent_at >= held_since:
            # A draft. If it is booked, an older stock does not count it.
            counts = booked and milestone in COUNTED
            in_doubt = milestone in COUNTED
        for line in lines or ():
            key, quantity = key_of(str(line.get("article_number") or "")), decimal(line.get("quantity") or "0")
            if key and counts:
                sent[key].append((sent_at, quantity))
            elif key:
                found[key] += quantity
                unsure |= {key} if in_doubt else set()
    return Unaccounted(found, sent, frozenset(unsure))


_COLUMNS = ("payload__lines", "state", "target_kind", "milestone", "in_doubt", "sent_at")


def _orders(erp_id: int, now: datetime, uncounted: Q) -> QuerySet[Transfer]:
    under_way = Q(state__in=[*Transfer.OPEN, State.HELD, State.STOPPED], placed_at__gte=now - OPEN_FOR)
    not_yet = Q(state=State.SKIPPED, placed_at__gte=now - UNPAID_FOR) & ~Q(error_code=BY_HAND)
    not_yet &= Q(flow__start_from__isnull=True) | Q(placed_at__gte=F("flow__start_from"))
    orders = Transfer.objects.filter(erp=erp_id, kind=Transfer.Kind.ORDER).exclude(payload__cancelled=True)
    return orders.filter(under_way | not_yet | (Q(state=State.SENT) & uncounted))
