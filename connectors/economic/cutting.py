"""Text cut to what a field holds, with a notice; where cutting would do harm, the record stops instead."""

from __future__ import annotations

from connectors.errors import InvalidRecord
from sharespine.lib.text import N_, Text


class Cutter:
    """Collects a notice for each value that did not fit. One per draft."""

    def __init__(self) -> None:
        self.notices: list[Text] = []

    def fit(self, value: str, length: int, *, field: str) -> str:
        """`value` in at most `length` characters. `field` is e-conomic's name of the field, for the notice."""
        # .NET counts UTF-16 code units, where an emoji is two. ASSUMED that e-conomic does, being the stricter way.
        if units(value) <= length:
            return value
        text = N_("“%(value)s” was cut to the %(length)s characters that %(field)s of e-conomic holds.")
        shown = value if len(value) <= 80 else f"{value[:79]}…"
        notice = Text(text, {"value": shown, "length": str(length), "field": field})
        if notice not in self.notices:
            self.notices.append(notice)
        while units(value) > length:
            value = value[: len(value) - max(1, (units(value) - length) // 2)]
        return value.rstrip()

    def whole(self, value: str, length: int, *, field: str) -> str:
        """`value` as it is. Raises `InvalidRecord` when it is longer than `length`: half of it would be something else."""
        if units(value) > length:
            text = N_(
                "“%(value)s” is longer than the %(length)s characters that %(field)s of e-conomic holds. Correct it in the "
                "shop and press Retry."
            )
            raise InvalidRecord(Text(text, {"value": value, "length": str(length), "field": field}))
        return value


def units(value: str) -> int:
    """The length of `value` in UTF-16 code units."""
    return len(value.encode("utf-16-le", "surrogatepass")) // 2
