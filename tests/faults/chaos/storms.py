"""The storms, one at a time on the database of the environment: `python -m tests.faults.chaos.storms NAME --seed N --harms N`.

What goes wrong is drawn from the seed; what the processes were doing just then is not. The last line is the outcome as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sharespine.settings")
django.setup()

from django.db import connection  # noqa: E402 - after django.setup()

from flows.models import Event  # noqa: E402
from tests.faults.chaos import ambush, processes  # noqa: E402
from tests.faults.chaos.checker import Verdict, verdict  # noqa: E402
from tests.faults.chaos.commands import command  # noqa: E402
from tests.faults.chaos.forked import frozen, keyless, last_instant, storm_of_forks  # noqa: E402
from tests.faults.chaos.storm import Storm  # noqa: E402
from tests.faults.chaos.world import world  # noqa: E402


@dataclass(frozen=True, slots=True)
class Plan:
    run: Callable[[Storm, int], None]
    merchants: tuple[int, ...] = (2, 1)
    seeded: int = 0
    keeps_keys: bool = True


PLANS = {
    "command": Plan(command, seeded=80),
    "forks": Plan(storm_of_forks),
    "frozen": Plan(frozen, merchants=(2, 2)),
    "keyless": Plan(keyless, merchants=(2, 2), keeps_keys=False),
    "last_instant": Plan(last_instant, merchants=(2, 2), keeps_keys=False),
}


def carry_out(name: str, seed: int, harms: int, folder: Path) -> dict[str, Any]:
    plan, random = PLANS[name], Random(f"{seed} {name} {connection.vendor}")
    with world(random, merchants=plan.merchants, seeded=plan.seeded, keeps_keys=plan.keeps_keys) as made:
        storm = Storm(made, random, ambush.Ambushes(folder / "ambushes"), os.environ["SHARESPINE_STORM_WORD"], folder)
        began = time.monotonic()
        try:
            plan.run(storm, harms)
        finally:
            processes.end_all(storm.mark)
        return outcome(storm, verdict(made), time.monotonic() - began)


def outcome(storm: Storm, found: Verdict, seconds: float) -> dict[str, Any]:
    calls = sum(len(erp.history) for erp in storm.world.erps)
    posted = sum(call.status == 201 for erp in storm.world.erps for call in erp.history.calls("POST", "/drafts$"))
    return {
        "seconds": round(seconds, 1),
        "orders": found.orders,
        "documents": found.documents,
        "stopped_as_expected": found.stopped_as_expected,
        "holds": found.holds,
        **{name: getattr(found, name) for name in Verdict.FINDINGS},
        "killed": dict(storm.killed),
        "frozen": dict(storm.frozen),
        "recovery": sorted(storm.recovery)[-5:],
        "by_flow": sorted(storm.by_flow)[-5:],
        "recoveries": len(storm.recovery),
        "adopted": Event.objects.filter(kind=Event.Kind.FOUND).count(),
        "replayed": posted - found.documents,
        "calls": calls,
        "extra": storm.extra,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=PLANS)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--harms", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args()
    print(json.dumps(carry_out(given.name, given.seed, given.harms, given.folder)), flush=True)


if __name__ == "__main__":
    main()
