"""Times are aware and in UTC inside; a merchant's wall clock only at the edge. Plain Python."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

STOCKHOLM = ZoneInfo("Europe/Stockholm")


def utcnow() -> datetime:
    """This machine's time, aware, in UTC. Leases and claims use the database's clock instead (`flows.dbclock`)."""
    return datetime.now(UTC)


def from_utc_text(text: str, /) -> datetime:
    """An ISO time that is UTC by contract, with or without offset, as an aware UTC `datetime`.

    Raises `ValueError`, also for a time that no clock of a business ever showed: at the ends of the calendar, to count on by an
    hour is an error.
    """
    moment = datetime.fromisoformat(text)
    if not 1900 <= moment.year < 2200:
        raise ValueError(f"no time that can be meant: {text[:30]}")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
