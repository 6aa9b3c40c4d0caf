"""The database's clock. Leases are set and compared by it, so that machines with wrong clocks cannot take each other's work.

All of it comes from `now`.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now


def now() -> Now:
    return Now()


def reckoned(moment: datetime, at: float) -> datetime:
    """What the database's clock shows now, without asking it: it showed `moment` when our monotonic clock showed `at`."""
    return moment + timedelta(seconds=time.monotonic() - at)


def ahead(wait: timedelta) -> Any:
    """An expression for the moment `wait` from now."""
    return now() + wait


def lease() -> Any:
    """An expression for when a claim that is made or renewed now runs out."""
    return ahead(timedelta(seconds=settings.LEASE_SECONDS))
