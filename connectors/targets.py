"""A field that a mapping may fill, as a system declares it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetField:
    """Something that a mapping may fill. `label` and `help` are marked for translation.

    `longest` is how many characters it holds (0: any number), `per_line` tells that each row of an order has its own.
    `choices_from` names a list in the endpoint's last `CheckReport.choices`, from which the value has to be.
    """

    key: str
    label: str
    kind: Kind = Kind.TEXT
    longest: int = 0
    per_line: bool = False
    choices_from: str = ""
    help: str = ""
