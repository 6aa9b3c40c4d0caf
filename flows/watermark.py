"""Notices that an older state of the database was put back, by what this machine has seen of it.

A file outside the database remembers how far the database had come. If the database has come less far than that, somebody put
a backup back: what the ERPs got since is unknown here, and must be looked up before it is sent. The machine that ran no worker
before does not know, and neither does a container that loses its files: then `manage.py restored` is what says it.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from django.conf import settings
from django.db.models import Max

from flows import services
from flows.models import Event

log = logging.getLogger(__name__)
FILE = "seen-up-to"


def notice() -> bool:
    """Whether the database is older than this machine has seen it. Then everything is looked up before it is sent.

    Called by the worker before it begins and every few seconds: one query for the last key of an index.
    """
    # The file first: whatever it says was in the database by then, also when another worker of this machine writes it.
    remembered = _remembered()
    newest = Event.objects.aggregate(newest=Max("pk"))["newest"] or 0
    if went_back := newest < remembered:
        flows, transfers = services.look_up_everything()
        log.error(
            "The database is older than it was (%s events of %s): a backup was put back. "
            "The orders of %s flows, of which %s are open, are looked up in the ERP before they are sent.",
            newest,
            remembered,
            flows,
            transfers,
        )
    if newest != remembered:
        _remember(newest)
    return went_back


def _remembered() -> int:
    with suppress(OSError, ValueError):
        return int((settings.VAR_DIR / FILE).read_text())
    return 0


def _remember(newest: int) -> None:
    """A disk that is full or cannot be written to keeps nobody from working."""
    beside = settings.VAR_DIR / f"{FILE}.new"
    with suppress(OSError):
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        beside.write_text(f"{newest}\n")
        beside.replace(settings.VAR_DIR / FILE)
