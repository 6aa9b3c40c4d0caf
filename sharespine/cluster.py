"""django-q2's cluster, made to end when one of its processes is killed or frozen, and to stop within half a minute when told.

    worker command ── sentinel ─┬─ worker, worker …   carry out tasks
                                ├─ pusher             fetches tasks from the database
                                └─ monitor            notes what became of them

A process that dies by a signal (the kernel's out-of-memory killer, usually) takes the lock of a queue with it: django-q2 then
starts a new process which waits for that lock for ever, and nothing reports it (measured with 1.11.1, 2026-11-21; open
upstream as django-q2#23). Here all of them end instead, and the worker command starts them anew. That costs nothing but a
start: every claim is a row with a lease, and the next cluster takes over.

Each process is watched by the one that started it, and ends with it. The worker command, which none of ours started, is
watched by its sentinel. What they know of each other lies in memory without locks (`sharespine.lib.processes`).
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from queue import Empty
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

from django import db
from django.utils import timezone
from django_q.cluster import Sentinel, get_mp_context
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.worker import worker

from sharespine.lib import stopping
from sharespine.lib.processes import Flag, Vitals, Watch, attach, keep_beating

log = logging.getLogger(__name__)

#: How long the processes may take to end what they are doing when the cluster is stopped, in seconds.
PATIENCE = 25
#: A process that does not move for so long is frozen, in seconds.
FROZEN = 15
#: The same for the worker command, which waits for the database between two signs of life.
COMMAND_FROZEN = 120
#: A worker ends a task at django-q2's timeout. One that has not done so after as many more seconds never will.
MERCY = 20
#: How often the sentinel looks at its processes, in seconds.
CYCLE = 0.25


class FailFastCluster:
    """The processes that carry out tasks, as the worker command sees them."""

    def __init__(self) -> None:
        self._stop, self._own, self._watch = Flag(), Vitals(), Watch()

    def start(self) -> None:
        # Connections are not shared across a fork.
        db.connections.close_all()
        self._vitals = Vitals()
        arguments = (os.getpid(), self._own, self._vitals, self._stop)
        self._sentinel = get_mp_context().Process(target=_guard, name="sentinel", args=arguments)
        self._sentinel.start()

    def trouble(self) -> str:
        """Why the processes must be started anew, or the empty string. Call it again and again: it also shows that we live."""
        self._own.beat()
        self._watch.look()
        if not self._sentinel.is_alive():
            return f"the sentinel ended with {self._sentinel.exitcode}"
        if self._watch.silent(self._vitals) > FROZEN:
            return "the sentinel does not move"
        return ""

    def ask_to_stop(self) -> None:
        """Have the processes end what they are doing, and begin nothing more. Safe in a signal handler, any number of times."""
        self._stop.set()

    @property
    def is_asked_to_stop(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> bool:
        """Stop, and wait for it. Processes that take too long are killed. Returns whether all ended by themselves."""
        self.ask_to_stop()
        ends = monotonic() + PATIENCE
        while self._sentinel.is_alive() and monotonic() < ends:
            self._own.beat()
            sleep(0.1)
        clean = bool(self._sentinel.exitcode == 0)
        if not clean:
            self.sweep_up()
        return clean

    def sweep_up(self) -> None:
        """Kill whatever is left of the processes."""
        try:
            os.killpg(self._sentinel.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            # It had not come so far as to have a group, or nothing is left of it.
            self._sentinel.kill()
        self._sentinel.join()


class FailFastSentinel(Sentinel):
    """Ends all processes of the cluster when one of them was killed, is frozen, or does not end its task in time."""

    pool: list[Any]
    monitor: Any
    pusher: Any

    def __init__(self, command: int, commands_vitals: Vitals, vitals: Vitals, stop: Flag) -> None:
        super().__init__(stop, Flag(), uuid4(), start=False)
        # Who tells a whole group of processes to stop means the worker command, which tells us.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.command, self.commands_vitals, self.vitals, self.watch = command, commands_vitals, vitals, Watch()

    def spawn_process(self, target: Callable[..., None], *arguments: Any) -> Any:
        vitals = Vitals()
        process = get_mp_context().Process(
            target=_carry_out, name=target.__name__, args=(target, vitals, os.getpid(), arguments), daemon=True
        )
        process.vitals = vitals
        if target is worker:
            self.pool.append(process)
        process.start()
        return process

    def guard(self) -> None:
        self.start_event.set()
        while not self.stop_event.is_set():
            self._look()
            for process in self._processes():
                if not process.is_alive():
                    _check_that_it_was_not_killed(process)
                    self.reincarnate(process)
            sleep(CYCLE)
        self.stop()

    def reincarnate(self, process: Any) -> None:
        """Start anew a process that ended by itself: recycled, out of time, or stumbled over an error."""
        if process is self.monitor:
            self.monitor = self.spawn_monitor()
        elif process is self.pusher:
            self.pusher = self.spawn_pusher()
        else:
            self.pool.remove(process)
            self.spawn_worker()

    def stop(self) -> None:
        """Fetch nothing more, let the workers end what they have begun, and give back the tasks that nobody has begun."""
        self.event_out.set()
        left: list[int] = []
        while any(process.is_alive() for process in [*self.pool, self.pusher]):
            for process in self.pool:
                # Again and again: one that has only just been forked does not listen yet.
                process.terminate()
            # The pusher cannot end while it finds no room for a task.
            left += self._left_over()
            self._look()
        left += self._left_over()
        self.result_queue.put("STOP")
        while self.monitor.is_alive():
            self._look()
            sleep(0.05)
        self._look()
        if left:
            OrmQ.objects.filter(pk__in=left).update(lock=timezone.now())

    def _left_over(self) -> Iterator[int]:
        """The queue's rows of the tasks that wait in memory."""
        while True:
            try:
                yield self.task_queue.get(timeout=0.1)["ack_id"]
            except Empty:
                return

    def _look(self) -> None:
        self.vitals.beat()
        self.watch.look()
        for process in self._processes():
            if not process.is_alive():
                _check_that_it_was_not_killed(process)
                continue
            if self.watch.silent(process.vitals) > FROZEN:
                _end_all(f"{process.name} {process.pid} does not move")
            if process.vitals.busy() > Conf.TIMEOUT + MERCY:
                _end_all(f"{process.name} {process.pid} does not end its task")
        if self.watch.silent(self.commands_vitals) > COMMAND_FROZEN:
            log.error("The worker command does not move. It is killed, so that a supervisor starts it anew.")
            os.kill(self.command, signal.SIGKILL)

    def _processes(self) -> list[Any]:
        return [*self.pool, self.monitor, self.pusher]


class _Tasks:
    """The queue of tasks as one worker sees it: it ends when the worker is asked to stop."""

    def __init__(self, queue: Any, vitals: Vitals) -> None:
        self.queue, self.vitals = queue, vitals

    def get(self) -> Any:
        self.vitals.end()
        while not stopping.asked():
            try:
                task = self.queue.get(timeout=1)
            except Empty:
                continue
            self.vitals.begin()
            return task
        return "STOP"


def _guard(command: int, commands_vitals: Vitals, vitals: Vitals, stop: Flag) -> None:
    """The sentinel's process."""
    # A group of its own: whatever happens to this process, the worker command can end the children that it leaves behind.
    os.setpgid(0, 0)
    attach("sentinel", command)
    try:
        sentinel = FailFastSentinel(command, commands_vitals, vitals, stop)
    except db.Error as error:
        log.warning("The database does not answer: %s", error)
        sys.exit(1)
    try:
        sentinel.start()
    except Exception:
        log.exception("The sentinel stumbled.")
        _end_all("the sentinel stumbled")


def _carry_out(target: Callable[..., None], vitals: Vitals, sentinel: int, arguments: tuple[Any, ...]) -> None:
    """The process of a worker, the pusher or the monitor. Only workers listen when told to stop: the others then drain."""
    attach(target.__name__, sentinel)
    if target is worker:
        stopping.forget()
        signal.signal(signal.SIGTERM, lambda *_: stopping.ask())
        queue, *others = arguments
        arguments = (_Tasks(queue, vitals), *others)
    keep_beating(vitals, sentinel)
    try:
        target(*arguments)
    except db.Error as error:
        # The monitor, mostly, which has nothing to lose: the next one takes its place.
        log.warning("The %s ends, since the database failed: %s", target.__name__, error)
        sys.exit(1)


def _check_that_it_was_not_killed(process: Any) -> None:
    """End the cluster when `process` died by a signal, or as if by one (as shells write it: 128 + the signal)."""
    if process.exitcode < 0 or process.exitcode > 128:
        _end_all(f"{process.name} {process.pid} was killed ({process.exitcode})")


def _end_all(reason: str) -> None:
    log.error("All worker processes end, since %s.", reason)
    os.killpg(0, signal.SIGKILL)
