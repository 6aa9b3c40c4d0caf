"""Storms over `manage.py worker`, the real command with the settings of production, restarted by a supervisor."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random
from signal import SIGCONT, SIGSTOP

from django.conf import settings
from django.db import connection

from tests.faults.chaos import ambush, processes
from tests.faults.chaos.storm import Storm
from tests.faults.chaos.world import Bustle


class Commands:
    """Worker commands, as many as the database bears, each under a supervisor."""

    def __init__(self, storm: Storm) -> None:
        several = connection.vendor == "postgresql"
        environment = storm.environment(WORKERS=2 if several else 4)
        arguments = ["tests.faults.chaos.victim", "worker"]
        self.logs = [storm.folder / f"worker-{number}.log" for number in range(2 if several else 1)]
        # One as under systemd, which kills what a command leaves behind; the other as under a plain supervisor.
        self.all = [processes.Supervised(arguments, environment, log, sweeps=not n) for n, log in enumerate(self.logs)]
        self.alone = not several

    def stop(self) -> list[int | None]:
        return [one.stop(150) for one in self.all]


ROLES = ("busy worker", "busy worker", "idle worker", "any worker", "monitor", "pusher", "sentinel", "command", "everything")


def command(storm: Storm, harms: int) -> None:
    """`manage.py worker`, production settings: kill -9 at every named place and of every role, and freeze beyond the lease."""
    commands = Commands(storm)
    try:
        with Bustle(storm.world, orders_a_second=1.5) as bustle:
            storm.world.burst(3)
            storm.await_first()
            for number, (deed, what) in enumerate(_deck(storm.random, harms), start=1):
                storm.world.burst(storm.random.randint(2, 6))
                time.sleep(storm.random.random() * 0.7)
                _harm(storm, deed, what)
                if number % 10 == 0:
                    storm.say(f"  {number} of {harms}: {storm.world.orders()} orders, {len(storm.world.arrived)} arrived")
            bustle.quieten()
            storm.drain()
        storm.extra["not_stopped_cleanly"] = sum(status != 0 for status in commands.stop())
    finally:
        storm.extra["left_over"] = processes.end_all(storm.mark)
    storm.extra["starts"] = sum(one.starts for one in commands.all)
    for log in commands.logs:
        storm.read_log(log)


def _deck(random: Random, harms: int) -> Iterator[tuple[str, str]]:
    """Every place and every role equally often, in any order; a freeze for every twenty kills."""
    while True:
        cards = [("kill", place) for place in ambush.PLACES] + [("kill", role) for role in ROLES]
        cards += [("stop", random.choice(ambush.PLACES)), ("stop", random.choice(ROLES[:-1]))]
        random.shuffle(cards)
        for card in cards:
            if not harms:
                return
            harms -= 1
            yield card


def _harm(storm: Storm, deed: str, what: str) -> None:
    if what in ambush.PLACES:
        sprung = _sprung(storm, what, deed)
        if sprung is None:
            storm.say(f"  nobody came to {what}")
            return
        at, pids = sprung.at, [sprung.pid]
    else:
        pids = _victims(storm, what)
        if not pids:
            storm.say(f"  no {what} to be found")
            return
        if deed == "kill":
            killed_at = storm.kill(what, *pids)
            if killed_at is None:
                return
            at = killed_at
        else:
            at = time.monotonic()
            storm.frozen[what] += sum(processes.send(pid, SIGSTOP) for pid in pids)
    waiting = storm.with_work()
    if not waiting:
        storm.world.burst(1)
        waiting = storm.with_work()
    storm.await_recovery(f"{deed} {what}", at, waiting)
    if deed == "stop":
        time.sleep(max(0.0, at + settings.LEASE_SECONDS + 2 - time.monotonic()))
        for pid in pids:
            processes.send(pid, SIGCONT)


def _sprung(storm: Storm, place: str, deed: str) -> ambush.Sprung | None:
    if place == "looked_up":
        # Only what an earlier attempt left in doubt is looked up.
        storm.spring("after_write", "kill")
    return storm.spring(place, deed)


def _victims(storm: Storm, what: str) -> list[int]:
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        workers, busy = storm.members("worker"), storm.busy()
        found = {
            "busy worker": [m for m in workers if m.pid in busy],
            "idle worker": [m for m in workers if m.pid not in busy],
            "any worker": workers,
            "everything": storm.members(),
        }.get(what) or storm.members(what)
        if found:
            return [m.pid for m in found] if what == "everything" else [storm.random.choice(found).pid]
        time.sleep(0.02)
    return []
