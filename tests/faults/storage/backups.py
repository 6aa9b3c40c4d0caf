"""Backups of the database of an environment, made and put back as an administrator does."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import psycopg


def can_back_up() -> bool:
    return not os.environ.get("DATABASE_URL", "").startswith("postgres") or shutil.which("pg_dump") is not None


class Backup:
    """The database of the environment `database` as it is now, kept in `folder`. It may be in use."""

    def __init__(self, database: dict[str, str], folder: Path) -> None:
        self.address = database.get("DATABASE_URL", "")
        self.live, self.copy = Path(database["SHARESPINE_VAR"]) / "sharespine.sqlite3", folder / "backup"
        if self.address:
            subprocess.run(["pg_dump", "-Fc", "-f", str(self.copy), _libpq(self.address)], check=True)
            return
        with (
            contextlib.closing(sqlite3.connect(self.live)) as source,
            contextlib.closing(sqlite3.connect(self.copy)) as target,
        ):
            source.backup(target)

    def put_back(self) -> None:
        """As it was. Nobody may use the database meanwhile."""
        if not self.address:
            for ending in ("", "-wal", "-shm"):
                Path(f"{self.live}{ending}").unlink(missing_ok=True)
            shutil.copyfile(self.copy, self.live)
            return
        with psycopg.connect(_libpq(self.address), autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        subprocess.run(["pg_restore", "--dbname", _libpq(self.address), str(self.copy)], check=True)


def _libpq(address: str) -> str:
    return address.replace("postgres://", "postgresql://", 1)
