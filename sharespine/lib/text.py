"""Texts that people read, kept apart from their values so that they can be translated when they are shown.

Plain Python: connectors use this without Django, and the back office translates at display time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


def N_(message: str) -> str:  # noqa: N802 - the name gettext tools look for
    """Mark `message` for translation without translating it now."""
    return message


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence with its values apart: `Text(N_("Article %(sku)s is barred"), {"sku": "A-1"})`.

    `str(text)` is the English sentence. A value that is missing shows as its own placeholder rather than raising: an error
    message must never become a second error.
    """

    message: str
    values: Mapping[str, str] = field(default_factory=dict)

    def render(self, template: str | None = None) -> str:
        """The sentence with its values filled in; `template` is `message` in another language."""
        try:
            return (template or self.message) % _Lenient(self.values) if self.values else (template or self.message)
        except (TypeError, ValueError):
            return self.message

    def __str__(self) -> str:
        return self.render()

    def to_json(self) -> dict[str, Any]:
        return {"message": self.message, "values": dict(self.values)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Self:
        data = data or {}
        return cls(str(data.get("message", "")), {k: str(v) for k, v in (data.get("values") or {}).items()})


class _Lenient(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return f"%({key})s"
