"""The worker command: killed processes do not stop it, and it ends when it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import ROOT, Stage

pytestmark = pytest.mark.slow


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


@pytest.fixture
def worker(stage: Stage, database: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, **database, "WORKERS": "2"}
    with subprocess.Popen(
        [sys.executable, "manage.py", "worker"], cwd=ROOT, env=environment, start_new_session=True
    ) as process:
        yield process
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=30)


def test_orders_arrive_by_themselves_and_the_worker_ends_cleanly_when_told(
    stage: Stage, worker: subprocess.Popen[bytes]
) -> None:
    orders = sorted(stage.shop.place_order() for _ in range(3))
    wait_until(lambda: stage.references() == orders)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0


def test_a_worker_whose_idle_process_is_killed_goes_on_without_a_hand(stage: Stage, worker: subprocess.Popen[bytes]) -> None:
    first = stage.shop.place_order()
    wait_until(lambda: stage.references() == [first])
    sentinel = wait_for_children(worker.pid)[0]
    os.kill(wait_for_children(sentinel)[0], signal.SIGKILL)
    wait_until(lambda: children(worker.pid) not in ([], [sentinel]))
    second = stage.shop.place_order()
    stage.processes.carry_out("wake", stage.flow)
    wait_until(lambda: stage.references() == sorted([first, second]))


def wait_for_children(pid: int) -> list[int]:
    wait_until(lambda: children(pid) != [])
    return children(pid)
