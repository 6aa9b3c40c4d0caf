"""Tasks for a worker to carry out in tests. Each notes in a file that it began, and in which process."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from sharespine.lib import stopping

_kept: list[bytes] = []


def note(file: str) -> None:
    path = Path(file)
    path.with_suffix(".new").write_text(str(os.getpid()))
    path.with_suffix(".new").rename(path)


def work_until_told(file: str) -> None:
    """As a run does: ends early when the process is asked to stop."""
    note(file)
    while not stopping.asked():
        time.sleep(0.05)


def hang(file: str) -> None:
    """As a bug would: listens neither to the alarm that ends a task in time, nor to being told to stop."""
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    note(file)
    time.sleep(60)


def take_too_long(file: str) -> None:
    note(file)
    time.sleep(60)


def grow(file: str) -> None:
    """Needs more memory than a worker may keep."""
    note(file)
    _kept.append(b"x" * 200_000_000)
