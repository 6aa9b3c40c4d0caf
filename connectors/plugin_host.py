"""The program that a plugin runs in: started by a worker as a script, spoken to through pipes, a line of JSON each way.

It imports the plugin and answers calls one at a time. All it has is what it is told in its first line; it ends when the worker
does. What it promises about limits, the worker checks from outside: a plugin could undo all of it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import math
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

#: How much longer than its limit a call may take when nobody is left outside to end it, in seconds.
GRACE = 1.0


def main() -> None:
    # What the plugin prints goes nowhere: only the answers go back.
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for each in (0, 1, 2):
        os.dup2(nowhere, each)
    told = json.loads(incoming.readline())
    _limit(told["memory"])
    sys.path[:] = told["path"]
    os.environ.clear()
    plugin = None
    try:
        plugin, about = _begun(told)
        answer: dict[str, Any] = {"ok": about}
    except BaseException as error:  # noqa: BLE001 - whatever it is, the worker is told
        answer = {"error": _words(error)}
    _say(outgoing, {"id": 0, **answer})
    if plugin is not None:
        _serve(plugin, incoming, outgoing)


def _limit(memory: int) -> None:
    """`memory` in bytes, few files, no core dumps; and no processes or threads (which nothing forbids the superuser)."""
    limits = {resource.RLIMIT_AS: memory, resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: 64, resource.RLIMIT_NPROC: 0}
    for kind, value in limits.items():
        with contextlib.suppress(ValueError, OSError):  # not every system can limit all of it
            resource.setrlimit(kind, (value, value))


def _begun(told: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The plugin, and what it says of itself."""
    from connectors import plugins  # not to be found before the path is set
    from connectors.records import to_json

    module, _, name = told["value"].partition(":")
    kind = importlib.import_module(module)
    for part in name.split("."):
        kind = getattr(kind, part)
    if kind.name != told["plugin"]:
        raise ValueError(f"it calls itself {kind.name!r}")
    declared: Any = kind
    about = {
        "label": str(declared.label),
        "api": int(declared.api),
        "registers": [str(register) for register in declared.registers],
        "hooks": plugins.hooks_of(declared),
        "options": to_json(declared.options),
    }
    if about["api"] != plugins.API or told["settings"] is None:
        # What it needs is not there or is there in another way; or nothing more is asked of it.
        return None, about
    filled = {option.key: option.default for option in declared.options}
    given = {key: value for key, value in told["settings"].items() if key in filled and value not in (None, "")}
    return declared({**filled, **given}), about


def _serve(plugin: Any, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    from connectors import plugin_wire

    hooks: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
        "filter": lambda call: _reason(plugin.filter(plugin_wire.unpack(call["record"]))),
        "map": lambda call: plugin_wire.pack(plugin.map(plugin_wire.unpack(call["record"]))),
        "before_write": lambda call: _reason(plugin.before_write(plugin_wire.unpack(call["draft"]))),
        "after_write": lambda call: _nothing(
            plugin.after_write(plugin_wire.unpack(call["record"]), plugin_wire.unpack(call["document"]), key=call["key"])
        ),
    }
    me = os.getpid()
    while line := incoming.readline():
        call = json.loads(line)
        _wind_up(call["limit"])
        try:
            answer: dict[str, Any] = {"ok": hooks[call["hook"]](call)}
        except BaseException as error:  # noqa: BLE001 - whatever it is, the worker is told
            answer = {"error": _words(error), "spent": isinstance(error, MemoryError)}
        if os.getpid() != me:
            # The plugin has forked, and this is not the one that is waited for.
            os._exit(0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _say(outgoing, {"id": call["id"], **answer})


def _wind_up(limit: float) -> None:
    """Have the kernel end this process when the call takes much longer than `limit` seconds: the worker may be gone."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limit + GRACE)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(usage.ru_utime + usage.ru_stime + limit + GRACE), most))


def _reason(said: Any) -> str | None:
    if said is not None and not isinstance(said, str):
        raise TypeError(f"a reason is text or None, not {type(said).__name__}")
    return said or None


def _nothing(_: Any) -> None:
    """What is returned by a hook that only does something."""


def _words(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:2000].rstrip(": ")
    except Exception:  # noqa: BLE001 - an error that cannot even be told
        return type(error).__name__


def _say(outgoing: BinaryIO, answer: Mapping[str, Any]) -> None:
    line = memoryview(json.dumps(answer).encode() + b"\n")
    while line:
        line = line[outgoing.write(line) :]


if __name__ == "__main__":
    main()
