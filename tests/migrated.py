"""A database with all migrations, made once for all processes of a run of the tests, which copy it.

`tests.suite` makes it and says where it is in `MIGRATED`. Without that, as when one file is tested by hand, every process
migrates its own.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
from django.core import management
from django.db import connection

ROOT = Path(__file__).resolve().parents[1]
#: The file of the embedded database within `SHARESPINE_VAR`.
FILE = "sharespine.sqlite3"


@contextmanager
def made(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """Migrates a database of the kind that `environment` names. Yields what to tell those who copy it."""
    if address := environment.get("DATABASE_URL"):
        with database(address, environment) as made:
            yield {"MIGRATED": made.rpartition("/")[2]}
        return
    with tempfile.TemporaryDirectory(prefix="migrated-") as folder:
        migrate({"SHARESPINE_VAR": folder})
        yield {"MIGRATED": str(Path(folder) / FILE)}


def migrate(environment: dict[str, str]) -> None:
    """Migrates the database of `environment`; an embedded one that is not there yet is copied instead."""
    given = Path(os.environ.get("MIGRATED", ""))
    if given.is_file() and not environment.get("DATABASE_URL"):
        shutil.copy(given, Path(environment["SHARESPINE_VAR"]) / FILE)
        return
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=True)


@contextmanager
def database(address: str, environment: dict[str, str] | None = None) -> Iterator[str]:
    """A migrated database of its own on the PostgreSQL server of `address`. Yields its address."""
    name, template = f"migrated_{uuid.uuid4().hex[:10]}", os.environ.get("MIGRATED", "")
    base, _, _ = address.rpartition("/")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    try:
        if not template:
            migrate({**(environment or {}), "DATABASE_URL": f"{base}/{name}"})
        yield f"{base}/{name}"
    finally:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def copied() -> Iterator[None]:
    """While Django makes the database of this process's tests: copies where it would migrate."""
    given = os.environ.get("MIGRATED", "")
    if not given:
        yield
        return
    carry_out = management.call_command

    def call_command(name: str, *arguments: Any, **options: Any) -> Any:
        if name != "migrate":
            return carry_out(name, *arguments, **options)
        if connection.vendor == "sqlite":
            connection.ensure_connection()
            with closing(sqlite3.connect(given)) as source:
                source.backup(connection.connection)
        return None

    connection.settings_dict["TEST"]["TEMPLATE"] = given
    with mock.patch.object(management, "call_command", call_command):
        yield
