"""Storms over workers that are forks of one process, without the queue: they start in milliseconds."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from random import Random
from signal import SIGCONT

from django.conf import settings
from django.db import connection

from tests.faults.chaos import ambush, processes
from tests.faults.chaos.storm import PATIENCE, Storm


@contextmanager
def forks(storm: Storm, slots: int, **changes: object) -> Iterator[None]:
    """So many workers without the queue, replaced at once when they die."""
    log = (storm.folder / "forks.log").open("ab")
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.chaos.forks", str(slots)],
        cwd=processes.ROOT,
        env=storm.environment(**changes),
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    try:
        yield
        assert parent.stdin is not None
        parent.stdin.close()
        parent.wait(PATIENCE)
        ends = time.monotonic() + PATIENCE
        while storm.members() and time.monotonic() < ends:
            time.sleep(0.1)
    finally:
        storm.extra["left_over"] = processes.end_all(storm.mark)
        parent.wait()
        log.close()
        storm.read_log(storm.folder / "forks.log")


def storm_of_forks(storm: Storm, harms: int) -> None:
    """Many kills a minute, at every named place and at any moment, with several workers on the same flows."""
    storm.world.burst(10)
    with forks(storm, 4, LEASE_SECONDS=6):
        storm.await_first()
        places, laid = _endless(storm.random, ambush.PLACES), set[str]()
        last, quiet_since = 0.0, time.monotonic()
        while storm.killed.total() < harms and time.monotonic() < quiet_since + PATIENCE:
            storm.top_up(3)
            for sprung in storm.ambushes.sprung():
                storm.killed[sprung.place] += 1
                laid.discard(sprung.place)
                last = sprung.at
            if last:
                # So many documents between two kills: an order whose workers die again and again would stop, as it should.
                if len(arrivals := storm.world.arrivals(last)) >= 6:
                    storm.recovery.append((arrivals[-1] - last, "kill"))
                    last, quiet_since = 0.0, time.monotonic()
            elif len(laid) < 3:
                laid.add(place := next(places))
                storm.ambushes.lay(place, "kill")
            elif time.monotonic() > quiet_since + storm.random.random() * 2:
                last = storm.kill_any(storm.busy()) or 0.0
            time.sleep(0.02)
        for place in laid:
            storm.ambushes.withdraw(place)
        storm.drain()


def _endless(random: Random, items: tuple[str, ...]) -> Iterator[str]:
    while True:
        yield from random.sample(items, len(items))


#: For how long somebody is frozen after his claims have run out, in seconds: until others have taken over; and until they have
#: waited out the quarantine, looked up what he may have sent, and sent it themselves.
SHORT, LONG = 2.0, 16.0


def _freezes(storm: Storm, places: list[str], *naps: float) -> None:
    """Stop whoever comes to one of `places` for a lease and one of `naps`, then let it go on."""
    # Who is frozen in the middle of a transaction has the one lock that SQLite has: the others wait, or give up and begin anew.
    at_once = len(storm.world.lanes) if connection.vendor == "postgresql" else 2
    left, laid, asleep = list(places), set[str](), dict[int, float]()
    with forks(storm, 2 * len(storm.world.lanes)):
        ends = time.monotonic() + PATIENCE + len(places) * 2 * (settings.LEASE_SECONDS + max(naps)) / at_once
        while (left or laid or asleep) and time.monotonic() < ends:
            storm.top_up(4)
            while left and len(laid) + len(asleep) < at_once and left[-1] not in laid:
                laid.add(place := left.pop())
                if place == "looked_up":
                    storm.spring("after_write", "kill")
                storm.ambushes.lay(place, "stop")
            for sprung in storm.ambushes.sprung():
                laid.discard(sprung.place)
                storm.frozen[sprung.place] += 1
                asleep[sprung.pid] = sprung.at + settings.LEASE_SECONDS + storm.random.choice(naps)
            for pid in [pid for pid, until in asleep.items() if time.monotonic() > until]:
                del asleep[pid]
                processes.send(pid, SIGCONT)
            time.sleep(0.05)
        for place in laid:
            storm.ambushes.withdraw(place)
        for pid in asleep:
            processes.send(pid, SIGCONT)
        storm.drain()


def frozen(storm: Storm, harms: int) -> None:
    """Zombies, with an ERP that remembers idempotency keys: what one of them still sends has no second effect."""
    places = tuple(place for place in ambush.PLACES if place != "sending-customers")
    _freezes(storm, list(islice(_endless(storm.random, places), harms)), SHORT, LONG)


def keyless(storm: Storm, harms: int) -> None:
    """Zombies, with an ERP that remembers no keys: who wakes must see by the clock that he is late."""
    _freezes(storm, list(islice(_endless(storm.random, ambush.BEFORE_THE_LAST), harms)), SHORT, LONG)


def last_instant(storm: Storm, harms: int) -> None:
    """The same, stopped when the clock was read for the last time and nothing was sent yet: what risk remains.

    (For the card of a buyer it remains with keys, too: another order of the buyer has another key.)
    """
    _freezes(storm, list(islice(_endless(storm.random, ("sending-drafts", "sending-customers")), harms)), LONG)
