"""SQLite: the disk is full, somebody else holds the database, its journal grows. The ERP's own history is what counts."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.faults.conftest import QUICK, Stage, forking, staged
from tests.faults.storage.conftest import goes_on, wait_until, working
from tests.faults.storage.servers import full, may_mount, small_disk
from tests.migrated import migrate

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="about SQLite"),
]
#: Seconds that a foreign writer holds the database: longer than anybody waits for it.
HELD = float(os.environ.get("SQLITE_HELD_SECONDS", "5"))
#: Seconds that our processes wait for it: 20 in production.
PATIENCE = float(os.environ.get("SQLITE_PATIENCE_SECONDS", "1"))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    if not may_mount():
        pytest.skip("may not make a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder, megabytes=16):
        yield folder


@pytest.mark.deep
def test_a_disk_that_is_full_stops_the_sending_and_nothing_is_lost_or_doubled(disk: Path, tmp_path: Path) -> None:
    database = {"SHARESPINE_VAR": str(disk), **QUICK}
    migrate(database)
    with forking(database) as processes, staged(processes) as stage:
        stage.erp.latency = 0.05
        orders = sorted(stage.shop.place_order() for _ in range(30))
        with working(database, tmp_path / "log") as worker:
            wait_until(lambda: len(stage.references()) >= 4, "work has begun")
            with full(disk):
                wait_until(lambda: "disk is full" in worker.said, "it is in the log")
                # What was intended while there was room is still written: a few more, and no end of them.
                time.sleep(2)
                then = stage.references()
                time.sleep(4)
                assert stage.references() == then
                assert len(then) < len(orders)
            goes_on(stage, orders)
            worker.end()
        assert "Traceback" not in worker.said
        stage.until_settled()
        assert set(stage.last["states"].values()) == {"sent"}
        assert stage.references() == orders


@pytest.fixture
def impatient(tmp_path: Path) -> dict[str, str]:
    """A database for which our processes wait a second only."""
    return {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'sharespine.sqlite3'}?timeout={PATIENCE:.0f}",
        "SHARESPINE_VAR": str(tmp_path),
        "SECRET_KEY": "only-for-tests",
        "SHARESPINE_KEYS": Fernet.generate_key().decode(),
        **QUICK,
    }


@pytest.mark.deep
def test_a_foreign_writer_that_holds_the_database_longer_than_we_wait_loses_and_doubles_nothing(
    impatient: dict[str, str], tmp_path: Path
) -> None:
    migrate(impatient)
    with forking(impatient) as processes, staged(processes) as stage:
        stage.erp.latency = 0.05
        orders = sorted(stage.shop.place_order() for _ in range(30))
        with working(impatient, tmp_path / "log") as worker:
            wait_until(lambda: len(stage.references()) >= 4, "work has begun")
            with contextlib.closing(sqlite3.connect(tmp_path / "sharespine.sqlite3", isolation_level=None)) as foreign:
                foreign.execute("BEGIN IMMEDIATE")
                time.sleep(HELD)
                assert len(stage.references()) < len(orders)
                foreign.execute("ROLLBACK")
            goes_on(stage, orders)
            worker.end()
        assert "database is locked" in worker.said
        assert "Traceback" not in worker.said
        stage.until_settled()
        assert stage.references() == orders


def test_a_journal_that_a_long_reader_let_grow_is_short_again_after_the_next_pruning(
    stage: Stage, database: dict[str, str]
) -> None:
    file = Path(database["SHARESPINE_VAR"]) / "sharespine.sqlite3"
    journal = Path(f"{file}-wal")
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as reader:
        stage.shop.place_order()
        stage.until_settled()
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM flows_event").fetchone()
        orders = [stage.shop.place_order() for _ in range(20)]
        stage.until_settled()
        stage.processes.carry_out("command", "prune")
        assert journal.stat().st_size > 100_000
        reader.execute("COMMIT")
        stage.processes.carry_out("command", "prune")
        assert journal.stat().st_size == 0
    assert len(stage.references()) == len(orders) + 1
