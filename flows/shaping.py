"""What becomes of the records of a flow between its source and its target: here they are changed, left out or held back.

A flow that has nothing to change pays one question to the database per run, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from connectors.base import Change, Document, Draft, Put
from connectors.plugins import REGISTERS
from flows.mapper import Mapper
from flows.models import ConnectionPlugin, Flow

if TYPE_CHECKING:
    from flows.plugins.chosen import Plugins
    from flows.plugins.failures import PluginFailed


class Shaping:
    """Used by all threads of a run, as a context. Everything but `after_write` raises `RejectedError` for a record that stops.

    `Filtered`, a subclass of it, says that the record is left out and nothing is wrong.
    """

    def __init__(self, flow: Flow, pairs: Sequence[tuple[str, str]] | None = None) -> None:
        """`pairs` of target and expression are put in place of the saved field mapping, for a trial."""
        self._mapper = Mapper(flow, pairs)
        self._stack = ExitStack()
        self._plugins: Plugins | None = None
        chosen = list(_chosen(flow))
        if chosen:
            # Most runs have no plugins, and do not pay for them.
            from flows.plugins.chosen import Plugins

            self._plugins = self._stack.enter_context(Plugins(chosen))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    @property
    def is_needed(self) -> bool:
        """Whether plugins do anything to records, which takes time."""
        return self._plugins is not None

    @property
    def maps(self) -> bool:
        """Whether the flow has a field mapping, which takes none to speak of."""
        return self._mapper.is_needed

    def of(self, record: Any) -> Any:
        """`record` as it is to be written: what plugins leave in, mapped by the rules, and then changed by plugins."""
        if self._plugins is not None:
            self._plugins.filter(record)
        return self.mapped(record)

    def mapped(self, record: Any) -> Any:
        """As `of`, for one that may not be left out any more: it may be in the target already."""
        shaped = self._mapper.of(record)
        return shaped if self._plugins is None else self._plugins.map(shaped)

    def before_write(self, record: Any, draft: Draft | Change) -> None:
        """Raises `RejectedError` when `draft`, made of `record`, must not be sent."""
        if self._plugins is not None:
            self._plugins.before_write(record, draft)

    def after_write(self, record: Any, document: Document | Put, *, key: str) -> list[PluginFailed]:
        """`record` is in the target as `document`: whoever wants to know is told. Returns what went wrong with that."""
        return [] if self._plugins is None else self._plugins.after_write(record, document, key=key)


def _chosen(flow: Flow) -> Any:
    if flow.register not in REGISTERS:
        return ()
    return ConnectionPlugin.objects.filter(connection=flow.connection_id, active=True)
