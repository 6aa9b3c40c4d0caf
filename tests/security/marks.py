"""How two merchants are told apart in whatever is shown: each has a word in its texts, and first digits of its numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: What only staff may read holds this word, of whichever merchant it is.
HUSH = "Tystlåtet"
#: Both shops have an order of this number.
SHARED = "4711"


@dataclass(frozen=True, slots=True)
class Mark:
    """What is recognised of a merchant: a word in its texts, and the first digits of its numbers, which have ten."""

    word: str
    digits: str

    def number(self, n: int) -> int:
        return int(self.digits) * 1_000_000 + n

    def text(self, kind: str) -> str:
        return f"{self.word}{kind}"

    @property
    def domain(self) -> str:
        return f"{self.word.lower()}.example"

    def found_in(self, text: str) -> set[str]:
        """All that holds the word, and all numbers with the digits, however they are grouped."""
        first, rest = self.digits[0], self.digits[1:]
        space = r"[\s.,\u00a0\u202f]?"
        number = rf"(?<![0-9A-Za-z]){first}{space}{rest}{space}\d{{3}}{space}\d{{3}}(?!\d)"
        words = re.findall(rf"{self.word}[\w.@-]*", text, re.IGNORECASE)
        return {word.casefold() for word in words} | {re.sub(r"\D", "", found) for found in re.findall(number, text)}


#: Of words of the same length, so that what is cut is cut at the same place. The one who asks has the highest ids: whatever it
#: makes has ids after those.
NOBODY, FOREIGN, OWN = Mark("Plydenka", "1976"), Mark("Zvolenka", "1977"), Mark("Norrsken", "1978")


class Twin:
    """What is asked and answered about the foreign merchant, as it would be about one that does not exist; and back."""

    @staticmethod
    def of(text: str) -> str:
        return _replaced(text, FOREIGN, NOBODY)

    @staticmethod
    def back(text: str) -> str:
        return _replaced(text, NOBODY, FOREIGN)


def _replaced(text: str, one: Mark, other: Mark) -> str:
    for change in (str, str.lower, str.upper):
        text = text.replace(change(one.word), change(other.word))
    for n in (*range(4), 501):
        # As they stand, and in cursors, which write them in base 36.
        text = text.replace(base36(one.number(n)), base36(other.number(n)))
    return re.sub(rf"(?<!\d){one.digits}(?=\d{{6}}(?!\d))", other.digits, text)


def base36(n: int) -> str:
    digits = ""
    while n:
        n, digit = divmod(n, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits
