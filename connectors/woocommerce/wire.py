"""What every record of a shop has, read strictly: an id and a time of modification."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sharespine.lib.clock import from_utc_text

Wire = Mapping[str, Any]


def source_id(wire: Wire) -> str:
    """The record's id as text. Raises `KeyError` or `ValueError`."""
    value = wire["id"]
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError(f"id is not a whole number: {value!r}")
    return str(value)


def modified_at(wire: Wire) -> datetime | None:
    """When the record was last modified, aware, UTC; None when it does not say."""
    try:
        return from_utc_text(wire["date_modified_gmt"])
    except (KeyError, TypeError, ValueError):
        return None
