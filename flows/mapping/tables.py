"""Look-up tables: what a text becomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: Rows of a table, and characters of a cell.
MOST_ROWS, LONGEST_CELL = 5000, 500


@dataclass(frozen=True, slots=True)
class Table:
    """A look-up table. Texts are compared without regard to case and to white space around them."""

    name: str
    rows: Mapping[str, str]

    @classmethod
    def of(cls, name: str, rows: Iterable[tuple[str, str]]) -> Table:
        return cls(name, {folded(before): after for before, after in rows})

    def find(self, value: str) -> str | None:
        return self.rows.get(folded(value))


def folded(text: str) -> str:
    """How texts of a table are compared."""
    return text.strip().casefold()
