"""Processes on a real database, between two simulators that this process serves and counts in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Direction, Register, Role
from connectors.registry import sandbox_class, systems
from sharespine.lib.clock import utcnow
from tests import migrated
from tests.migrated import migrate

ROOT = Path(__file__).resolve().parents[2]
#: Seconds: short, so that a test does not wait long for a dead worker's claims to run out.
LEASE = 2
#: Settings of processes that a test waits for.
QUICK = {"LEASE_SECONDS": str(LEASE), "SANDBOX": "true", "QUARANTINE_SECONDS": "0"}


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of processes on a migrated database of their own: PostgreSQL if `DATABASE_URL` says so, else SQLite."""
    environment = {"SHARESPINE_VAR": str(tmp_path_factory.mktemp("var")), **QUICK}
    server = os.environ.get("DATABASE_URL", "")
    if server.startswith("postgres"):
        with migrated.database(server) as address:
            yield {**environment, "DATABASE_URL": address}
        return
    migrate(environment)
    yield environment


@pytest.fixture(scope="session")
def processes(database: dict[str, str]) -> Iterator[Processes]:
    with forking(database) as made:
        yield made


@contextmanager
def forking(database: dict[str, str]) -> Iterator[Processes]:
    """Processes on the database of the environment `database`."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.steps"],
        cwd=ROOT,
        env={**os.environ, **database},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        yield Processes(parent)
        assert parent.stdin is not None
        parent.stdin.close()


@dataclass
class Processes:
    """A process that forks a worker for each step, so that one can die without the others."""

    parent: subprocess.Popen[str]

    def carry_out(self, step: str, argument: Any, *, crash_at: str = "") -> dict[str, Any] | None:
        """What the step answered; None when its process crashed as it was told."""
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        print(json.dumps({"step": step, "argument": argument, "crash_at": crash_at}), file=self.parent.stdin, flush=True)
        answer = None
        for line in self.parent.stdout:
            said = json.loads(line)
            if "exit" in said:
                assert said["exit"] in (0, -signal.SIGKILL), (
                    f"{step} ended with {said['exit']}; its traceback is in the captured errors"
                )
                return answer
            answer = said["answer"]
        raise AssertionError("the process that forks is gone")


@dataclass
class Stage:
    """A shop and an ERP, and processes that carry out the flow between them."""

    shop: Any
    erp: Any
    processes: Processes
    flow: int = 0
    code: str = ""
    crashes: int = 0
    ahead: timedelta = timedelta(0)
    last: dict[str, Any] = field(default_factory=dict)

    def start(self, shop_address: str, erp_address: str) -> None:
        given = {
            "shop": {"system": self.shop.key, "options": self.shop.endpoint_options(shop_address)},
            "erp": {"system": self.erp.key, "options": self.erp.endpoint_options(erp_address)},
            "source": self.shop.flow_options(),
            "target": self.erp.flow_options(),
        }
        made = self.processes.carry_out("set_up", given)
        assert made is not None
        self.flow, self.code = made["flow"], made["code"]

    def add_shop(self, shop: Any, address: str) -> tuple[int, str]:
        """Another shop with a flow to the same ERP endpoint. Returns the flow and the code of its references."""
        given = {"shop": {"system": shop.key, "options": shop.endpoint_options(address)}, "beside": self.flow}
        made = self.processes.carry_out("set_up", {**given, "source": shop.flow_options(), "target": self.erp.flow_options()})
        assert made is not None
        return made["flow"], made["code"]

    def beside(self, register: Register, direction: str, **columns: Any) -> Stage:
        """The same two systems with a further flow between them."""
        source, target = (self.shop, self.erp) if direction == Direction.TO_ERP else (self.erp, self.shop)
        options = {"source_options": source.flow_options(register), "target_options": target.flow_options(register)}
        columns = {**options, **columns, "register": register, "direction": direction}
        made = self.processes.carry_out("set_up_beside", {"beside": self.flow, "columns": columns})
        assert made is not None
        return replace(self, flow=made["flow"], crashes=0, last={})

    def crowd(self, flows: list[int], *, workers: int) -> None:
        """So many processes at the same time, until each has found nothing more to do in any of the flows."""
        assert self.processes.carry_out("crowd", {"flows": flows, "workers": workers}) is not None

    def run(self, *, crash_at: str = "") -> bool:
        """One process that carries out one run. False when it crashed, as told."""
        answer = self.processes.carry_out("run", self.flow, crash_at=crash_at)
        if answer is None:
            self.crashes += 1
            return False
        self.last = answer
        return True

    def kill(self, point: str) -> None:
        """Run until a process has died at `point`. On a busy machine the first run may come before what leads there is due."""
        ends = time.monotonic() + 60
        while self.run(crash_at=point):
            may_come = self.last["due"] and time.monotonic() < ends
            assert may_come, f"the worker never came to {point}: {self.last}"
            time.sleep(0.2)

    def make_due(self) -> None:
        """Let the time pass until what is followed is looked at."""
        assert self.processes.carry_out("make_due", self.flow) is not None

    def until_settled(self) -> None:
        """Run again and again, as workers would, until nothing is due any more."""
        answer = self.processes.carry_out("settle", self.flow)
        assert answer is not None
        self.last = answer

    def wait_hours(self, hours: int) -> None:
        """Let time pass in the ERP: the keys that it remembers run out."""
        self.ahead += timedelta(hours=hours)

    def references(self) -> list[str]:
        """The shop ids of all documents in the ERP, counted there."""
        return sorted(document.reference.removeprefix(f"{self.code}-") for document in self.erp.documents())


@pytest.fixture
def stage(processes: Processes) -> Iterator[Stage]:
    with staged(processes) as made:
        yield made


@contextmanager
def staged(processes: Processes) -> Iterator[Stage]:
    """A new shop and a new ERP, with a flow between them."""
    made = Stage(None, None, processes)
    shop, erp = (sandbox_class(systems(role)[0].manifest.key) for role in (Role.SHOP, Role.ERP))
    made.shop, made.erp = shop(), erp(clock=lambda: utcnow() + made.ahead)
    with made.shop.serve() as shop_address, made.erp.serve() as erp_address:
        made.start(shop_address, erp_address)
        yield made
