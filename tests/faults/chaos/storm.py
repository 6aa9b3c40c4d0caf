"""What every storm works with: its processes, its ambushes, what it counts, and how long things took.

Needs Django set up.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from signal import SIGKILL

from django.db import connection

from flows import services
from flows.models import Run, Transfer
from tests.faults.chaos import ambush, processes
from tests.faults.chaos.world import Lane, World

#: Seconds after which a storm gives up waiting: far beyond the goal, so that what is slow is told as slow.
PATIENCE = 90.0


@dataclass
class Storm:
    """What a storm works with and what it counts. `recovery` is in seconds, by what was done."""

    world: World
    random: Random
    ambushes: ambush.Ambushes
    mark: str
    folder: Path
    killed: Counter[str] = field(default_factory=Counter)
    frozen: Counter[str] = field(default_factory=Counter)
    #: From a harm to the next document of any order that waited, and to the next of each flow that had orders waiting.
    recovery: list[tuple[float, str]] = field(default_factory=list)
    by_flow: list[tuple[float, str]] = field(default_factory=list)
    extra: Counter[str] = field(default_factory=Counter)

    def environment(self, **settings: object) -> dict[str, str]:
        """For processes that belong to the storm."""
        own = {ambush.FOLDER: str(self.folder / "ambushes"), processes.MARK: self.mark}
        return {**os.environ, **own, **{name: str(value) for name, value in settings.items()}}

    def say(self, text: str) -> None:
        print(text, flush=True)

    # --- processes --------------------------------------------------------------------------------------------------------

    def members(self, *roles: str) -> list[processes.Member]:
        return [member for member in processes.members(self.mark) if not roles or member.role in roles]

    def busy(self) -> set[int]:
        """The processes that carry out a run, by the rows of the runs."""
        owners = Run.objects.filter(state=Run.State.RUNNING).values_list("owner", flat=True)
        return {int(part) for owner in owners for part in owner.split(":")[1:2] if part.isdigit()}

    def kill(self, what: str, *pids: int) -> float | None:
        """Kill at once. Returns the moment, None when nobody was there any more."""
        at = time.monotonic()
        done = sum(processes.send(pid, SIGKILL) for pid in pids)
        self.killed[what] += done
        return at if done else None

    def kill_any(self, pids: set[int]) -> float | None:
        """Kill one of them at once, as far as it is of this storm. Returns the moment, None when there was none."""
        here = sorted(pids & {member.pid for member in self.members("worker")})
        return self.kill("any moment", self.random.choice(here)) if here else None

    def spring(self, place: str, deed: str, *, patience: float = 15) -> ambush.Sprung | None:
        """Wait until somebody comes to `place` and does `deed` to itself. None when nobody came."""
        self.ambushes.lay(place, deed)
        ends = time.monotonic() + patience
        while time.monotonic() < ends:
            for sprung in self.ambushes.sprung(place):
                (self.killed if deed == "kill" else self.frozen)[place] += 1
                return sprung
            time.sleep(0.01)
        self.ambushes.withdraw(place)
        return None

    # --- waiting ----------------------------------------------------------------------------------------------------------

    def await_recovery(self, what: str, since: float, lanes: list[Lane]) -> None:
        """Note how long it took until an order arrived again after `since`; `lanes` had orders waiting then."""
        ends = since + PATIENCE
        while time.monotonic() < ends:
            if all(self.world.arrivals(since, lane) for lane in lanes):
                break
            time.sleep(0.02)
        times = [min(self.world.arrivals(since, lane), default=ends) - since for lane in lanes]
        self.recovery.append((min(times), what))
        self.by_flow.append((max(times), what))

    def top_up(self, number: int) -> None:
        """See to it that so many orders wait in each shop, and that something changes."""
        for lane in self.world.lanes:
            for _ in range(number - self.world.waiting(lane)):
                self.world.order(lane)
        if self.random.random() < 0.1:
            self.world.stir()

    def read_log(self, log: Path) -> None:
        """Tell of the errors that the processes stumbled over, each kind once."""
        seen: Counter[str] = Counter()
        inside = False
        for line in log.read_text(errors="replace").splitlines():
            if line.startswith("Traceback"):
                inside = True
            elif inside and line[:1].strip():
                seen[line[:200]] += 1
                inside = False
        self.extra["tracebacks"] += seen.total()
        for line, times in seen.most_common(5):
            self.say(f"  {times} times in the log: {line}")

    def await_first(self) -> None:
        """Wait until the processes have started and the first order has arrived."""
        ends = time.monotonic() + PATIENCE
        while not self.world.arrived and time.monotonic() < ends:
            time.sleep(0.05)

    def with_work(self) -> list[Lane]:
        return [lane for lane in self.world.lanes if self.world.waiting(lane)]

    def drain(self) -> None:
        """Wait until nothing is left to do; note how long that took.

        An order whose workers die under it five times is taken for what kills them, and stops: after so many kills, some have.
        They are counted, and tried again as support would.
        """
        began = time.monotonic()
        while time.monotonic() < began + PATIENCE:
            if not Transfer.objects.filter(due_at__isnull=False).exists():
                if not any(self.world.waiting(lane) for lane in self.world.lanes):
                    break
                suspects = Transfer.objects.filter(state=Transfer.State.STOPPED, error_code="WorkerLost")
                self.extra["suspects"] += services.retry(suspects, actor="storm").done
            time.sleep(0.2)
        connection.close()
        self.extra["drain_seconds"] = int(time.monotonic() - began)
