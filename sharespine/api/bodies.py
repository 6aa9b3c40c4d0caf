"""What is sent in a body: of the types that the schema names, and with no name that it does not.

Forms make text of everything, so fields take “no” for false and 12 for “12”. JSON has types: whoever sends another one means
something else than we would understand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

#: Fields, and what JSON has for them. The first that fits counts.
TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], type], ...] = (
    (serializers.BooleanField, bool),
    (serializers.IntegerField, int),
    (serializers.CharField, str),
    (serializers.ChoiceField, str),
)


class Body(serializers.Serializer[Mapping[str, Any]]):
    """An object in a body, or the whole of it."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            wrong = {name: found for name, value in data.items() if (found := self._wrong(str(name), value))}
            if wrong:
                raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)

    def _wrong(self, name: str, value: Any) -> Any:
        field = self.fields.get(name)
        if field is None:
            return [ErrorDetail(gettext("There is no such field."), "unknown")]
        if isinstance(field, serializers.ListField) and isinstance(value, list):
            within = {str(index): wrong for index, each in enumerate(value) if (wrong := _mismatch(field.child, each))}
            return within or None
        return _mismatch(field, value)


def _mismatch(field: Any, value: Any) -> list[ErrorDetail] | None:
    """What is wrong with the type of `value`; None where it fits, or where the field itself looks."""
    wanted = next((kind for of, kind in TYPES if isinstance(field, of)), None)
    # True is a number to Python, and none to JSON.
    if wanted is None or value is None or type(value) is wanted:
        return None
    names = {bool: gettext("true or false"), int: gettext("a whole number"), str: gettext("text")}
    return [ErrorDetail(gettext("This must be %(type)s.") % {"type": names[wanted]}, "type")]
