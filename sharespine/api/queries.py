"""What may be asked for in an address, and how times, days and ids are written there."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from django.urls.converters import StringConverter
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request

#: Ids are text: no language makes a number of them, or groups their digits.
ID = "[0-9]{1,18}"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


class Query(serializers.Serializer[dict[str, Any]]):
    """The parameters of an address. One that is not known is refused: passed over, the answer would only look right."""

    @classmethod
    def of(cls, request: Request) -> dict[str, Any]:
        """What `request` asks for. Raises `ValidationError`."""
        asked = request.query_params
        # A plain dict: of what comes as a form, an empty value would be none at all.
        query = cls(data=dict(asked.items()))
        wrong: dict[str, list[ErrorDetail]] = {}
        for name, values in asked.lists():
            if name not in query.fields:
                wrong[name] = [ErrorDetail(gettext("There is no such parameter."), "unknown")]
            elif len(values) > 1:
                wrong[name] = [ErrorDetail(gettext("It can be given once."), "repeated")]
        if not query.is_valid() or wrong:
            raise serializers.ValidationError({**query.errors, **wrong})
        return dict(query.validated_data)


class DayField(serializers.DateField):
    """`2026-11-29`, and no other of the ways in which ISO 8601 can write a day."""

    def to_internal_value(self, value: Any) -> date:
        if not (isinstance(value, str) and _DAY.fullmatch(value)):
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(value)


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentField(serializers.Field[datetime, str, str, Any]):
    """`2026-11-29T13:45:00Z`: a moment with its time zone, as RFC 3339 writes it. In and out in UTC."""

    default_error_messages = {
        "invalid": _("Write a moment with its time zone, like 2026-11-29T13:45:00Z. In an address, “+” is written %2B."),
    }

    def to_internal_value(self, data: Any) -> datetime:
        if not (isinstance(data, str) and _MOMENT.fullmatch(data)):
            self.fail("invalid")
        # A leap second, which no clock of ours knows, is the second before it.
        written = re.sub(r":60(?=[.Zz+-])", ":59", data[10:])
        try:
            return datetime.fromisoformat(f"{data[:10]}T{written[1:].upper()}").astimezone(UTC)
        except ValueError:
            self.fail("invalid")
        except OverflowError:
            # At the ends of the calendar: there is nothing beyond.
            return datetime.min.replace(tzinfo=UTC) if data < "5" else datetime.max.replace(tzinfo=UTC)

    def to_representation(self, value: datetime) -> str:
        return str(utc(value))


class IdConverter(StringConverter):
    """The id of a row in an address."""

    regex = ID


def utc(moment: datetime | None) -> str | None:
    """A moment as the API writes it: UTC, to the second."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
