"""What is looked after now and then, whatever else happens: room for orders that wait, contracts that end, notices."""

from __future__ import annotations

from django.utils import timezone

from billing import contracts, notices
from billing.dates import today
from flows.ledger import held


def carry_out() -> None:
    """Look after all of it once. Any number of workers may: each part does what is left to do."""
    now = timezone.now()
    held.let_all_go(at=now)
    contracts.mark_ended(today(now))
    notices.tell(at=now)
