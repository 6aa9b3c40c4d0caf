"""What the history of a record says of its next change."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Model

M = TypeVar("M", bound=Model)
#: As long as the column is.
_LONGEST = 100


def because(record: M, reason: str) -> M:
    """Have the next change of `record` say `reason` in its history. Returns the record."""
    # The attribute that simple-history reads when the row is saved or deleted; it is no field of the model.
    vars(record)["_change_reason"] = reason[:_LONGEST]
    return record
