"""The database's clock. Leases are set and compared by it, so that machines with wrong clocks cannot take each other's work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now


def now() -> Now:
    return Now()


def ahead(wait: timedelta) -> Any:
    """An expression for the moment `wait` from now."""
    return Now() + wait


def lease() -> Any:
    """An expression for when a claim that is made or renewed now runs out."""
    return ahead(timedelta(seconds=settings.LEASE_SECONDS))
