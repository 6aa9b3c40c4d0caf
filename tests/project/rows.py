"""Rows that pages say different things of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Model

from flows.models import Event, Item, Run, Transfer
from sharespine.lib.said import said, said_shortly
from sharespine.lib.text import Text
from tests import texts


def telling(model: type[Model], **whose: Any) -> list[Model]:
    """One row of each state or kind that the model has: pages say different things of each. `whose` narrows the rows."""
    rows = list(model._default_manager.filter(**whose).order_by("pk"))
    told = {
        tuple(getattr(row, name, "") for name in ("state", "status", "kind", "feature", "health", "system", "attention")): row
        for row in rows
    }
    return list(told.values())


def data() -> list[str]:
    """What the seeded rows say in no language of ours: sentences that were made up for tests."""
    ours = {entry.msgid for entry in texts.read()}
    columns = ((Transfer, "message"), (Event, "text"), (Item, "message"), (Run, "error"))
    kept = (text for model, column in columns for text in model._default_manager.values_list(column, flat=True))
    made_up = [text for text in kept if text.message and text.message not in ours]
    made_up += [Text(text.message, dict.fromkeys(text.values, "…")) for text in made_up]
    spoken = {words for text in made_up for words in (said(text), said_shortly(text))}
    return sorted(spoken | (set(_strings(list(Run.objects.values_list("report", flat=True)))) - ours), key=len, reverse=True)


def _strings(value: Any) -> Iterator[str]:
    """The sentences in what was kept as JSON."""
    if isinstance(value, dict) and "message" in value:
        yield said(Text.from_json(value))
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
    elif isinstance(value, str) and " " in value:
        yield value
