"""What is refused, in words that say what to do."""

from __future__ import annotations

from sharespine.lib.text import Text, TextValue


class Refused(Exception):
    """What was asked cannot be done; `text` says why, and what can be done instead."""

    def __init__(self, message: str, **values: TextValue) -> None:
        self.text = Text(message, values)
        super().__init__(str(self.text))
