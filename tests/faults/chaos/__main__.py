"""`python -m tests.faults.chaos [--seed N] [--kills N] [--database sqlite|postgresql|both] [--only NAME]`: the kill storm.

Ends with `figure NAME VALUE` lines; with status 1 when an order was lost, doubled or differs, when anything else that was
promised does not hold, or when work went on later than half a minute after a kill. A storm is seen again by its seed.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import uuid
from collections import Counter
from random import SystemRandom
from typing import Any

from tests.benchmarks.databases import POSTGRESQL, SQLITE, database, server
from tests.faults.chaos import processes

KINDS = (SQLITE, POSTGRESQL)

#: What a kill of production's own processes, with production's settings, may cost at most, in seconds.
GOAL = 30.0
#: The storms, and how much of all harm each of them does. (Freezes take time, not work: a storm of those does little else.)
SHARES = {"command": 0.3, "forks": 0.7, "frozen": 0.04, "keyless": 0.04, "last_instant": 0.012}
#: What is told apart: the storms over ERPs that remember no keys, and the risk that remains at the last instant.
SUFFIXES = {"keyless": "_class_b", "last_instant": "_class_b_last_instant"}


def main() -> int:
    given = _arguments()
    print(f"seed {given.seed}", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results: list[tuple[str, str, dict[str, Any]]] = []
    kinds = KINDS if given.database == "both" else (given.database,)
    failed = False
    for kind in kinds:
        if kind == POSTGRESQL and not server():
            print("postgresql: SKIPPED, no server found. Set DATABASE_URL, or start one on this machine.", flush=True)
            continue
        for name in [given.only] if given.only else list(SHARES):
            share = 1.0 if given.only else SHARES[name]
            harms = max(1, round(given.kills * share / len(kinds)))
            print(f"{kind}: {name}, {harms} harms", flush=True)
            result = _storm(kind, name, given.seed, harms)
            if result is None:
                failed = True
            else:
                _tell(name, result)
                results.append((kind, name, result))
    broken = _figures(results)
    for line in broken:
        print(f"BROKEN {line}")
    return 1 if broken or failed or not results else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000))
    parser.add_argument("--kills", type=int, default=1000, help="in all, about")
    parser.add_argument("--database", choices=[*KINDS, "both"], default="both")
    parser.add_argument("--only", choices=SHARES, default="", metavar="NAME", help=f"one of {', '.join(SHARES)}")
    return parser.parse_args()


def _storm(kind: str, name: str, seed: int, harms: int) -> dict[str, Any] | None:
    """The outcome of one storm on a database of its own; None when the storm itself failed."""
    word = uuid.uuid4().hex
    with database(kind) as environment:
        command = [sys.executable, "-W", "ignore", "-m", "tests.faults.chaos.storms", name, "--seed", str(seed)]
        with subprocess.Popen(
            [*command, "--harms", str(harms), "--folder", environment["SHARESPINE_VAR"]],
            cwd=processes.ROOT,
            env={**environment, "SHARESPINE_STORM_WORD": word, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        ) as storm:
            try:
                return _listened(storm)
            finally:
                _end(storm)
                processes.end_all(word)


def _listened(storm: subprocess.Popen[str]) -> dict[str, Any] | None:
    """What the storm says goes on to our reader, but for its last word."""
    result = None
    assert storm.stdout is not None
    for line in storm.stdout:
        if line.startswith("{"):
            result = json.loads(line)
        else:
            print(line, end="", flush=True)
    return result if storm.wait() == 0 else None


def _end(storm: subprocess.Popen[str]) -> None:
    if storm.poll() is None:
        storm.send_signal(signal.SIGINT)
        try:
            storm.wait(20)
        except subprocess.TimeoutExpired:
            storm.kill()


def _tell(name: str, result: dict[str, Any]) -> None:
    print(
        f"  {result['seconds']:.0f} s: {sum(result['killed'].values())} killed, {sum(result['frozen'].values())} frozen; "
        f"{result['orders']} orders, {result['documents']} in the ERPs, {result['stopped_as_expected']} stopped as expected; "
        f"{len(result['lost'])} lost, {len(result['doubled'])} doubled, {len(result['differing'])} differing"
    )
    for finding in ("lost", "doubled", "differing", "uncalled", "stopped", "cards", "untrue", "open"):
        for line in result[finding][:20]:
            print(f"  {finding}: {line}")
    for seconds, what in result["recovery"]:
        print(f"  went on {seconds:.1f} s after: {what}")
    print(f"  {json.dumps({key: result[key] for key in ('extra', 'killed', 'frozen')})}", flush=True)


def _figures(results: list[tuple[str, str, dict[str, Any]]]) -> list[str]:
    """Print the figures. Returns which of them are not as promised."""
    killed: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    worst: dict[str, float] = {}
    for _, name, result in results:
        killed.update(result["killed"])
        whole.update({key: result[key] for key in ("orders", "documents", "adopted", "replayed", "calls")})
        sums["freezes" + SUFFIXES.get(name, "")] += sum(result["frozen"].values())
        kind = SUFFIXES.get(name, "")
        for finding in ("lost", "differing", "uncalled"):
            sums[finding] += len(result[finding])
        for finding in ("doubled", "stopped", "cards", "untrue", "open"):
            sums[finding + kind] += len(result[finding])
        for extra in ("suspects", "left_over", "tracebacks", "not_stopped_cleanly"):
            sums[extra] += result["extra"].get(extra, 0)
        prefix = "" if name == "command" else f"{name}_"
        for key, figure in (("recovery", "recovery_seconds_max"), ("by_flow", "recovery_of_each_flow_seconds_max")):
            if result[key]:
                worst[prefix + figure] = max(worst.get(prefix + figure, 0.0), result[key][-1][0])
    lines: dict[str, object] = {"kills": killed.total(), **whole, **sums}
    lines["calls_per_order"] = f"{whole['calls'] / max(whole['documents'], 1):.2f}"
    lines |= {name: f"{seconds:.1f}" for name, seconds in worst.items()}
    lines |= {f"kills_{what.replace(' ', '_').replace('-', '_')}": number for what, number in sorted(killed.items())}
    for name, value in lines.items():
        print(f"figure {name} {value}")
    promised = ("lost", "doubled", "differing", "uncalled", "stopped", "cards", "untrue", "open")
    broken = [f"{name} {sums[name]}" for finding in promised for name in (finding, f"{finding}_class_b") if sums[name]]
    if worst.get("recovery_seconds_max", 0) > GOAL:
        broken.append(f"recovery_seconds_max {worst['recovery_seconds_max']:.1f}")
    return broken


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
