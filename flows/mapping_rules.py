"""The rules of a flow's field mapping, as they are used, as they are being changed, and what is wrong with them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from flows import mapper
from flows.mapping.compiling import tables_in
from flows.mapping.errors import MappingError
from flows.mapping.rules import Rules
from flows.models import Flow, LookUpTable, MappingDraft

#: A rule: its target, its expression, and whether it is in use ("active").
Row = Mapping[str, Any]


def current(flow: Flow) -> list[dict[str, Any]]:
    """The rules as they are used now, in their order."""
    return [dict(row) for row in flow.mappings.order_by("position").values("target", "expression", "active")]


def edited(flow: Flow) -> list[dict[str, Any]]:
    """The rules as they are being changed; those that are used now where nobody is changing them."""
    draft = MappingDraft.objects.filter(flow=flow).first()
    return current(flow) if draft is None else [plain(row) for row in draft.rules]


def pairs(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Target and expression of those that are in use."""
    return [(row["target"], row["expression"]) for row in rows if row["active"]]


def problems(flow: Flow, rows: Sequence[Row]) -> dict[int, MappingError]:
    """What is wrong with each row, by its index; rows that are not in use are looked at, too."""
    targets, words = mapper.targets(flow), mapper.vocabulary(flow)
    found = {}
    for index, row in enumerate(rows):
        try:
            Rules.of([(row["target"], row["expression"])], targets, words)
        except MappingError as error:
            found[index] = error
    if not found:
        try:
            Rules.of(pairs(rows), targets, words)
        except MappingError as error:
            found[error.rule - 1] = error
    return found


def fingerprint(flow: Flow, rows: Sequence[Row]) -> str:
    """A hash of everything that decides what `rows` make of an order: themselves, the saved rules, tables and settings."""
    names = set().union(*(_tables(row["expression"]) for row in (*rows, *current(flow))))
    tables = LookUpTable.objects.filter(customer=flow.connection.customer_id, name__in=names).order_by("name")
    told = {
        "rules": [plain(row) for row in rows],
        "saved": current(flow),
        "tables": list(tables.values_list("name", "rows")),
        "options": flow.target_options,
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def using(table: LookUpTable) -> list[Flow]:
    """The flows whose rules, saved or being changed, speak of a look-up table."""
    flows = Flow.objects.filter(connection__customer=table.customer_id).select_related("shop", "connection__erp")
    return [flow for flow in flows if any(table.name in _tables(r["expression"]) for r in (*current(flow), *edited(flow)))]


def _tables(expression: str) -> frozenset[str]:
    try:
        return tables_in(expression)
    except MappingError:
        return frozenset()


def plain(row: Row) -> dict[str, Any]:
    """A rule as it is kept."""
    return {"target": str(row["target"]), "expression": str(row["expression"]), "active": bool(row["active"])}
