"""The processes of a storm: found in /proc by a mark in their environment, told apart by role, killed, frozen, started anew."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
#: In the environment of every process of a storm: its own word.
MARK = "SHARESPINE_STORM"
#: Seconds until a supervisor starts a command anew, as in the unit files.
RESTART = 1.0


@dataclass(frozen=True, slots=True)
class Member:
    """A process of a storm. `role` is what it said of itself (see `victim`), `state` is the letter that /proc has for it."""

    pid: int
    parent: int
    role: str
    state: str


def members(mark: str) -> list[Member]:
    """All processes whose environment holds `mark`, but for this one. The dead that nobody has waited for are left out."""
    found = []
    wanted = f"{MARK}={mark}".encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if wanted not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            role, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
            state, parent = rest.split()[:2]
            if state not in "ZX":
                found.append(Member(int(folder.name), int(parent), role, state))
    return sorted(found, key=lambda member: member.pid)


def send(pid: int, what: signal.Signals) -> bool:
    """Whether there was such a process."""
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return False
    return True


def end_all(mark: str) -> int:
    """Kill what is left of a storm. Returns how many there were."""
    left = 0
    while here := members(mark):
        left += len(here)
        for member in here:
            send(member.pid, signal.SIGKILL)
        time.sleep(0.05)
    return left


class Supervised:
    """A command that is started anew a second after it ended, as systemd does, until it is to stop.

    `sweeps` says whether what a killed command leaves behind is killed as well, as systemd does with a unit's other processes.
    """

    def __init__(self, arguments: list[str], environment: Mapping[str, str], log: Path, *, sweeps: bool) -> None:
        self._arguments, self._environment, self._log, self._sweeps = arguments, dict(environment), log, sweeps
        self._stopping = threading.Event()
        self.starts = 0
        self.process = self._started()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _started(self) -> subprocess.Popen[bytes]:
        self.starts += 1
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *self._arguments],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _watch(self) -> None:
        while not self._stopping.is_set():
            if self.process.poll() is None:
                self._stopping.wait(0.05)
                continue
            if self._sweeps:
                self._sweep()
            if not self._stopping.wait(RESTART):
                self.process = self._started()

    def _sweep(self) -> None:
        session = str(self.process.pid)
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError, IndexError):
                    if (folder / "stat").read_text().rpartition(")")[2].split()[3] == session:
                        send(int(folder.name), signal.SIGKILL)

    def stop(self, patience: float) -> int | None:
        """Tell the command to end. Returns its status, None when it did not end within `patience` seconds."""
        self._stopping.set()
        self._thread.join()
        self.process.terminate()
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            return None


@contextlib.contextmanager
def thawed_later(pid: int) -> Iterator[None]:
    """Whatever happens meanwhile, the process goes on afterwards."""
    try:
        yield
    finally:
        send(pid, signal.SIGCONT)
