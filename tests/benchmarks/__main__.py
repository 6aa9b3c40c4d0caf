"""`python -m tests.benchmarks [--only NAME …]`: measures, says what it saw, and ends with lines `figure NAME VALUE`.

Everything is on loopback, and every ratio is taken within one run, so that a slow machine is slow on both sides of it.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.benchmarks import admin, backlog, doors, fairness, idle, mapping, plugins, spread, throughput, webhooks
from tests.benchmarks.databases import POSTGRESQL, SQLITE, server

#: What measures a name, given the arguments of the command line: figures by name.
Measure = Callable[[argparse.Namespace], dict[str, float]]


def _against_the_loop(kind: str, milliseconds: int, arguments: argparse.Namespace) -> dict[str, float]:
    name = f"{kind}_{milliseconds}ms"
    return throughput.figures(
        kind,
        milliseconds / 1000,
        name,
        rounds=arguments.rounds,
        orders=arguments.orders,
        profile=f"{arguments.profile}/{name}.txt" if arguments.profile else "",
    )


def measures() -> dict[str, tuple[str, Measure]]:
    """Name → what it needs (a database, or nothing), and what measures it."""
    found: dict[str, tuple[str, Measure]] = {}
    for kind in (SQLITE, POSTGRESQL):
        for milliseconds in (20, 0):
            found[f"{kind}_{milliseconds}ms"] = kind, partial(_against_the_loop, kind, milliseconds)
    found["workers"] = POSTGRESQL, lambda _: spread.figures()
    for kind in (SQLITE, POSTGRESQL):
        found[f"{kind}_backlog"] = kind, partial(_backlog, kind)
    found["webhooks"] = "", lambda arguments: webhooks.figures(_production(), arguments.samples)
    found["idle"] = POSTGRESQL, lambda _: idle.figures()
    found["fairness"] = "", lambda _: fairness.figures(_production())
    found["plugins"] = "", lambda arguments: plugins.figures(arguments.rounds)
    found["admin"] = "", lambda arguments: admin.figures(arguments.rows)
    found["doors"] = "", lambda arguments: doors.figures(arguments.rows)
    found["mapping"] = SQLITE, lambda _: mapping.figures(SQLITE)
    return found


def _backlog(kind: str, _: argparse.Namespace) -> dict[str, float]:
    return backlog.figures(kind)


def _production() -> str:
    """The database that a large installation would use, if it is here."""
    return POSTGRESQL if server() else SQLITE


def main() -> int:
    # Databases and processes go with us however we are ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    every = measures()
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=sorted(every), metavar="NAME", help=f"of: {', '.join(every)}")
    parser.add_argument("--rounds", type=int, default=5, help="how often the engine and the loop take turns")
    parser.add_argument("--orders", type=int, default=throughput.ORDERS, help="how many orders (fewer for a quick look)")
    parser.add_argument("--samples", type=int, default=webhooks.SAMPLES, help="how many webhooks")
    parser.add_argument("--rows", type=int, default=admin.ROWS, help="how many orders the pages have to bear")
    parser.add_argument(
        "--profile", metavar="FOLDER", help="write tables of where the engine's time went (and spoil the ratios)"
    )
    arguments = parser.parse_args()
    if arguments.profile:
        Path(arguments.profile).mkdir(parents=True, exist_ok=True)
    figures: dict[str, float] = {}
    failed = 0
    for name in arguments.only or every:
        needs, measure = every[name]
        print(f"\n— {name} —", flush=True)
        if needs == POSTGRESQL and not server():
            print("SKIPPED: no PostgreSQL found. Set DATABASE_URL, or start one on this machine.", flush=True)
            continue
        started = time.monotonic()
        try:
            figures |= measure(arguments)
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            # The others can be measured all the same.
            print(f"  FAILED: {error}", flush=True)
            failed += 1
        print(f"  ({time.monotonic() - started:.0f} s)", flush=True)
    if memory := [value for name, value in figures.items() if name.endswith("_memory_ratio")]:
        figures["memory_ratio"] = max(memory)
    print()
    for name, value in figures.items():
        print(f"figure {name} {value:g}")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
