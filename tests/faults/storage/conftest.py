"""Databases that go away, fill up and are put back: PostgreSQL servers of a test's own, and workers on them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.conftest import QUICK, ROOT, Processes, Stage, forking, staged
from tests.faults.storage.servers import Server, programs, server
from tests.migrated import migrate

#: Seconds within which a worker must be back at work by itself.
BACK = 30.0

needs_server = pytest.mark.skipif(
    programs() is None or not os.environ.get("DATABASE_URL", "").startswith("postgres"),
    reason="starts a PostgreSQL of its own, in the half of the tests that is for PostgreSQL",
)


@pytest.fixture(scope="session")
def private() -> Iterator[Server]:
    """A PostgreSQL that a test may end as it likes, and has to start again."""
    with server() as made:
        yield made


@pytest.fixture(scope="session")
def private_database(private: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    environment = {"SHARESPINE_VAR": str(tmp_path_factory.mktemp("var")), "DATABASE_URL": private.address, **QUICK}
    migrate(environment)
    return environment


@pytest.fixture(scope="session")
def private_processes(private_database: dict[str, str]) -> Iterator[Processes]:
    with forking(private_database) as made:
        yield made


@pytest.fixture
def private_stage(private_processes: Processes) -> Iterator[Stage]:
    with staged(private_processes) as made:
        yield made


@dataclass
class Worker:
    """The worker command, and what it says in its log."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    def end(self) -> None:
        """Stop it as one does; it must end cleanly."""
        assert self.process.poll() is None, f"the worker ended by itself:\n{self.said}"
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=BACK) == 0, self.said


@contextmanager
def working(database: dict[str, str], log: Path) -> Iterator[Worker]:
    """`manage.py worker` on the database of the environment `database`."""
    environment = {**os.environ, **database, "WORKERS": "2"}
    command = [sys.executable, "manage.py", "worker"]
    with (
        log.open("wb") as file,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file, start_new_session=True) as process,
    ):
        try:
            yield Worker(process, log)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=BACK)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = BACK) -> float:
    """Wait for `condition`. Returns how long it took, in seconds."""
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        if condition():
            return time.monotonic() - began
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def goes_on(stage: Stage, orders: list[str]) -> float:
    """Wait until work goes on by itself, and then until every order has arrived once. Returns how long the first took."""
    before = len(stage.references())
    took = wait_until(lambda: len(stage.references()) > before or stage.references() == orders, "work goes on")
    wait_until(lambda: len(stage.references()) >= len(orders), "every order arrived", 120)
    assert stage.references() == orders
    return took
