"""What became of orders, told by where documents with their references are found.

e-conomic keeps no history of a document. An open order that is made into an invoice, or deleted, is gone without a trace; one
that was sent is archived by either. ASSUMED: an invoice made of an order keeps its reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from connectors.base import Page
from connectors.economic.agreement import Agreement, Row
from connectors.economic.finding import (
    INVOICES_BOOKED,
    ORDERS_ARCHIVED,
    ORDERS_SENT,
    Place,
    amount_of,
    missing_field,
    places_of,
)
from connectors.economic.settings import StatusSettings
from connectors.progress import Milestone, Progress
from sharespine.lib.clock import from_utc_text

#: References at a time: five calls for each hundred, or ten.
_AT_ONCE = 100


def progress_of(references: Iterable[str], agreement: Agreement, settings: StatusSettings) -> Iterator[Page]:
    """What became of the documents with `references`, which the caller knows to have been written. Raises `ContractChanged`."""
    wanted = list(dict.fromkeys(references))
    for start in range(0, len(wanted), _AT_ONCE):
        chunk = wanted[start : start + _AT_ONCE]
        found = _found(chunk, agreement)
        if settings.missing_is_cancelled and (missing := [reference for reference in chunk if reference not in found]):
            # A sent order that is opened again moves the other way, so that one look may miss it. Two in a row do not.
            found |= _found(missing, agreement)
        records = [_progress(reference, found[reference], settings) for reference in chunk if reference in found]
        if settings.missing_is_cancelled:
            records += [_cancelled(reference) for reference in chunk if reference not in found]
        yield Page(records=tuple(records))


def _found(references: Iterable[str], agreement: Agreement) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for place in places_of(references, agreement):
        found.setdefault(place.reference, []).append(place)
    return found


def _cancelled(reference: str) -> Progress:
    # Nothing is left there that has a number.
    return Progress(source_id=reference, reference=reference, milestones=(Milestone.CANCELLED,))


def _progress(reference: str, places: Sequence[Place], settings: StatusSettings) -> Progress:
    last = places[-1]
    number = last.row.get(last.number)
    if not isinstance(number, int):
        raise missing_field(last.number)
    milestones = tuple(sorted(_milestones(places, settings), key=list(Milestone).index))
    return Progress(source_id=str(number), reference=reference, milestones=milestones, modified_at=_changed_at(last.row))


def _milestones(places: Sequence[Place], settings: StatusSettings) -> set[Milestone]:
    """An order that is archived and has no invoice was invoiced under another reference, or deleted: that tells nothing."""
    booked = _invoices([place.row for place in places if place.path == INVOICES_BOOKED])
    told: set[Milestone] = set()
    if booked:
        told.add(Milestone.INVOICED)
        if all(amount_of(row, "remainder") == 0 for row in booked):
            told.add(Milestone.PAID)
    is_sent = any(place.path == ORDERS_SENT for place in places)
    is_sent |= len(places) > 1 and any(place.path == ORDERS_ARCHIVED for place in places)
    if settings.delivered_when != "never" and (booked or (is_sent and settings.delivered_when == "sent")):
        told.add(Milestone.DELIVERED)
    return told


def _invoices(booked: Sequence[Row]) -> Sequence[Row]:
    """Without the credit notes that somebody has made of them there, which may have copied their reference."""
    charged = [row for row in booked if amount_of(row, "grossAmount") >= 0]
    return charged or booked


def _changed_at(row: Row) -> datetime | None:
    """When a draft or sent order was changed; the other places do not tell."""
    try:
        return from_utc_text(str(row["lastUpdated"]))
    except (KeyError, ValueError, OverflowError):
        return None
