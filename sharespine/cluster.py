"""django-q2's cluster, made to end when one of its processes is killed, so that a supervisor can start it anew.

A worker or monitor that dies by a signal (the kernel's out-of-memory killer, usually) takes the lock of a queue with it:
django-q2 then starts a new process which waits for that lock for ever, and nothing reports it (measured with 1.11.1,
2026-11-21; open upstream as django-q2#23). A cluster that ends instead costs nothing but a start: every claim is a row with a
lease, and the next cluster takes over.
"""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing import Event
from time import sleep
from typing import Any

from django import db
from django_q.cluster import Cluster, Sentinel, get_mp_context

#: How long the processes may take to end what they are doing when the cluster is stopped, in seconds.
PATIENCE = 140


class FailFastSentinel(Sentinel):
    """Ends all processes of the cluster when one of them was killed."""

    def start(self) -> None:
        # A group of its own: whatever happens to this process, the supervisor can end the children that it leaves behind.
        os.setpgid(0, 0)
        # A thread as well, since the guard waits for locks that a killed process may have held (seen 2026-11-21: for ever).
        threading.Thread(target=self._watch, daemon=True).start()
        super().start()

    def reincarnate(self, process: Any) -> None:
        timed_out = getattr(process, "timer", None) is not None and process.timer.value == 0
        if process.exitcode is not None and process.exitcode < 0 and not timed_out:
            os.killpg(0, signal.SIGKILL)
        super().reincarnate(process)

    def _watch(self) -> None:
        while not self.stop_event.is_set():
            for process in [*self.pool, self.monitor, self.pusher]:
                if process is not None and _was_killed(process.pid):
                    os.killpg(0, signal.SIGKILL)
            sleep(0.2)


def _was_killed(pid: int | None) -> bool:
    """Whether the child `pid` died by a signal. Only looks: whoever waits for the child still finds it."""
    if pid is None:
        return False
    try:
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return ended is not None and ended.si_code in (os.CLD_KILLED, os.CLD_DUMPED)


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

    def stop(self) -> bool:
        """End the processes when they are done with what they have. Those that take too long are killed."""
        if not self.alive:
            return False
        self.stop_event.set()
        self.sentinel.join(PATIENCE)
        if self.alive:
            self.sweep_up()
        return True

    def sweep_up(self) -> None:
        """End whatever processes a sentinel that is gone has left behind."""
        try:
            os.killpg(self.sentinel.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
