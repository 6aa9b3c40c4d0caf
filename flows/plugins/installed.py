"""Which plugins are installed here, and what each says of itself. None of them is imported by the one who asks."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

from connectors.plugins import API, GROUP
from flows.plugins import failures
from flows.plugins.process import About, Process
from sharespine.lib.text import Text

#: How long what a plugin says of itself is remembered, in seconds: one that is mended shows at once as soon as it has passed.
REMEMBERED = 60.0
_told: dict[tuple[str, str, str], tuple[float, About | Text]] = {}


@dataclass(frozen=True, slots=True)
class Installed:
    """A plugin that a package here announces. Without `about` it cannot be used, and `trouble` says why."""

    name: str
    package: str
    version: str
    about: About | None = None
    trouble: Text | None = None

    @property
    def label(self) -> str:
        return self.about.label if self.about else self.name


def value_of(name: str) -> str | None:
    """Where the plugin `name` is (`module:Class`); None when it is not installed."""
    found = _found(tuple(sys.path)).get(name)
    return found.value if found else None


def version_of(name: str) -> str:
    """The package and the version that the plugin `name` comes with; empty when it is not installed."""
    found = _found(tuple(sys.path)).get(name)
    return f"{found.dist.name} {found.dist.version}" if found and found.dist else ""


def everything() -> list[Installed]:
    """All plugins that are installed, by name. Each that was not asked lately is started for it, and ended again."""
    # What was installed since this process began shows, too.
    _found.cache_clear()
    return [_asked(each) for _, each in sorted(_found(tuple(sys.path)).items())]


def one(name: str) -> Installed | None:
    """The plugin `name`, if it is installed."""
    found = _found(tuple(sys.path)).get(name)
    return _asked(found) if found else None


@lru_cache(maxsize=4)
def _found(_path: tuple[str, ...]) -> dict[str, EntryPoint]:
    """Remembered per search path: to look through all that is installed takes longer than many a plugin."""
    return {each.name: each for each in entry_points(group=GROUP)}


def _asked(entry: EntryPoint) -> Installed:
    package, version = (entry.dist.name, entry.dist.version) if entry.dist else ("", "")
    key = (entry.name, entry.value, version)
    asked_at, answer = _told.get(key, (0.0, None))
    if answer is None or time.monotonic() - asked_at > REMEMBERED:
        answer = _ask(entry)
        _told[key] = (time.monotonic(), answer)
    if isinstance(answer, Text):
        return Installed(entry.name, package, version, trouble=answer)
    if answer.api != API:
        return Installed(entry.name, package, version, trouble=failures.unfit(answer.api, API).text)
    return Installed(entry.name, package, version, about=answer)


def _ask(entry: EntryPoint) -> About | Text:
    try:
        process = Process(entry.name, entry.value, None)
    except failures.Failure as failure:
        return failure.text
    process.close()
    return process.about
