"""An expression, checked against the fields that a record declares, and made ready to be put to many records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Any

from connectors.mappable import SourceField
from flows.mapping.catalogue import CONVERSIONS, LARGEST_WHOLE, Conversion, Parameter, converted
from flows.mapping.conversions import EMPTY, STOP, is_zone
from flows.mapping.errors import MappingError
from flows.mapping.parsing import Call, Literal, Name, Pipeline, parse
from flows.mapping.tables import Table
from flows.mapping.values import Value, fitting, said, value_of
from sharespine.lib.text import N_, Text, TextValue

#: Fields that the source system adds to an order, by the name that they have there.
EXTRA = "extra."
#: Reads one value; it is given the record and, in a rule for rows, the row.
Read = Callable[[Any, Any], Value]


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that is sure to be understood. `extras` are the extra fields that it reads."""

    text: str
    read: Read
    extras: frozenset[str] = frozenset()

    def of(self, record: Any, line: Any = None) -> Value:
        """Its value for a record. Raises `MappingError` and nothing else."""
        return self.read(record, line)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What expressions may speak of: the declared fields by key, the look-up tables by name, and whether there are rows."""

    fields: Mapping[str, SourceField]
    tables: Mapping[str, Table]
    extras: bool = False
    lines: bool = False

    def compiled(self, expression: str) -> Expression:
        """Raises `MappingError`, with the place, for what is not understood or does not exist."""
        found: set[str] = set()
        read = self._pipeline(parse(expression), found)
        return Expression(expression, read, frozenset(found))

    def _pipeline(self, pipeline: Pipeline, extras: set[str]) -> Read:
        parts = [self._part(part, extras) for part in pipeline.parts]
        read = parts[0] if len(parts) == 1 else _joined(parts)
        for call in pipeline.calls:
            read = self._called(call, read, extras)
        return read

    def _part(self, part: Literal | Name | Pipeline, extras: set[str]) -> Read:
        if isinstance(part, Pipeline):
            return self._pipeline(part, extras)
        return _constant(part.value) if isinstance(part, Literal) else self._field(part, extras)

    def _field(self, name: Name, extras: set[str]) -> Read:
        if self.extras and name.name.startswith(EXTRA):
            key = _extra_name(name)
            extras.add(key)
            return lambda record, line: dict(record.extras).get(key)
        field = self.fields.get(name.name)
        if field is None:
            text = N_("There is no field “%(field)s”. Texts stand in double quotes.")
            raise MappingError(Text(text, {"field": name.name[:60]}), name.position)
        if field.of_line and not self.lines:
            text = N_("“%(field)s” belongs to a row, and this target field is one of the whole order.")
            raise MappingError(Text(text, {"field": field.key}), name.position)
        get = attrgetter(field.attribute)
        if field.of_line:
            return lambda record, line: value_of(get(line))
        return lambda record, line: value_of(get(record))

    def _called(self, call: Call, read: Read, extras: set[str]) -> Read:
        conversion = CONVERSIONS.get(call.name)
        if conversion is None:
            raise MappingError(Text(N_("There is no conversion “%(name)s”."), {"name": call.name[:60]}), call.position)
        parameters = (*conversion.needs, *conversion.more)
        if not len(conversion.needs) <= len(call.arguments) <= len(parameters):
            text = N_("The conversion “%(name)s” is written like this: %(example)s")
            raise MappingError(Text(text, {"name": call.name, "example": conversion.example}), call.position)
        arguments: list[Read] = []
        for given, parameter in zip(call.arguments, parameters, strict=False):
            arguments.extend(self._argument(given, parameter, conversion, extras))
        return _conversion(conversion, read, arguments, call.position)

    def _argument(
        self, given: Literal | Name, parameter: Parameter, conversion: Conversion, extras: set[str]
    ) -> tuple[Read, ...]:
        """What an argument stands for; the one of a value that is not in a look-up table stands for two."""
        value = given.value if isinstance(given, Literal) else None
        if parameter is Parameter.VALUE:
            return (self._part(given, extras),)
        if parameter is Parameter.TABLE:
            return (self._table(given),)
        if parameter is Parameter.UNMATCHED:
            if isinstance(value, str):
                return (_constant(value), _constant(value))
            if isinstance(given, Name) and given.name in (STOP, EMPTY):
                return (_constant(given.name),)
        elif parameter is Parameter.WHOLE:
            if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) < LARGEST_WHOLE:
                return (_constant(int(value)),)
        elif isinstance(value, str) and (parameter is Parameter.TEXT or is_zone(value)):
            return (_constant(value),)
        text = N_("“%(name)s” needs %(what)s here, as in: %(example)s")
        values: dict[str, TextValue] = {"name": conversion.name, "what": Text(parameter.value), "example": conversion.example}
        raise MappingError(Text(text, values), given.position)

    def _table(self, given: Literal | Name) -> Read:
        name = given.name if isinstance(given, Name) else said(given.value)
        table = self.tables.get(name)
        if table is None:
            raise MappingError(Text(N_("There is no look-up table “%(table)s”."), {"table": name[:100]}), given.position)
        return _constant(table)


def _constant(value: Any) -> Read:
    return lambda record, line: value


def _joined(parts: Sequence[Read]) -> Read:
    return lambda record, line: fitting("".join(said(part(record, line)) for part in parts))


def _conversion(conversion: Conversion, read: Read, arguments: Sequence[Read], position: int) -> Read:
    def convert(record: Any, line: Any) -> Value:
        try:
            return converted(conversion, read(record, line), tuple(argument(record, line) for argument in arguments))
        except MappingError as error:
            if error.position is None:
                error.position = position
            raise

    return convert


def _extra_name(name: Name) -> str:
    key = name.name.removeprefix(EXTRA)
    if key.startswith('"'):
        key = parse(key).parts[0].value  # type: ignore[union-attr, assignment]  # the token is one text in quotes
    if not key.strip() or len(key) > 100:
        raise MappingError(Text(N_("The extra field has no name that can be used.")), name.position)
    return key


def tables_in(expression: str) -> frozenset[str]:
    """The names of the look-up tables that an expression speaks of. Raises `MappingError`."""
    return frozenset(_tables_in(parse(expression)))


def _tables_in(pipeline: Pipeline) -> Iterator[str]:
    for part in pipeline.parts:
        if isinstance(part, Pipeline):
            yield from _tables_in(part)
    for call in pipeline.calls:
        if call.name == "table" and call.arguments:
            given = call.arguments[0]
            yield given.name if isinstance(given, Name) else said(given.value)
