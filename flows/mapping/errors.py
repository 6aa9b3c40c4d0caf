"""The one error of the language."""

from __future__ import annotations

from sharespine.lib.text import Text


class MappingError(Exception):
    """An expression that cannot be understood, or that cannot be put to a record.

    `text` says why, for people. `position` is where in the expression, counted from 0; None when no place is to blame. `rule`
    is the number of the rule, counted from 1, and `target` the label of what it fills; 0 and empty outside rules.
    """

    def __init__(self, text: Text, position: int | None = None) -> None:
        super().__init__(str(text))
        self.text = text
        self.position = position
        self.rule, self.target = 0, ""

    def named(self, rule: int, target: str) -> MappingError:
        """The same error, which says now that it is about this rule."""
        self.rule, self.target = rule, target
        return self
