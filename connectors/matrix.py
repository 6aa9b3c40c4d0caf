"""What a shop and an ERP can do together: every register, every direction and every field of it, or why not.

Derived from what the connectors declare, never typed by hand. Pure: no Django, no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.base import Connector
from connectors.capabilities import Direction, Register, Writes
from connectors.fields import DIRECTIONS, FIELDS, LABELS, Field
from connectors.manifest import Manifest
from sharespine.lib.text import N_, Text

#: Said of a side that declares neither that it can nor why it cannot.
UNREAD = N_("This cannot be read from %(system)s here.")
UNWRITTEN = N_("This cannot be written to %(system)s from here.")
#: Which way each direction goes, in words.
WAYS: Mapping[Direction, str] = {Direction.TO_ERP: N_("shop → ERP"), Direction.TO_SHOP: N_("ERP → shop")}


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a register in one direction: supported, perhaps with a note, or the reasons why it is not."""

    field: Field
    reasons: tuple[Text, ...] = ()
    note: Text | None = None

    @property
    def supported(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Row:
    """One register in one direction. Where the pair cannot do it at all, its fields have the same reasons."""

    register: Register
    direction: Direction
    cells: tuple[Cell, ...]
    reasons: tuple[Text, ...] = ()

    @property
    def supported(self) -> bool:
        return not self.reasons

    @property
    def label(self) -> str:
        """The register, in words marked for translation."""
        return LABELS[self.register]

    @property
    def way(self) -> str:
        """The direction, in words marked for translation."""
        return WAYS[self.direction]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Everything that a pair can do, and what it cannot."""

    shop: Manifest
    erp: Manifest
    rows: tuple[Row, ...]


def why_not(register: Register, direction: Direction, shop: type[Connector], erp: type[Connector]) -> tuple[Text, ...]:
    """Why the pair cannot move `register` in `direction`, the source's reason first. Empty when it can."""
    if direction not in DIRECTIONS[register]:
        return (Text(N_("No system moves this register %(way)s."), {"way": Text(WAYS[direction])}),)
    source, target = _sides(direction, shop, erp)
    reasons = []
    if register not in source.capabilities.reads:
        reasons.append(_said(source.capabilities.cannot_read.get(register), source, UNREAD))
    if register not in target.capabilities.writes:
        reasons.append(_said(target.capabilities.cannot_write.get(register), target, UNWRITTEN))
    return tuple(reasons)


def matrix_of(shop: type[Connector], erp: type[Connector]) -> Matrix:
    """The matrix of one pair, in the order of the registers."""
    rows = (_row(register, direction, shop, erp) for register in Register for direction in DIRECTIONS[register])
    return Matrix(shop.manifest, erp.manifest, tuple(rows))


def to_json(matrix: Matrix, translate: Callable[[str], str] = str) -> dict[str, Any]:
    """The matrix as JSON types, its words in the language of `translate`."""
    return {
        "shop": {"key": matrix.shop.key, "name": matrix.shop.name},
        "erp": {"key": matrix.erp.key, "name": matrix.erp.name},
        "registers": [
            {
                "register": str(row.register),
                "name": translate(row.label),
                "direction": str(row.direction),
                "supported": row.supported,
                "reasons": [reason.render(translate) for reason in row.reasons],
                "fields": [
                    {
                        "field": cell.field.key,
                        "name": translate(cell.field.label),
                        "supported": cell.supported,
                        "reasons": [reason.render(translate) for reason in cell.reasons],
                        "note": cell.note.render(translate) if cell.note else "",
                    }
                    for cell in row.cells
                ],
            }
            for row in matrix.rows
        ],
    }


def markdown(matrix: Matrix) -> Iterator[str]:
    """The lines of the matrix as a chapter of Markdown, in English."""
    yield f"## {matrix.shop.name} and {matrix.erp.name}"
    for row in matrix.rows:
        yield ""
        yield f"### {row.label}, {row.way}"
        yield ""
        if not row.supported:
            yield "Not supported. " + " ".join(map(str, row.reasons))
            continue
        yield "| field | supported | |"
        yield "|---|---|---|"
        for cell in row.cells:
            remark = " ".join(map(str, cell.reasons)) or (str(cell.note) if cell.note else "")
            yield f"| {cell.field.label} | {'yes' if cell.supported else 'no'} | {remark} |"


def _row(register: Register, direction: Direction, shop: type[Connector], erp: type[Connector]) -> Row:
    if reasons := why_not(register, direction, shop, erp):
        return Row(register, direction, tuple(Cell(field, reasons) for field in FIELDS[register]), reasons)
    source, target = _sides(direction, shop, erp)
    reads, writes = source.capabilities.reads[register], target.capabilities.writes[register]
    cells = []
    for field in FIELDS[register]:
        lacking = []
        if field.of_source and (reason := reads.lacks.get(field.key)):
            lacking.append(Text(reason))
        if field.of_target and (reason := writes.lacks.get(field.key)):
            lacking.append(Text(reason))
        note = None if lacking or field.key != "variants" else _of_variants(writes)
        cells.append(Cell(field, tuple(lacking), note))
    return Row(register, direction, tuple(cells))


def _of_variants(writes: Writes) -> Text | None:
    if writes.variant_dimensions is None:
        return None
    if not writes.variant_dimensions:
        return Text(N_("Each variant becomes an article of its own."))
    return Text(N_("Variants have at most %(n)s dimensions."), {"n": str(writes.variant_dimensions)})


def _sides(direction: Direction, shop: type[Connector], erp: type[Connector]) -> tuple[type[Connector], type[Connector]]:
    """Source and target."""
    return (shop, erp) if direction is Direction.TO_ERP else (erp, shop)


def _said(reason: str | None, system: type[Connector], otherwise: str) -> Text:
    return Text(reason) if reason else Text(otherwise, {"system": system.manifest.name})
