"""The worker: carries out the flows. Any number of them may run on one database."""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections

from flows import tasks
from sharespine.cluster import FailFastCluster

log = logging.getLogger(__name__)
#: How often due flows are looked for, in seconds.
TICK = 3.0


class Command(BaseCommand):
    help = "Carries out the flows until it is stopped (SIGTERM or Ctrl-C), and starts its processes anew when one is killed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--parent", type=int, default=0, help="End when this process is gone (for `make run`).")

    def handle(self, *args: Any, **options: Any) -> None:
        cluster = FailFastCluster()
        cluster.start()
        next_tick = 0.0
        try:
            while cluster.stop_event is not None and not cluster.stop_event.is_set():
                if not cluster.alive:
                    log.error("A worker process was killed. Starting all of them anew; what it held is taken over.")
                    cluster.sweep_up()
                    cluster = FailFastCluster()
                    cluster.start()
                if time.monotonic() >= next_tick:
                    self._tick()
                    next_tick = time.monotonic() + TICK
                if options["parent"] and _gone(options["parent"]):
                    cluster.stop()
                    break
                time.sleep(0.2)
        finally:
            if cluster.alive:
                cluster.stop()

    def _tick(self) -> None:
        try:
            tasks.tick()
        except DatabaseError:
            # The database restarts: the next tick finds what this one did not.
            log.warning("The database does not answer; trying again.", exc_info=True)
        finally:
            close_old_connections()


def _gone(pid: int) -> bool:
    return os.getppid() != pid
