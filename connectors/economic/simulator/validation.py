"""A body held against its field table: what the server would refuse, and what a careful client would never send."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.economic.simulator.fields import Field

_NAMES = {str: "String", bool: "Boolean", int: "Integer", Decimal: "Number", type(None): "Null", dict: "Object", list: "Array"}
_EXPECTED = {"string": "String", "date": "String", "boolean": "Boolean", "integer": "Integer", "number": "Number"}


@dataclass(frozen=True)
class Problem:
    """Something wrong at `path`. One that is not `refused` is ignored by the server, and a violation all the same."""

    path: tuple[str | int, ...]
    message: str
    code: str = ""
    value: Any = None
    refused: bool = True

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.path))}: {self.message}"


def problems(body: Any, table: Field) -> list[Problem]:
    """Everything in `body` that breaks `table`."""
    if not isinstance(body, dict):
        return [Problem((), f"Expected Object but got {_NAMES.get(type(body), '?')}")]
    return list(_object(body, table, ()))


def _object(body: dict[str, Any], table: Field, path: tuple[str | int, ...]) -> Iterator[Problem]:
    for name, entry in table.children.items():
        if entry.required and name not in body:
            yield Problem((*path, name), f"Required property '{name}' is missing", "E04042")
    for name, value in body.items():
        known = table.children.get(name)
        if known is None:
            if name != "self":
                yield Problem((*path, name), "unknown property, ignored", value=value, refused=False)
        elif known.read_only:
            yield Problem((*path, name), "read-only property, ignored", value=value, refused=False)
        else:
            yield from _value(value, known, (*path, name))


def _value(value: Any, table: Field, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if table.type == "object":
        if isinstance(value, dict):
            yield from _object(value, table, path)
        else:
            yield _mistyped("Object", value, path)
    elif table.type == "array":
        if not isinstance(value, list):
            yield _mistyped("Array", value, path)
        elif table.items is not None:
            for index, item in enumerate(value):
                yield from _value(item, table.items, (*path, index))
    elif table.type in ("string", "date"):
        yield from _string(value, table, path)
    elif table.type == "boolean":
        if not isinstance(value, bool):
            yield _mistyped("Boolean", value, path)
    else:
        yield from _number(value, table, path)


def _string(value: Any, table: Field, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield _mistyped("String", value, path)
        return
    if table.max_length is not None and len(value) > table.max_length:
        yield Problem(path, f"String '{value}' exceeds maximum length of {table.max_length}", "", value)
    if table.min_length is not None and len(value) < table.min_length:
        yield Problem(path, f"String '{value}' is less than minimum length of {table.min_length}", "", value)
    if table.one_of and value not in table.one_of:
        yield Problem(path, f"Value '{value}' is not defined in enum", "", value)
    if table.pattern and not re.fullmatch(table.pattern, value):
        yield Problem(path, f"String '{value}' does not match regex pattern '{table.pattern}'", "", value)
    if table.type == "date":
        try:
            plain = date.fromisoformat(value).isoformat() == value
        except ValueError:
            plain = False
        if not plain:
            yield Problem(path, f"String '{value}' does not validate against format 'full-date'", "", value)


def _number(value: Any, table: Field, path: tuple[str | int, ...]) -> Iterator[Problem]:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | Decimal)
        or (table.type == "integer" and not isinstance(value, int))
    ):
        yield _mistyped(_EXPECTED[table.type], value, path)
        return
    number = Decimal(value)
    if table.minimum is not None and number < table.minimum:
        yield Problem(path, f"Integer {value} is less than minimum value of {table.minimum}", "", value)
    if table.maximum is not None and number > table.maximum:
        yield Problem(path, f"Integer {value} exceeds maximum value of {table.maximum}", "", value)
    exponent = number.normalize().as_tuple().exponent
    if table.decimals is not None and isinstance(exponent, int) and -exponent > table.decimals:
        # ASSUMED: refused, as an old sample in the documentation shows; nobody has recorded today's server on it.
        yield Problem(path, f"{path[-1]} scale cannot be greater then two decimal places", "E04740", value)


def _mistyped(expected: str, value: Any, path: tuple[str | int, ...]) -> Problem:
    return Problem(path, f"Expected {expected} but got {_NAMES.get(type(value), '?')}", "", value)
