"""Texts that people read, kept apart from their values so that they can be translated when they are shown.

Plain Python: connectors use this without Django, and the back office translates at display time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self


def N_(message: str) -> str:  # noqa: N802 - the name gettext tools look for
    """Mark `message` for translation without translating it now."""
    return message


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence with its values apart: `Text(N_("Article %(sku)s is barred"), {"sku": "A-1"})`.

    A value that is itself in words (the label of a setting) is a `Text` and is translated with the sentence. `str(text)` is the
    English sentence. A value that is missing shows as its own placeholder rather than raising: an error message must never
    become a second error.
    """

    message: str
    values: Mapping[str, str | Text] = field(default_factory=dict)

    def render(self, translate: Callable[[str], str] = str) -> str:
        """The sentence with its values filled in; `translate` gives a message in another language."""
        template = translate(self.message)
        values = {key: value.render(translate) if isinstance(value, Text) else value for key, value in self.values.items()}
        try:
            return template % _Lenient(values) if values else template
        except (TypeError, ValueError):
            return self.message

    def __str__(self) -> str:
        return self.render()

    def to_json(self) -> dict[str, Any]:
        """To be kept. Of a value that is longer than anybody reads, so much is kept as tells what it is."""
        values = {key: value.to_json() if isinstance(value, Text) else value[:_KEPT] for key, value in self.values.items()}
        return {"message": self.message, "values": values}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Self:
        data = data or {}
        values = (data.get("values") or {}).items()
        return cls(
            str(data.get("message", "")),
            {key: Text.from_json(value) if isinstance(value, Mapping) else str(value) for key, value in values},
        )


_KEPT = 1000


class _Lenient(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return f"%({key})s"
