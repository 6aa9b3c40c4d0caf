"""The worker: carries out the flows. Any number of them may run on one database."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from django import db
from django.core.management.base import BaseCommand, CommandParser

from flows import pruning, tasks, watermark, workers
from sharespine.cluster import PATIENCE, FailFastCluster

log = logging.getLogger(__name__)
#: How often due flows are looked for, and how often the worker shows that it lives, in seconds.
TICK = 3.0
#: A cluster that lived for less, in seconds, is not started anew at once, but after a pause that grows to the longest one.
SHORT_LIFE, LONGEST_PAUSE = 10.0, 4.0


class Command(BaseCommand):
    help = "Carries out the flows until it is stopped (SIGTERM or Ctrl-C), and starts its processes anew when one is killed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--parent", type=int, default=0, help="End when this process is gone (for `make run`).")
        parser.add_argument("--check", action="store_true", help="Only tell whether a worker is alive on this machine.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            raise SystemExit(0 if workers.live().filter(machine=workers.machine()).exists() else 1)
        self.cluster, self.presence = FailFastCluster(), workers.Presence()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.cluster.ask_to_stop())
        # Before anything is sent, however long that takes: a database that was put back looks like any other.
        while not self.cluster.is_asked_to_stop and not _in_database(watermark.notice):
            time.sleep(TICK)
        self.cluster.start()
        try:
            self._keep_going(options["parent"])
        finally:
            clean = self.cluster.stop()
            _in_database(watermark.notice)
            _in_database(self.presence.leave)
        if not clean:
            log.warning("Not all worker processes ended within %s s; they were killed. What they held is taken over.", PATIENCE)
            raise SystemExit(1)

    def _keep_going(self, parent: int) -> None:
        """Until somebody asks to stop, or the process `parent` (if any) is gone."""
        started, pause, next_tick = time.monotonic(), 0.0, 0.0
        while not self.cluster.is_asked_to_stop and not (parent and os.getppid() != parent):
            if trouble := self.cluster.trouble():
                log.error("All worker processes are started anew, since %s. What they held is taken over.", trouble)
                self.cluster.sweep_up()
                pause = min(max(1.0, 2 * pause), LONGEST_PAUSE) if time.monotonic() - started < SHORT_LIFE else 0.0
                time.sleep(pause)
                self.cluster.start()
                self.presence.restarts += 1
                started, next_tick = time.monotonic(), 0.0
            if time.monotonic() >= next_tick:
                _in_database(self.presence.beat)
                _in_database(watermark.notice)
                _in_database(tasks.tick)
                _in_database(pruning.prune_some)
                next_tick = time.monotonic() + TICK
            time.sleep(0.2)


def _in_database(work: Callable[[], object]) -> bool:
    """Whether the database answered."""
    try:
        work()
    except db.Error as error:
        # It restarts, or is locked: the next tick finds what this one did not.
        log.warning("The database does not answer: %s", error)
        return False
    finally:
        db.close_old_connections()
    return True
