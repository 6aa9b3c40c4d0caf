"""Processes on a real database, between two simulators that this process serves and counts in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from connectors.base import Role
from connectors.registry import sandbox_class, systems

ROOT = Path(__file__).resolve().parents[2]
#: Seconds: short, so that a test does not wait long for a dead worker's claims to run out.
LEASE = 2


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of processes on a migrated database of their own: PostgreSQL if `DATABASE_URL` says so, else SQLite."""
    folder = tmp_path_factory.mktemp("var")
    environment = {"SHARESPINE_VAR": str(folder), "LEASE_SECONDS": str(LEASE), "SANDBOX": "true"}
    server = os.environ.get("DATABASE_URL", "")
    name = f"faults_{uuid.uuid4().hex[:10]}"
    if server.startswith("postgres"):
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        base, _, _ = server.rpartition("/")
        environment["DATABASE_URL"] = f"{base}/{name}"
    _python(["manage.py", "migrate", "--verbosity", "0"], environment)
    yield environment
    if server.startswith("postgres"):
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _python(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode in (0, 137), done.stderr[-3000:]
    return done


@dataclass
class Stage:
    """A shop and an ERP, and processes that carry out the flow between them."""

    shop: Any
    erp: Any
    environment: dict[str, str]
    flow: int = 0
    code: str = ""
    crashes: int = 0
    last: dict[str, Any] = field(default_factory=dict)

    def start(self, shop_address: str, erp_address: str) -> None:
        given = {
            "shop": {"system": self.shop.key, "options": self.shop.endpoint_options(shop_address)},
            "erp": {"system": self.erp.key, "options": self.erp.endpoint_options(erp_address)},
            "source": self.shop.flow_options(),
            "target": self.erp.flow_options(),
        }
        made = json.loads(_python(["-m", "tests.faults.steps", "set_up", json.dumps(given)], self.environment).stdout)
        self.flow, self.code = made["flow"], made["code"]

    def run(self, *, crash_at: str = "") -> bool:
        """One process that carries out one run. False when it crashed, as told."""
        environment = {**self.environment, "SHARESPINE_CRASH_AT": crash_at}
        done = _python(["-m", "tests.faults.steps", "run", json.dumps(self.flow)], environment)
        if done.returncode == 137:
            self.crashes += 1
            return False
        self.last = json.loads(done.stdout)
        return True

    def until_settled(self, seconds: float = 40) -> None:
        """Run again and again, as workers would, until nothing is due any more."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.run()
            if self.last["run"] is not None and not self.last["due"]:
                return
            time.sleep(0.3)
        raise AssertionError(f"not settled after {seconds} s: {self.last}")

    def references(self) -> list[str]:
        """The shop ids of all documents in the ERP, counted there."""
        return sorted(document.reference.removeprefix(f"{self.code}-") for document in self.erp.documents())


@pytest.fixture
def stage(database: dict[str, str]) -> Iterator[Stage]:
    shop, erp = (sandbox_class(systems(role)[0].manifest.key)() for role in (Role.SHOP, Role.ERP))
    with shop.serve() as shop_address, erp.serve() as erp_address:
        made = Stage(shop, erp, database)
        made.start(shop_address, erp_address)
        yield made
