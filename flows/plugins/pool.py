"""A few processes of one plugin, shared by the threads of a run, started when they are needed. Plain Python."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from connectors.plugins import API
from flows.plugins import failures
from flows.plugins.process import MEMORY, About, Process

#: How many calls of one plugin may be under way at once, in one run.
PROCESSES = 2


class Pool:
    """Calls of the plugin `name`, whose entry point says `value`. Raises `Failure`."""

    def __init__(
        self, name: str, value: str | None, settings: Mapping[str, Any], *, limit: float, memory: int = MEMORY
    ) -> None:
        self.name, self.limit = name, limit
        self._value, self._settings, self._memory = value, settings, memory
        self._room = threading.BoundedSemaphore(PROCESSES)
        self._lock, self._starting = threading.Lock(), threading.Lock()
        self._idle: list[Process] = []
        self._closed = False
        self._about: About | None = None
        #: Why it cannot be started at all: that is not tried again for every record of the run.
        self._broken: failures.Failure | None = None

    def about(self) -> About:
        """What the plugin says of itself."""
        if self._about is None:
            with self._room:
                self._give_back(self._one())
        assert self._about is not None  # noqa: S101 - said when it was started
        return self._about

    def call(self, hook: str, **arguments: Any) -> Any:
        """What the plugin answers, or None where it has no such hook."""
        if hook not in self.about().hooks:
            return None
        with self._room:
            process = self._one()
            try:
                answer = process.call(hook, self.limit, **arguments)
            except failures.Failure as failure:
                if not failure.over:
                    self._give_back(process)
                raise
            self._give_back(process)
            return answer

    def close(self) -> None:
        """End all processes; one that a thread still uses ends when it is given back."""
        with self._lock:
            idle, self._idle, self._closed = self._idle, [], True
        for process in idle:
            process.close()

    def _one(self) -> Process:
        """A process that waits for calls: one that has proved itself, else a new one."""
        while True:
            with self._lock:
                process = self._idle.pop() if self._idle else None
            if process is None:
                return self._started()
            if process.is_quiet():
                return process
            process.close()

    def _give_back(self, process: Process) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(process)
                return
        process.close()

    def _started(self) -> Process:
        with self._starting:
            # One at a time: the first tells whether it can be started at all.
            if self._broken is not None:
                raise self._broken
            try:
                if self._value is None:
                    raise failures.absent()
                process = Process(self.name, self._value, self._settings, memory=self._memory)
                if process.about.api != API:
                    process.close()
                    raise failures.unfit(process.about.api, API)
            except failures.Failure as failure:
                if self._about is None:
                    self._broken = failure
                raise
            self._about = process.about
            return process
