"""The worker command: nothing that kills, freezes or fills one of its processes stops it, and it ends when it is told to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.faults.conftest import ROOT, Processes, Stage

pytestmark = pytest.mark.slow


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


@dataclass
class Worker:
    """A worker command and what it started, each known by the name that it gave itself."""

    process: subprocess.Popen[bytes]
    log: Path

    def tree(self, pid: int = 0) -> dict[int, str]:
        """Process id → name, of the command's children and theirs. Those that have ended do not count."""
        found: dict[int, str] = {}
        try:
            children = Path(f"/proc/{pid or self.process.pid}/task/{pid or self.process.pid}/children").read_text().split()
            for child in children:
                if state(int(child)) not in ("", "Z"):
                    found[int(child)] = Path(f"/proc/{child}/comm").read_text().strip()
                    found |= self.tree(int(child))
        except FileNotFoundError:
            pass
        return found

    def pid(self, name: str) -> int:
        wait_until(lambda: name in self.tree().values())
        return next(pid for pid, role in self.tree().items() if role == name)

    def is_whole(self) -> bool:
        return sorted(self.tree().values()) == ["monitor", "pusher", "sentinel", "worker", "worker"]

    def kill(self, name: str) -> None:
        """Kill one process, and wait until all others were replaced with it."""
        wait_until(self.is_whole)
        before = self.tree()
        os.kill(self.pid(name), signal.SIGKILL)
        wait_until(lambda: self.is_whole() and not before.keys() & self.tree().keys())

    def tell_all(self, number: signal.Signals) -> None:
        for pid in (*self.tree(), self.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def ends(self, status: int = 0) -> None:
        assert self.process.wait(timeout=35) == status, self.log.read_text()
        assert "Traceback" not in self.log.read_text()


def gone(pids: dict[int, str]) -> bool:
    return all(state(pid) in ("", "Z") for pid in pids)


def state(pid: int) -> str:
    """One letter: Z for a process that has ended and of which nobody has taken note. Empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except FileNotFoundError:
        return ""


@pytest.fixture
def start(database: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    started: list[Worker] = []

    def run(*command: str, **environment: str) -> Worker:
        log = tmp_path / f"worker-{len(started)}.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, *(command or ("manage.py", "worker"))],
                cwd=ROOT,
                env={**os.environ, **database, "WORKERS": "2", **environment},
                start_new_session=True,
                stderr=errors,
            )
        started.append(Worker(process, log))
        return started[-1]

    yield run
    for worker in started:
        left = worker.tree()
        worker.process.kill()
        worker.process.wait()
        wait_until(lambda left=left: gone(left))  # type: ignore[misc]


@dataclass
class Chores:
    """Tasks of this test, and the processes in which they began."""

    processes: Processes
    folder: Path
    given: int = 0

    def give(self, name: str) -> Path:
        """A new task. Returns the file in which it notes the process in which it begins."""
        self.given += 1
        notes = self.folder / f"chore-{self.given}"
        assert self.processes.carry_out("chore", {"name": name, "file": str(notes)}) is not None
        return notes

    def begun(self, name: str) -> int:
        """The process in which a new task has begun, once it has."""
        notes = self.give(name)
        wait_until(notes.exists)
        return int(notes.read_text())

    def workers(self) -> list[dict[str, Any]]:
        answer = self.processes.carry_out("workers", None)
        assert answer is not None
        rows: list[dict[str, Any]] = answer["rows"]
        return rows


@pytest.fixture
def chores(processes: Processes, tmp_path: Path) -> Chores:
    processes.carry_out("empty_queue", None)
    return Chores(processes, tmp_path)


def test_orders_arrive_by_themselves_and_the_worker_ends_cleanly_when_told(
    stage: Stage, start: Callable[..., Worker], chores: Chores
) -> None:
    worker = start()
    orders = sorted(stage.shop.place_order() for _ in range(3))
    wait_until(lambda: stage.references() == orders)
    whole = worker.tree()
    worker.process.send_signal(signal.SIGTERM)
    worker.process.send_signal(signal.SIGTERM)
    worker.ends()
    assert gone(whole)
    row = chores.workers()[0]
    assert (row["pid"], row["restarts"], bool(row["stopped"])) == (worker.process.pid, 0, True)


@pytest.mark.thorough
def test_whichever_process_is_killed_the_worker_goes_on_without_a_hand(stage: Stage, start: Callable[..., Worker]) -> None:
    worker = start()
    orders = [stage.shop.place_order()]
    wait_until(lambda: stage.references() == orders)
    for victim in ("worker", "monitor", "pusher", "sentinel"):
        worker.kill(victim)
        orders = sorted([*orders, stage.shop.place_order()])
        stage.processes.carry_out("wake", stage.flow)
        wait_until(lambda orders=orders: stage.references() == orders)  # type: ignore[misc]


@pytest.mark.thorough
def test_nothing_is_left_of_a_worker_whose_command_is_killed(start: Callable[..., Worker], chores: Chores) -> None:
    worker = start()
    chores.begun("work_until_told")
    whole = worker.tree()
    assert len(whole) == 5
    worker.process.kill()
    wait_until(lambda: gone(whole), 5)
    start()
    chores.begun("work_until_told")


@pytest.mark.thorough
def test_whoever_tells_all_its_processes_at_once_stops_it_cleanly_too(start: Callable[..., Worker], chores: Chores) -> None:
    """As Docker, systemd with its usual KillMode and the keyboard do. What was begun is told to end early."""
    worker = start()
    chores.begun("work_until_told")
    wait_until(worker.is_whole)
    worker.tell_all(signal.SIGINT)
    worker.tell_all(signal.SIGTERM)
    worker.ends()


@pytest.mark.deep
def test_a_deploy_in_mid_run_loses_nothing_and_doubles_nothing(stage: Stage, start: Callable[..., Worker]) -> None:
    """The schema of the next release comes while the worker of this one sends, and goes on on it; then it is told to stop."""
    stage.erp.latency = 0.1
    orders = sorted(stage.shop.place_order() for _ in range(30))
    worker = start()
    wait_until(lambda: len(stage.references()) >= 5)
    stage.processes.carry_out("migrate_ahead", None)
    sent = len(stage.references())
    wait_until(lambda: len(stage.references()) >= sent + 5)
    worker.tell_all(signal.SIGTERM)
    worker.ends()
    assert len(stage.references()) < len(orders)
    assert stage.processes.carry_out("claimed", stage.flow) == {"claimed": 0}
    stage.erp.latency = 0
    start()
    wait_until(lambda: stage.references() == orders)


@pytest.mark.thorough
def test_a_worker_waits_for_no_redis(stage: Stage, start: Callable[..., Worker]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start(REDIS_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        order = stage.shop.place_order()
        wait_until(lambda: stage.references() == [order])


@pytest.mark.thorough
def test_a_worker_that_is_told_alone_ends_and_its_successor_was_told_nothing(
    start: Callable[..., Worker], chores: Chores
) -> None:
    worker = start()
    told = chores.begun("work_until_told")
    os.kill(told, signal.SIGTERM)
    wait_until(lambda: worker.is_whole() and told not in worker.tree())
    # Both processes take one, and keep it until they are told.
    assert chores.begun("work_until_told") != chores.begun("work_until_told")
    assert worker.process.poll() is None
    assert worker.log.read_text() == ""


@pytest.mark.thorough
def test_tasks_that_nobody_has_begun_are_given_back_by_a_worker_that_stops(
    start: Callable[..., Worker], chores: Chores
) -> None:
    worker = start()
    notes = [chores.give("work_until_told") for _ in range(6)]
    wait_until(lambda: sum(note.exists() for note in notes) == 2)
    worker.process.terminate()
    worker.ends()
    assert sum(note.exists() for note in notes) == 2
    assert chores.processes.carry_out("queue", None) == {"waiting": 4, "taken": 0}


@pytest.mark.thorough
@pytest.mark.skipif(connection.vendor != "sqlite", reason="whatever the database")
class TestImpatience:
    """With less patience than in production: see `tests.faults.impatient`."""

    @pytest.fixture
    def worker(self, start: Callable[..., Worker]) -> Worker:
        return start("-m", "tests.faults.impatient")

    @pytest.mark.parametrize("victim", [pytest.param("pusher", marks=pytest.mark.deep), "sentinel"])
    def test_a_process_that_is_frozen_is_replaced(self, worker: Worker, victim: str) -> None:
        wait_until(worker.is_whole)
        before = worker.tree()
        os.kill(worker.pid(victim), signal.SIGSTOP)
        wait_until(lambda: worker.is_whole() and not before.keys() & worker.tree().keys())
        assert "does not move" in worker.log.read_text()

    def test_a_command_that_is_frozen_is_killed_for_a_supervisor_to_start_anew(self, worker: Worker) -> None:
        wait_until(worker.is_whole)
        whole = worker.tree()
        worker.process.send_signal(signal.SIGSTOP)
        assert worker.process.wait(timeout=30) == -signal.SIGKILL
        wait_until(lambda: gone(whole), 5)

    @pytest.mark.parametrize("chore", ["take_too_long", "grow"])
    def test_a_process_whose_task_takes_too_much_time_or_memory_is_replaced_alone(
        self, worker: Worker, chores: Chores, chore: str
    ) -> None:
        greedy = chores.begun(chore)
        others = {pid for pid in worker.tree() if pid != greedy}
        wait_until(lambda: worker.is_whole() and greedy not in worker.tree())
        assert others <= worker.tree().keys()

    @pytest.mark.deep
    def test_a_task_that_does_not_even_end_then_is_killed_and_so_is_a_stop_that_waits_for_it(
        self, worker: Worker, chores: Chores
    ) -> None:
        hung = chores.begun("hang")
        wait_until(lambda: hung not in worker.tree())
        assert "does not end its task" in worker.log.read_text()
        wait_until(worker.is_whole)
        whole = worker.tree()
        chores.begun("hang")
        worker.process.terminate()
        worker.ends(status=1)
        wait_until(lambda: gone(whole), 5)
