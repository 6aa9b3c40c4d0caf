"""Workers that take turns: each is a thread of its own, and only one of them or the test itself runs at any time.

So a worker can be frozen between any two steps of its work, for as long as the test likes, and be woken as a zombie; or it is
killed, and then nothing it does reaches the database or anybody else any more.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

from django.db import connection, connections

from flows import engine, execution
from flows.ledger import owners
from sharespine.lib import checkpoints
from tests.stateful.clock import Clock

#: The places in the engine, and those in the shop and the ERP of this package, where a worker can be killed or frozen.
PLACES = (
    "shop:read",
    "captured",
    "claimed",
    "erp:found",
    "looked_up",
    "erp:prepared",
    "before_settle_commit",
    "settled",
    "before_write",
    "erp:sending",
    "erp:card made",
    "erp:written",
    "after_write",
)
#: Further ones, in the shop and the ERP of articles.
ARTICLE_PLACES = ("erp:listed", "shop:looked", "shop:putting", "shop:put")
_numbers = itertools.count(4000)
#: A worker that does not come back within so many seconds of real time hangs.
PATIENCE = 60


#: How long a query takes.
INSTANT = timedelta(milliseconds=1)
#: What was done and met so far, by all machines: a test that meets nothing proves nothing.
TALLY: Counter[str] = Counter()


class Killed(BaseException):
    """The process ended here, as if the power had gone."""


class TooMuch(BaseException):
    """A worker did far more than there was to do."""


@dataclass(frozen=True)
class Plan:
    """What happens to a worker when it comes to `place` for the `nth` time from now."""

    place: str
    nth: int = 1
    freeze: bool = False


class Inline:
    """Stands in for the pool of threads: what is submitted is carried out at once, in the worker's own thread."""

    def __init__(self, max_workers: int | None = None) -> None:
        pass

    def __enter__(self) -> Inline:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*arguments))
        except Exception as error:  # noqa: BLE001 - as a pool does. `Killed` is none: it ends the process, not the job
            future.set_exception(error)
        return future


class OpenGate:
    """Stands in for the gate at which threads wait for their turn to call: one that calls at once finds nobody before it."""

    def open_for(self, limit: int) -> None:
        pass

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


class Worker:
    """A worker process on `machine`. `run` and `wake` return when it has ended, was frozen or was killed."""

    def __init__(self, machine: str, work: Callable[[], object]) -> None:
        self.machine, self.pid = machine, next(_numbers)
        self.plan: Plan | None = None
        self.frozen_at = ""
        self.ended = self.killed = False
        self._work = work
        self._error: BaseException | None = None
        self._mine, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._live, name=f"worker {self.pid}", daemon=True)

    def __str__(self) -> str:
        return f"{self.machine}:{self.pid}"

    def run(self, plan: Plan | None = None) -> None:
        self._lend_connection()
        self.plan = plan
        self._thread.start()
        self._wait()

    def wake(self, plan: Plan | None = None) -> None:
        self.frozen_at, self.plan = "", plan
        self._mine.release()
        self._wait()

    def kill(self) -> None:
        """End it where it was frozen."""
        self.killed = True
        self.wake()

    def reach(self, place: str) -> None:
        """The worker has come to `place`: what was planned for it there happens."""
        if self.killed:
            raise Killed
        if self.plan is None or self.plan.place != place:
            return
        if self.plan.nth > 1:
            self.plan = Plan(self.plan.place, self.plan.nth - 1, self.plan.freeze)
            return
        plan, self.plan = self.plan, None
        if not plan.freeze:
            TALLY[f"killed at {place}"] += 1
            self.killed = True
            raise Killed
        if in_transaction():
            # A process that stops inside a transaction makes the others wait at the database. That cannot be played here.
            return
        TALLY[f"frozen at {place}"] += 1
        self.frozen_at = place
        self._theirs.release()
        self._mine.acquire()
        if self.killed:
            raise Killed

    def _live(self) -> None:
        connections["default"] = self._connection
        try:
            self._work()
        except Killed:
            self.killed = True
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self._error = error
        finally:
            self.ended = True
            del connections["default"]
            self._theirs.release()

    def _lend_connection(self) -> None:
        self._connection = connections["default"]
        self._connection.inc_thread_sharing()

    def _wait(self) -> None:
        if not self._theirs.acquire(timeout=PATIENCE):
            raise AssertionError(f"{self} hangs")
        if self.ended:
            self._thread.join()
            self._connection.dec_thread_sharing()
        if self._error is not None:
            raise self._error


_base_depth = 0


def in_transaction() -> bool:
    """Whether a transaction of the product is open now, besides the one that each test is in."""
    return len(connection.savepoint_ids) > _base_depth


class Workers:
    """All workers of a test, which the machinery around the engine is told of: who runs now, on which machine."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.all: list[Worker] = []
        self.running: Worker | None = None
        self.on_place: Callable[[str], None] = lambda place: None
        self._patches: list[Any] = [
            mock.patch.object(engine, "ThreadPoolExecutor", Inline),
            mock.patch.object(execution, "Gate", OpenGate),
            mock.patch.object(owners, "me", self._me),
            mock.patch.object(owners, "is_gone", self._is_gone),
        ]

    def _me(self) -> str:
        return str(self.running)

    def _is_gone(self, owner: str) -> bool:
        """A machine knows of its own processes whether they have ended, and of no others."""
        here = [worker for worker in self.all if worker.machine == self.clock.machine]
        return any(str(worker) == owner and worker.ended for worker in here)

    def start(self) -> None:
        global _base_depth
        _base_depth = len(connection.savepoint_ids)
        for place in (*PLACES, *ARTICLE_PLACES):
            checkpoints.listen(place, partial(self.reach, place))
        for patch in self._patches:
            patch.start()
        self._queries = connection.execute_wrapper(self._execute)
        self._queries.__enter__()

    def stop(self) -> None:
        for worker in self.frozen:
            self.kill(worker)
        self._queries.__exit__(None, None, None)
        for patch in self._patches:
            patch.stop()
        checkpoints.arm("")

    @property
    def frozen(self) -> list[Worker]:
        return [worker for worker in self.all if worker.frozen_at]

    def run(self, machine: str, work: Callable[[], object], plan: Plan | None = None) -> Worker:
        """Start a worker, and come back when it has ended, was frozen or was killed."""
        worker = Worker(machine, work)
        self.all.append(worker)
        with self._turn_of(worker):
            worker.run(plan)
        return worker

    def wake(self, worker: Worker, plan: Plan | None = None) -> None:
        with self._turn_of(worker):
            worker.wake(plan)

    def kill(self, worker: Worker) -> None:
        with self._turn_of(worker):
            worker.kill()

    def reach(self, place: str) -> None:
        if self.running is not None:
            self.on_place(place)
            self.running.reach(place)

    @contextmanager
    def _turn_of(self, worker: Worker) -> Iterator[None]:
        before, machine = self.running, self.clock.machine
        self.running = worker
        self.clock.be_on(worker.machine)
        try:
            yield
        finally:
            self.running = before
            self.clock.be_on(machine)

    def _execute(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if self.running is not None and self.running.killed and not sql.startswith(("ROLLBACK TO", "RELEASE")):
            raise Killed
        self.clock.advance(INSTANT)
        return execute(sql, params, many, context)
