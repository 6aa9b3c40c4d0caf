"""Who holds a claim: this process, told apart from every other there is or was; and whether another one is surely gone.

A lease must run out before a claim is taken over, since a machine that is silent may only be slow. But on our own machine the
operating system knows: what a killed process held is taken over at once.
"""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

_PROC = Path("/proc")
HIDDEN, ENDED = 0, -1


def me() -> str:
    """`host:process:start:place`. Asked anew each time, since processes fork."""
    pid = os.getpid()
    return f"{socket.gethostname()[:40]}:{pid}:{_started(pid)}:{_place()}"


def is_gone(owner: str) -> bool:
    """Whether `owner` was a process of this very machine (or container) and has ended. False when we cannot know."""
    try:
        _, pid, started, place = owner.rsplit(":", 3)
        if not place or place != _place():
            return False
        # Whether there is such a process is told even where others' are hidden from us.
        os.kill(int(pid), 0)
        return _started(int(pid)) not in (int(started), HIDDEN)
    except ProcessLookupError:
        return True
    except (ValueError, PermissionError):
        return False


def _place() -> str:
    """This boot of this machine, and this container on it: process numbers mean something only there. Empty: cannot be told."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text()
        space = (_PROC / "self/ns/pid").readlink()
    except OSError:
        return ""
    return hashlib.sha256(f"{boot}{space}".encode()).hexdigest()[:8]


def _started(pid: int) -> int:
    """When the process `pid` began, in clock ticks since the boot. `ENDED` for one that only waits for its parent to notice."""
    try:
        # The name, in parentheses, may hold anything.
        state, *fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return HIDDEN
    return ENDED if state in "ZX" else int(fields[18])
