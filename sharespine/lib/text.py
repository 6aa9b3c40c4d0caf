"""Texts that people read, kept apart from their values so that they can be translated when they are shown.

Plain Python: connectors use this without Django, and the back office translates at display time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self, TypeAlias


def N_(message: str) -> str:  # noqa: N802 - the name gettext tools look for
    """Mark `message` for translation without translating it now."""
    return message


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money in a sentence, in the main unit of `currency` (its code; empty where nobody could say it).

    `value` is None where an amount belongs and none is known.
    """

    value: Decimal | None
    currency: str = ""

    def __str__(self) -> str:
        return "–" if self.value is None else f"{self.value:f} {self.currency}".rstrip()

    def to_json(self) -> dict[str, Any]:
        return {"amount": None if self.value is None else f"{self.value:f}", "currency": self.currency}


TextValue: TypeAlias = "str | Amount | Text"


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence with its values apart: `Text(N_("Article %(sku)s is barred"), {"sku": "A-1"})`.

    A value that is itself in words (the label of a setting) is a `Text` and is translated with the sentence; money is an
    `Amount` and is written as the reader does. `str(text)` is the English sentence. A value that is missing shows as its own
    placeholder rather than raising: an error message must never become a second error.
    """

    message: str
    values: Mapping[str, TextValue] = field(default_factory=dict)

    def render(self, translate: Callable[[str], str] = str, write: Callable[[Amount], str] = str) -> str:
        """The sentence with its values filled in; `translate` gives a message in another language, `write` an amount."""
        template = translate(self.message)
        values = {key: _shown(value, translate, write) for key, value in self.values.items()}
        try:
            return template % _Lenient(values) if values else template
        except (TypeError, ValueError):
            return self.message

    def __str__(self) -> str:
        return self.render()

    def to_json(self) -> dict[str, Any]:
        """To be kept. Of a value that is longer than anybody reads, so much is kept as tells what it is."""
        return {"message": self.message, "values": {key: _kept(value) for key, value in self.values.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Self:
        data = data or {}
        values = (data.get("values") or {}).items()
        return cls(str(data.get("message", "")), {key: _from_kept(value) for key, value in values})


def _shown(value: TextValue, translate: Callable[[str], str], write: Callable[[Amount], str]) -> str:
    match value:
        case str():
            return value
        case Amount():
            return write(value)
        case Text():
            return value.render(translate, write)


def _kept(value: TextValue) -> str | dict[str, Any]:
    match value:
        case str():
            return value[:_KEPT]
        case _:
            return value.to_json()


def _from_kept(value: Any) -> TextValue:
    match value:
        case {"amount": amount, "currency": currency}:
            return Amount(None if amount is None else Decimal(amount), str(currency))
        case Mapping():
            return Text.from_json(value)
        case _:
            return str(value)


_KEPT = 1000


class _Lenient(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return f"%({key})s"
