"""The filters of the templates: how texts, amounts, times and states are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from sharespine.lib import display
from sharespine.lib.counting import counted
from sharespine.lib.said import said as say
from sharespine.lib.said import said_of_many, said_shortly
from sharespine.lib.text import Text

register = template.Library()
for name in ("tone", "amount", "translated", "number", "hours", "ago", "pretty"):
    register.filter(name, getattr(display, name))
register.filter("said_of_many", said_of_many)
register.filter("said_shortly", said_shortly)
register.filter("counted", counted)


@register.filter
def said(text: Text | Mapping[str, Any]) -> str:
    """A `Text`, or what its `to_json` gave."""
    return say(text if isinstance(text, Text) else Text.from_json(text))


@register.filter
def share(part: int, whole: int) -> int:
    """How much `part` is of `whole`, in percent for a bar: never more than it holds."""
    return min(100, part * 100 // whole) if whole else 0
