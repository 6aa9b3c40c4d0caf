"""django-q2's cluster, made to end when one of its processes is killed, so that a supervisor can start it anew.

A worker or monitor that dies by a signal (the kernel's out-of-memory killer, usually) takes the lock of a queue with it:
django-q2 then starts a new process which waits for that lock for ever, and nothing reports it (measured with 1.11.1,
2026-11-21; open upstream as django-q2#23). A cluster that ends instead costs nothing but a start: every claim is a row with a
lease, and the next cluster takes over.
"""

from __future__ import annotations

import os
import signal
from multiprocessing import Event
from time import sleep
from typing import Any

from django import db
from django_q.cluster import Cluster, Sentinel, get_mp_context

#: What a cluster that ended itself exits with: EX_SOFTWARE.
FAILED = 70


class FailFastSentinel(Sentinel):
    """Ends all processes of the cluster when one of them was killed."""

    def start(self) -> None:
        # A group of its own: whatever happens to this process, the supervisor can end the children that it leaves behind.
        os.setpgid(0, 0)
        super().start()

    def reincarnate(self, process: Any) -> None:
        killed = process is not None and process.exitcode is not None and process.exitcode < 0
        timed_out = getattr(process, "timer", None) is not None and process.timer.value == 0
        if killed and not timed_out:
            os.killpg(0, signal.SIGKILL)
        super().reincarnate(process)


class FailFastCluster(Cluster):
    """A cluster whose sentinel fails fast. `alive` tells whether it still stands."""

    def start(self) -> int:
        # Connections are not shared across a fork.
        db.connections.close_all()
        self.stop_event, self.start_event = Event(), Event()
        arguments = (self.stop_event, self.start_event, self.cluster_id, self.broker, self.timeout)
        self.sentinel = get_mp_context().Process(target=FailFastSentinel, args=arguments)
        self.sentinel.start()
        while self.start_event and not self.start_event.is_set() and self.alive:
            sleep(0.05)
        return int(self.pid)

    @property
    def alive(self) -> bool:
        return self.sentinel is not None and self.sentinel.is_alive()

    def sweep_up(self) -> None:
        """End whatever processes a sentinel that is gone has left behind."""
        try:
            os.killpg(self.sentinel.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
