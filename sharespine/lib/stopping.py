"""Whether this process was asked to stop: what it has begun is finished, nothing more is begun. Plain Python."""

from __future__ import annotations

_asked = False


def ask() -> None:
    """Ask this process to stop. Safe in a signal handler."""
    global _asked
    _asked = True


def asked() -> bool:
    return _asked


def forget() -> None:
    """Go on as if nobody had asked: for a process that was forked off one that stops."""
    global _asked
    _asked = False
