"""The `filter` and `sort` parameters of e-conomic's collections, with the quirks that were verified in August 2026.

`$eq: $ne: $gt: $gte: $lt: $lte: $like: $in: $nin:` joined by `$and:` and `$or:`, grouped by parentheses. A `$` before
`$ ( ) * ,` takes away its meaning. `$[` and `$]` are documented but not honoured by the server. Text is compared without
regard to case. ASSUMED: `$and:` binds tighter than `$or:`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

Row = dict[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(r"\$(eq|ne|gte|gt|lte|lt|like|in|nin|and|or|null):|\$([$()*,])|([()])|(.)", re.DOTALL)
_MOST_VALUES = 200


class NotAllowed(Exception):
    """Properties that cannot be filtered or sorted by."""


class Unparsable(Exception):
    pass


def parse_filter(text: str, allowed: Collection[str]) -> Test:
    """The test that `text` stands for. Raises `NotAllowed` (its arguments are the properties) or `Unparsable`."""
    parser = _Parser(_tokens(text), allowed)
    test = parser.any_of()
    if parser.peek() is not None:
        raise Unparsable(text)
    if parser.refused:
        raise NotAllowed(*parser.refused)
    return test


def sort_rows(rows: Sequence[Row], text: str, allowed: Collection[str]) -> list[Row]:
    """`rows` by the properties in `text`, e.g. `-date,orderNumber`; `~` asks for alphabetical order. Raises `NotAllowed`."""
    ordered = list(rows)
    for part in reversed([part.strip() for part in text.split(",") if part.strip()]):
        name = part.lstrip("-~")
        if name not in allowed:
            raise NotAllowed(name)
        alphabetical = part.startswith("~")

        def position(row: Row, name: str = name, alphabetical: bool = alphabetical) -> tuple[bool, Any]:
            value = value_at(row, name)
            return value is not None, str(value) if alphabetical else _comparable(value)

        ordered.sort(key=position, reverse=part.startswith("-"))
    return ordered


def value_at(row: Row, path: str) -> Any:
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


Token = tuple[str, str]


def _tokens(text: str) -> list[Token]:
    """(kind, text): an operator, a parenthesis, a plain `char` (`*`, `,`, `[` and `]` may mean something) or a `literal`."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        operator, escaped, parenthesis, char = match.groups()
        if operator:
            found.append(("operator", operator))
        elif escaped:
            found.append(("literal", escaped))
        elif parenthesis:
            found.append((parenthesis, parenthesis))
        else:
            found.append(("char", char))
    return found


class _Parser:
    def __init__(self, tokens: list[Token], allowed: Collection[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._allowed = allowed
        self.refused: list[str] = []

    def peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def any_of(self) -> Test:
        tests = [self._all_of()]
        while self._accept("or"):
            tests.append(self._all_of())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._one()]
        while self._accept("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _accept(self, operator: str) -> bool:
        if self.peek() == ("operator", operator):
            self._at += 1
            return True
        return False

    def _one(self) -> Test:
        if self.peek() == ("(", "("):
            self._at += 1
            test = self.any_of()
            if self.peek() != (")", ")"):
                raise Unparsable
            self._at += 1
            return test
        name = "".join(text for _, text in self._plain()).strip()
        token = self.peek()
        if not name or token is None or token[0] != "operator" or token[1] in ("and", "or", "null"):
            raise Unparsable
        self._at += 1
        if name not in self._allowed:
            self.refused.append(name)
        if self._accept("null"):
            return _null(name, token[1])
        return _test(name, token[1], self._plain())

    def _plain(self) -> list[Token]:
        start = self._at
        while (token := self.peek()) is not None and token[0] in ("char", "literal"):
            self._at += 1
        return self._tokens[start : self._at]


def _null(name: str, operator: str) -> Test:
    if operator not in ("eq", "ne"):
        raise Unparsable
    return lambda row: (value_at(row, name) is None) == (operator == "eq")


def _test(name: str, operator: str, value: list[Token]) -> Test:
    if operator in ("in", "nin"):
        options = _list(value)
        texts = frozenset(option.casefold() for option in options)

        def is_in(row: Row) -> bool:
            actual = value_at(row, name)
            if isinstance(actual, str):
                # Not one by one: a collection may have many rows.
                return (actual.casefold() in texts) == (operator == "in")
            return any(_equal(actual, option) for option in options) == (operator == "in")

        return is_in
    if operator == "like":
        pattern = _pattern(value)
        return lambda row: (value := value_at(row, name)) is not None and pattern.fullmatch(str(value)) is not None
    given = "".join(text for _, text in value)
    if operator == "eq":
        return lambda row: _equal(value_at(row, name), given)
    if operator == "ne":
        return lambda row: not _equal(value_at(row, name), given)
    return lambda row: _ordered(value_at(row, name), operator, given)


def _list(value: list[Token]) -> list[str]:
    """The values between brackets, which are required; more than 200 are refused (verified August 2026)."""
    if len(value) < 2 or value[0] != ("char", "[") or value[-1] != ("char", "]"):
        raise Unparsable
    options = [""]
    for kind, text in value[1:-1]:
        if (kind, text) == ("char", ","):
            options.append("")
        else:
            options[-1] += text
    if len(options) > _MOST_VALUES:
        raise Unparsable
    return options


def _pattern(value: list[Token]) -> re.Pattern[str]:
    """`*` is a wildcard; without one the text may stand anywhere. `[..]` is a character class of SQL Server's LIKE."""
    parts: list[str] = []
    wild = False
    in_class = False
    for kind, text in value:
        if (kind, text) == ("char", "*"):
            wild = True
            parts.append(".*")
        elif kind == "char" and text == "[" and not in_class:
            in_class = True
            parts.append("[")
        elif kind == "char" and text == "]" and in_class:
            in_class = False
            parts.append("]")
        else:
            parts.append(re.escape(text))
    body = "".join(parts)
    try:
        return re.compile(body if wild else f".*{body}.*", re.IGNORECASE | re.DOTALL)
    except re.error:
        raise Unparsable from None


def _comparable(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return Decimal(bool(value))
    return Decimal(value) if isinstance(value, int | Decimal) else str(value).casefold()


def _equal(actual: Any, given: str) -> bool:
    if actual is None:
        return False
    if isinstance(actual, bool):
        return given.casefold() == str(actual).casefold()
    if isinstance(actual, int | Decimal):
        return _number(given) == Decimal(actual)
    return str(actual).casefold() == given.casefold()


def _ordered(actual: Any, operator: str, given: str) -> bool:
    if actual is None:
        return False
    left: Any = _comparable(actual)
    right: Any = _number(given) if isinstance(left, Decimal) else given.casefold()
    return bool({"gt": left > right, "gte": left >= right, "lt": left < right, "lte": left <= right}[operator])


def _number(text: str) -> Decimal:
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        raise Unparsable(text) from None
