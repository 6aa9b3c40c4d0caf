"""The databases that a benchmark runs on: each its own, migrated, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from functools import cache

import psycopg
from cryptography.fernet import Fernet

from tests.benchmarks.wire import ROOT
from tests.suite import find_postgresql

SQLITE, POSTGRESQL = "sqlite", "postgresql"


@cache
def server() -> str:
    """The address of a PostgreSQL on which databases can be created, or the empty string."""
    return find_postgresql()


@contextlib.contextmanager
def database(kind: str) -> Iterator[dict[str, str]]:
    """The whole environment of processes on a new database of `kind`, with the settings of production."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"SANDBOX": "true", "DEBUG": "false", "LOG_LEVEL": "WARNING", "REDIS_URL": ""}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, contextlib.ExitStack() as stack:
        environment["SHARESPINE_VAR"] = folder
        if kind == POSTGRESQL:
            environment |= {"SECRET_KEY": "only-for-benchmarks", "SHARESPINE_KEYS": Fernet.generate_key().decode()}
            environment |= {"SECURE_SSL_REDIRECT": "false", "COOKIES_SECURE": "false"}
            environment["DATABASE_URL"] = stack.enter_context(_postgresql())
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        yield environment


@contextlib.contextmanager
def _postgresql() -> Iterator[str]:
    name = f"bench_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield f"{server().rpartition('/')[0]}/{name}"
    finally:
        _drop(name)


def _drop(name: str) -> None:
    """Dropping waits for every process of the server to take notice, and one that hangs would keep us for ever."""
    with psycopg.connect(server(), autocommit=True) as connection:
        connection.execute("SET statement_timeout = '60s'")
        try:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        except psycopg.errors.QueryCanceled:
            print(f"The server would not drop the database {name} within a minute. Drop it by hand.", file=sys.stderr)
