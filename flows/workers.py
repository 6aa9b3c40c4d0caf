"""Which worker commands live: each keeps a row of its own, and shows in it every few seconds that it is still there."""

from __future__ import annotations

import os
import socket
import time
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet

from flows import dbclock
from flows.models import Worker

#: A worker of which nothing was seen for so long is gone. It shows itself every three seconds, but may wait for a database.
GONE = timedelta(seconds=30)
#: How long the rows of those that stopped or are gone are kept, and how often, in seconds, older ones are looked for.
KEPT = timedelta(days=1)
TIDY = 3600.0


def live() -> QuerySet[Worker]:
    return Worker.objects.filter(stopped_at__isnull=True, beat_at__gte=dbclock.ahead(-GONE))


def gone() -> QuerySet[Worker]:
    """Those that vanished without saying that they stop."""
    return Worker.objects.filter(stopped_at__isnull=True, beat_at__lt=dbclock.ahead(-GONE))


def machine() -> str:
    """The name of this machine, as it is kept."""
    return socket.gethostname()[:100]


class Presence:
    """The row of this worker command. `restarts`: how often its processes had to be started anew."""

    def __init__(self) -> None:
        self.restarts = 0
        self._pk = 0
        self._tidied = -TIDY

    def beat(self) -> None:
        """Show that this worker lives. Its first row is made here, and again if somebody removed it."""
        if not self._mine().update(beat_at=dbclock.now(), restarts=self.restarts):
            self._pk = Worker.objects.create(
                machine=machine(),
                pid=os.getpid(),
                processes=settings.WORKERS,
                release=settings.RELEASE,
                started_at=dbclock.now(),
                beat_at=dbclock.now(),
                restarts=self.restarts,
            ).pk
        if time.monotonic() - self._tidied > TIDY:
            Worker.objects.filter(beat_at__lt=dbclock.ahead(-KEPT)).delete()
            self._tidied = time.monotonic()

    def leave(self) -> None:
        """Say that this worker stops."""
        self._mine().update(stopped_at=dbclock.now())

    def _mine(self) -> QuerySet[Worker]:
        return Worker.objects.filter(pk=self._pk)
