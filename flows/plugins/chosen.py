"""The plugins of one connection at work on the records of one flow. Used by several threads; closed when the run is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from connectors import plugin_wire
from connectors.answers import Mask
from connectors.base import Change, Document, Draft, Put
from flows.models import ConnectionPlugin
from flows.plugins import failures, installed
from flows.plugins.failures import Failure, Filtered, PluginFailed, Vetoed
from flows.plugins.pool import Pool


@dataclass(frozen=True, slots=True)
class Chosen:
    """One plugin as the connection has set it."""

    choice: int
    pool: Pool
    mask: Mask


class Plugins:
    """Puts records to plugins, in their order. What one of them does wrong is raised as `PluginFailed`."""

    def __init__(self, choices: list[ConnectionPlugin]) -> None:
        self._chosen = [
            Chosen(
                choice.pk,
                Pool(
                    choice.name,
                    installed.value_of(choice.name),
                    {**choice.options, **choice.secrets},
                    limit=float(choice.time_limit),
                ),
                Mask(list(choice.secrets.values())),
            )
            for choice in choices
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for chosen in self._chosen:
            chosen.pool.close()

    def filter(self, record: Any) -> None:
        """Raises `Filtered` when a plugin leaves `record` out."""
        packed = _once(record)
        for chosen in self._concerned(record, "filter"):
            reason = self._asked(chosen, "filter", record, record=packed())
            if reason is not None:
                raise Filtered.by(chosen.pool.name, chosen.mask(str(reason)))

    def map(self, record: Any) -> Any:
        """`record` as the plugins make it, one after the other."""
        for chosen in self._concerned(record, "map"):
            answer = self._asked(chosen, "map", record, record=plugin_wire.pack(record))
            if answer is not None:
                try:
                    record = plugin_wire.mapped(record, answer)
                except ValueError as error:
                    raise self._failed(chosen, "map", record, failures.changed(str(error))) from None
        return record

    def before_write(self, record: Any, draft: Draft | Change) -> None:
        """Raises `Vetoed` when a plugin does not let what is about to be sent go."""
        packed = _once(draft)
        for chosen in self._concerned(record, "before_write"):
            reason = self._asked(chosen, "before_write", record, draft=packed())
            if reason is not None:
                raise Vetoed.by(chosen.pool.name, chosen.mask(str(reason)))

    def after_write(self, record: Any, document: Document | Put, *, key: str) -> list[PluginFailed]:
        """Tell all plugins that `record` is in the target. Returns what went wrong there: nothing undoes what was sent."""
        wrong = []
        packed, there = _once(record), _once(document)
        for chosen, failure in self._each(record):
            if failure is not None:
                wrong.append(self._failed(chosen, "after_write", record, failure))
                continue
            try:
                if _concerns(chosen, record, "after_write"):
                    self._asked(chosen, "after_write", record, record=packed(), document=there(), key=key)
            except PluginFailed as error:
                wrong.append(error)
        return wrong

    # --- one plugin -------------------------------------------------------------------------------------------------------

    def _concerned(self, record: Any, hook: str) -> Iterator[Chosen]:
        """The plugins that have `hook` and want records of this kind. One that cannot be started fails on every record."""
        for chosen, failure in self._each(record):
            if failure is not None:
                raise self._failed(chosen, hook, record, failure)
            if _concerns(chosen, record, hook):
                yield chosen

    def _each(self, record: Any) -> Iterator[tuple[Chosen, Failure | None]]:
        for chosen in self._chosen:
            try:
                chosen.pool.about()
            except Failure as failure:
                yield chosen, failure
            else:
                yield chosen, None

    def _asked(self, chosen: Chosen, hook: str, subject: Any, **arguments: Any) -> Any:
        try:
            return chosen.pool.call(hook, **arguments)
        except Failure as failure:
            raise self._failed(chosen, hook, subject, failure) from None

    def _failed(self, chosen: Chosen, hook: str, record: Any, failure: Failure) -> PluginFailed:
        text = chosen.mask.text(failure.text, longest=failures.SHOWN)
        return PluginFailed.at(
            chosen.pool.name, hook, record, text, choice=chosen.choice, words=chosen.mask(failure.words)[:2000]
        )


def _concerns(chosen: Chosen, record: Any, hook: str) -> bool:
    about = chosen.pool.about()
    return hook in about.hooks and plugin_wire.REGISTERS[type(record)] in about.registers


def _once(value: Any) -> Callable[[], list[Any]]:
    """Packs `value` when it is first needed, and then no more."""
    packed: list[list[Any]] = []

    def pack() -> list[Any]:
        if not packed:
            packed.append(plugin_wire.pack(value))
        return packed[0]

    return pack
