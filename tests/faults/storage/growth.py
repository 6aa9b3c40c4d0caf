"""`python -m tests.faults.storage.growth`: a month of orders, pruned as it goes, and how large the database is then.

Prints `figure NAME VALUE` lines for SQLite, and for PostgreSQL if there is one. The orders are copies of some that the real
engine moved between the simulators; only their ids and times differ.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sharespine.settings")
    if os.environ.get("GROWTH_DATABASE"):
        django.setup()

import psycopg
import time_machine

from tests.suite import find_postgresql

ROOT = Path(__file__).resolve().parents[3]
#: A day: ten flows that look every five minutes, every second time in vain; a webhook when an order comes, and when it is paid.
RUNS, WEBHOOKS_PER_ORDER = 2880, 2


@dataclass
class Growth:
    """What a simulated month cost. `steps` and `waits` are seconds: of each step of pruning, and of a worker's transactions."""

    bytes: int = 0
    orders: int = 0
    steps: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, str]:
        return {
            "growth_orders": str(self.orders),
            "growth_bytes": str(self.bytes),
            "prune_steps": str(len(self.steps)),
            "prune_p95_seconds": f"{statistics.quantiles(self.steps, n=20)[-1]:.3f}",
            "prune_max_seconds": f"{max(self.steps):.3f}",
        }


def grow(flow_id: int, *, days: int, orders: int, runs: int = RUNS) -> Growth:
    """Copy the orders of the flow until there are `orders` a day for `days` days, and prune after each day."""
    from django.utils import timezone

    growth = Growth()
    copies = Copies(flow_id)
    now = timezone.now()
    for day in range(days):
        today = now + timedelta(days=day)
        with time_machine.travel(today, tick=True):
            growth.orders += copies.add(orders, runs)
            growth.steps += timed_steps()
        if day % 3 == 2:
            vacuum()
    growth.bytes = database_bytes()
    return growth


def timed_steps() -> Iterator[float]:
    """The seconds that each step of a pass took."""
    from flows import pruning

    began = time.perf_counter()
    for _ in pruning.steps():
        yield time.perf_counter() - began
        began = time.perf_counter()


class Copies:
    """Makes copies of the transfers and events that there are now, by the database itself."""

    def __init__(self, flow_id: int) -> None:
        from flows.models import Event, Transfer

        self.flow_id = flow_id
        self.transfers, self.events = _table(Transfer), _table(Event)
        self.number = 0
        for table, _ in (self.transfers, self.events):
            _execute(f"CREATE TABLE growth_{table} AS SELECT * FROM {table}")  # noqa: S608 - our own tables
        self.templates = _count(f"growth_{self.transfers[0]}")
        self.offset = max(_highest(self.transfers[0]), _highest(self.events[0]))

    def add(self, orders: int, runs: int) -> int:
        """A day: at least so many orders, with runs and webhooks, all of now. Returns how many orders."""
        from django.utils import timezone

        from flows.models import Delivery, Flow, Run

        now = timezone.now()
        flow = Flow.objects.get(pk=self.flow_id)
        made = Run.objects.bulk_create(
            Run(flow=flow, state=Run.State.DONE, started_at=now, ended_at=now, lease_until=now, owner="w:1", sent=number % 2)
            for number in range(runs)
        )
        done = 0
        while done < orders:
            self.number += 1
            self._copy(now, made[self.number * 2 % runs + 1].pk)
            done += self.templates
        Delivery.objects.bulk_create(
            [
                Delivery(
                    endpoint=flow.shop,
                    state=Delivery.State.ACCEPTED,
                    topic="order.updated",
                    source_ids=["1"],
                    body_hash="0" * 64,
                )
                for _ in range(done * WEBHOOKS_PER_ORDER)
            ],
            batch_size=2000,
        )
        return done

    def _copy(self, now: Any, run: int) -> None:
        from django.db import connection, transaction

        offset, suffix = self.offset * self.number, f"-{self.number}"
        moment = connection.ops.adapt_datetimefield_value(now)
        other = {"id": "id + %(offset)s", "run_id": "%(run)s", "transfer_id": "transfer_id + %(offset)s", "at": "%(now)s"}
        other |= dict.fromkeys(["source_id", "number", "reference"], "{} || %(suffix)s")
        other |= dict.fromkeys(["created_at", "updated_at", "modified_at", "placed_at"], "%(now)s")
        other["sent_at"] = "CASE WHEN sent_at IS NULL THEN NULL ELSE %(now)s END"
        cast = "::timestamptz" if connection.vendor == "postgresql" else ""
        values = {"offset": offset, "run": run, "suffix": suffix, "now": moment}
        with transaction.atomic():
            for table, columns in (self.transfers, self.events):
                chosen = [other.get(c, f'"{c}"').replace("{}", f'"{c}"').replace("%(now)s", f"%(now)s{cast}") for c in columns]
                named = ", ".join(f'"{c}"' for c in columns)
                _execute(f"INSERT INTO {table} ({named}) SELECT {', '.join(chosen)} FROM growth_{table}", values)  # noqa: S608


def _table(model: Any) -> tuple[str, list[str]]:
    return model._meta.db_table, [f.column for f in model._meta.concrete_fields]


def _execute(statement: str, values: dict[str, Any] | None = None) -> Any:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0] if cursor.description else None


def _count(table: str) -> int:
    return int(_execute(f"SELECT count(*) FROM {table}"))  # noqa: S608


def _highest(table: str) -> int:
    return int(_execute(f"SELECT max(id) FROM {table}"))  # noqa: S608


def vacuum() -> None:
    """What PostgreSQL does by itself, had a month really passed. SQLite has nothing of the kind and needs none."""
    from django.db import connection

    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        _execute("VACUUM")


def database_bytes() -> int:
    """What the database takes on disk, its journal included."""
    from django.db import connection

    if connection.vendor == "postgresql":
        return int(_execute("SELECT pg_database_size(current_database())"))
    path = Path(str(connection.settings_dict["NAME"]))
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))


def month(days: int, orders: int) -> None:
    """In a process of its own, on the empty database of the environment."""
    from django.core.management import call_command

    from flows import engine
    from sharespine.playground import playground, set_up

    call_command("migrate", verbosity=0)
    with playground(None, orders=500) as ground:
        flow = set_up(ground)
        for _ in range(3):
            engine.run(flow.pk)
    for name, value in grow(flow.pk, days=days, orders=orders).figures().items():
        print(f"figure {name}_{os.environ['GROWTH_DATABASE']} {value}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--orders", type=int, default=10_000, help="a day")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], help="one of the two only")
    given = parser.parse_args()
    if os.environ.get("GROWTH_DATABASE"):
        month(given.days, given.orders)
        return
    server = find_postgresql()
    command = [sys.executable, "-m", "tests.faults.storage.growth", f"--days={given.days}", f"--orders={given.orders}"]
    with tempfile.TemporaryDirectory() as folder:
        environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        environment |= {"SHARESPINE_VAR": folder, "SANDBOX": "true", "LOG_LEVEL": "WARNING"}
        if given.database != "postgresql":
            subprocess.run(command, cwd=ROOT, env={**environment, "GROWTH_DATABASE": "sqlite"}, check=True)
        if given.database != "sqlite" and server:
            from cryptography.fernet import Fernet

            name = f"growth_{os.getpid()}"
            with psycopg.connect(server.replace("postgres:///", "postgresql:///"), autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}"')
                try:
                    address = f"{server.rpartition('/')[0]}/{name}"
                    keys = {"SECRET_KEY": "growth", "SHARESPINE_KEYS": Fernet.generate_key().decode(), "DATABASE_URL": address}
                    subprocess.run(command, cwd=ROOT, env={**environment, **keys, "GROWTH_DATABASE": "postgresql"}, check=True)
                finally:
                    connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


if __name__ == "__main__":
    main()
