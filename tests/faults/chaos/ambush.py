"""Places where a process meets its fate: whoever comes first to a place that was laid with a deed carries it out on itself.

An ambush is a file, named after the place, that holds the deed. A process that comes by renames it (that succeeds for one
process only) and so signs it with its id and the moment; then it kills or stops itself, in the very thread that came by. So the
storm decides what happens where and knows exactly what did, in any process that was started with `listen`.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from urllib3.connectionpool import HTTPConnectionPool

from connectors import connections
from sharespine.lib import checkpoints

#: The named places in the engine (`sharespine.lib.checkpoints`).
CHECKPOINTS = ("captured", "claimed", "looked_up", "before_write", "after_write", "before_settle_commit", "settled")
#: Before and after each step of a write, whatever its address ends with; and, last, when the connection stands and every check
#: was made: between that and the sending of a document nothing can be looked at any more.
STEPS = ("customers", "products", "drafts")
ON_THE_WIRE = tuple(f"{when}-{step}" for step in STEPS for when in ("posting", "posted"))
LAST_INSTANT = tuple(f"sending-{step}" for step in STEPS)
BEFORE_THE_LAST = (*CHECKPOINTS, *ON_THE_WIRE)
PLACES = (*BEFORE_THE_LAST, *LAST_INSTANT)

DEEDS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
#: In the environment of a process that can be ambushed: the folder.
FOLDER = "SHARESPINE_AMBUSH"


@dataclass(frozen=True, slots=True)
class Sprung:
    """An ambush that worked. `at` is monotonic, in seconds, the same clock in all processes of a machine."""

    place: str
    deed: str
    pid: int
    at: float


class Ambushes:
    """The half of whoever lays them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._told: set[str] = set()
        folder.mkdir(exist_ok=True)

    def lay(self, place: str, deed: str) -> None:
        assert place in PLACES, place
        draft = self._folder / f".{place}"
        draft.write_text(deed)
        draft.rename(self._folder / place)

    def withdraw(self, place: str) -> None:
        (self._folder / place).unlink(missing_ok=True)

    def laid(self) -> set[str]:
        return {path.name for path in self._folder.iterdir() if path.name in PLACES}

    def sprung(self, only: str = "") -> list[Sprung]:
        """Those that worked and were not told before, at any place or `only` at one, oldest first."""
        found = []
        for path in self._folder.iterdir():
            place, _, rest = path.name.partition("@")
            if rest and path.name not in self._told and only in ("", place):
                self._told.add(path.name)
                pid, _, at = rest.partition("@")
                found.append(Sprung(place, path.read_text(), int(pid), int(at) / 1e9))
        return sorted(found, key=lambda sprung: sprung.at)


def listen(folder: str) -> None:
    """Have this process, and those that it forks, walk into ambushes."""
    for place in CHECKPOINTS:
        checkpoints.listen(place, _passing(folder, place))
    _watch_the_wire({place: _passing(folder, place) for place in (*ON_THE_WIRE, *LAST_INSTANT)})


def _passing(folder: str, place: str) -> Callable[[], None]:
    laid = os.path.join(folder, place)  # noqa: PTH118 - at every step of every transfer: no objects

    def come_by() -> None:
        mine = f"{laid}@{os.getpid()}@{time.monotonic_ns()}"
        try:
            os.rename(laid, mine)  # noqa: PTH104 - as above
        except FileNotFoundError:
            return
        os.kill(os.getpid(), DEEDS[Path(mine).read_text()])

    return come_by


def _watch_the_wire(come_by: dict[str, Callable[[], None]]) -> None:
    """Pass the places around every POST of a write."""
    current = threading.local()
    urlopen, before_sending = HTTPConnectionPool.urlopen, connections._before_sending

    def watched_urlopen(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        step = url.partition("?")[0].rpartition("/")[2]
        current.step = step if method == "POST" and step in STEPS else ""
        if not current.step:
            return urlopen(self, method, url, *args, **kwargs)
        come_by[f"posting-{step}"]()
        answer = urlopen(self, method, url, *args, **kwargs)
        come_by[f"posted-{step}"]()
        return answer

    def watched_before_sending(connection: Any) -> None:
        before_sending(connection)
        if step := getattr(current, "step", ""):
            come_by[f"sending-{step}"]()

    HTTPConnectionPool.urlopen = watched_urlopen  # type: ignore[method-assign]
    connections._before_sending = watched_before_sending
