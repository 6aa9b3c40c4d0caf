"""Processes of a benchmark: helpers that are told what to do with one line of JSON and answer with one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]


class Helper:
    """A process that runs the module `module` until the context ends. What it says on stderr is for whoever watches.

    `environment` is the whole of its environment; None is our own.
    """

    def __init__(self, module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self._command = [sys.executable, "-m", module, *arguments]
        self._environment = environment

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command, cwd=ROOT, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def begin(self, what: str, **arguments: Any) -> None:
        """Have the helper begin with its function `what`, without waiting for the answer."""
        assert self.process.stdin is not None
        print(json.dumps({"do": what, **arguments}), file=self.process.stdin, flush=True)

    def ask(self, what: str, **arguments: Any) -> Any:
        """What the helper's function `what` returns. Raises `RuntimeError` when the helper is gone."""
        assert self.process.stdout is not None
        self.begin(what, **arguments)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._command[2]} ended while it did {what}; its traceback is above")
        return json.loads(line)


def obey(verbs: Mapping[str, Callable[..., Any]]) -> None:
    """The other end: carry out what stdin says until it closes. Whatever else prints goes to stderr."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(verbs[order.pop("do")](**order)), file=answers, flush=True)
