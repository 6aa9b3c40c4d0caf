"""One process of a plugin, seen from outside: started, asked, and ended when it does not behave. Plain Python.

It gets no environment, no open files but its pipes, and a session of its own, so that what it may have started ends with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from connectors.base import Option
from connectors.plugin_wire import option_from
from flows.plugins import failures

ROOT = Path(__file__).resolve().parent.parent.parent
HOST = ROOT / "connectors" / "plugin_host.py"
#: Address space, in bytes. An interpreter with the records and a library or two takes a fifth of it.
MEMORY = 512 << 20
#: Until it has been imported, in seconds.
STARTING = 10.0
#: So much is read of one answer, in bytes: far more than the largest order.
LONGEST = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a plugin says of itself."""

    label: str
    api: int
    registers: tuple[str, ...]
    hooks: tuple[str, ...]
    options: tuple[Option, ...]

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """Raises `ValueError`, `KeyError` or `TypeError` on anything else than the host sends."""
        return cls(
            label=str(data["label"])[:100],
            api=int(data["api"]),
            registers=tuple(map(str, data["registers"])),
            hooks=tuple(map(str, data["hooks"])),
            options=tuple(map(option_from, data["options"])),
        )


class Process:
    """A plugin that runs. Used by one thread at a time. Raises `Failure` when it does not start, and at each call.

    Without `settings` it only says what it is, and cannot be called.
    """

    def __init__(self, plugin: str, value: str, settings: Mapping[str, Any] | None, *, memory: int = MEMORY) -> None:
        self._memory = memory
        self._read_so_far = bytearray()
        self._calls = 0
        command: Sequence[str] = [sys.executable, "-I", "-X", "utf8", str(HOST)]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env={},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise failures.not_begun(error) from None
        assert self._process.stdin is not None  # noqa: S101 - both are pipes
        assert self._process.stdout is not None  # noqa: S101
        self._to, self._from = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._to, False)
        os.set_blocking(self._from, False)
        path = [str(Path(entry or ".").absolute()) for entry in (*sys.path, str(ROOT))]
        told = {
            "plugin": plugin,
            "value": value,
            "settings": settings if settings is None else dict(settings),
            "path": path,
            "memory": memory,
        }
        try:
            self.about = About.read(self._asked(told, 0, STARTING))
        except (ValueError, KeyError, TypeError):
            self.close()
            raise failures.garbled() from None
        except failures.Failure:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def call(self, hook: str, limit: float, **arguments: Any) -> Any:
        """What the plugin answers within `limit` seconds. Raises `Failure`; if it is `over`, the process has been ended."""
        self._calls += 1
        try:
            return self._asked({"id": self._calls, "hook": hook, "limit": limit, **arguments}, self._calls, limit)
        except failures.Failure as failure:
            if failure.over:
                self.close()
            raise

    def is_quiet(self) -> bool:
        """Whether it lives, and has not said anything that nobody asked for: what comes next could be taken for an answer."""
        return not self._read_so_far and self._process.poll() is None and not _ready(self._from, select.POLLIN, 0)

    def close(self) -> None:
        """End it and whatever it has started. May be called more than once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    # --- a line each way --------------------------------------------------------------------------------------------------

    def _asked(self, question: Mapping[str, Any], number: int, limit: float) -> Any:
        deadline = time.monotonic() + limit
        try:
            self._say(json.dumps(question).encode() + b"\n", deadline)
            line = self._hear(deadline)
        except TimeoutError:
            raise failures.slow(limit) from None
        except OSError:
            raise failures.died() from None
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            raise failures.garbled() from None
        if not isinstance(answer, dict) or answer.get("id") != number or not {"ok", "error"} & answer.keys():
            raise failures.garbled()
        if "error" in answer:
            raise failures.out_of_memory(self._memory) if answer.get("spent") else failures.raised(str(answer["error"]))
        return answer["ok"]

    def _say(self, line: bytes, deadline: float) -> None:
        left = memoryview(line)
        while left:
            _wait(self._to, select.POLLOUT, deadline)
            left = left[os.write(self._to, left) :]

    def _hear(self, deadline: float) -> bytes:
        """One line, without its end. Raises `OSError` when there will be none, and `TimeoutError`."""
        searched = 0
        while (end := self._read_so_far.find(b"\n", searched)) < 0:
            searched = len(self._read_so_far)
            if searched > LONGEST:
                raise failures.too_long()
            _wait(self._from, select.POLLIN, deadline)
            read = os.read(self._from, 1 << 16)
            if not read:
                raise BrokenPipeError
            self._read_so_far += read
        line = bytes(self._read_so_far[:end])
        del self._read_so_far[: end + 1]
        return line


def _wait(descriptor: int, event: int, deadline: float) -> None:
    """Raises `TimeoutError` when nothing can be read or written by then."""
    left = deadline - time.monotonic()
    if left <= 0 or not _ready(descriptor, event, left):
        raise TimeoutError


def _ready(descriptor: int, event: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(seconds * 1000))
