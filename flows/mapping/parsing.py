"""An expression as text → what it means, without knowing which fields and conversions there are.

::

    pipeline  = sum { "|" conversion }
    sum       = part { "+" part }
    part      = field | text | number | "(" pipeline ")"
    conversion = name { argument }
    argument  = field or name | text | number
    field     = name { "." ( name | text ) }

Texts stand in double quotes, with \\" for a quotation mark, \\n for a new line and \\\\ for a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from flows.mapping.errors import MappingError
from sharespine.lib.text import N_, Text

#: Characters of an expression, conversions and parts in it, and brackets within each other.
LONGEST, MOST, DEEPEST = 1000, 60, 5

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"(?:[^"\\]|\\.)*")
    | (?P<number>-?[0-9]{1,20}(?:\.[0-9]{1,20})?(?![\w.]))
    | (?P<name>[^\W\d]\w*(?:\.(?:[\w-]+|"(?:[^"\\]|\\.)*"))*)
    | (?P<sign>[|+()])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = {"n": "\n", '"': '"', "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a number that stands in the expression."""

    value: str | Decimal
    position: int


@dataclass(frozen=True, slots=True)
class Name:
    """A field, or the name of something where an argument is one."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Call:
    """A conversion with its arguments."""

    name: str
    arguments: tuple[Literal | Name, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Parts, joined when there are several, and what they go through."""

    parts: tuple[Literal | Name | Pipeline, ...]
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


def parse(expression: str) -> Pipeline:
    """What `expression` means. Raises `MappingError`."""
    if not expression.strip():
        raise MappingError(Text(N_("The expression is empty.")), 0)
    if len(expression) > LONGEST:
        raise MappingError(Text(N_("The expression is longer than %(n)s characters."), {"n": str(LONGEST)}), LONGEST)
    tokens = list(_tokens(expression))
    if len(tokens) > 4 * MOST:
        raise MappingError(Text(N_("The expression has too many parts.")), tokens[4 * MOST].position)
    parser = _Parser(tokens, len(expression))
    pipeline = parser.pipeline(0)
    if (left := parser.peek()) is not None:
        raise _unexpected(left)
    return pipeline


def quoted(text: str) -> str:
    """`text` as it stands in an expression."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _tokens(expression: str) -> Iterator[_Token]:
    at, end = 0, len(expression.rstrip())
    while at < end:
        match = _TOKEN.match(expression, at)
        if match is None or match.lastgroup is None:
            at += len(expression[at:]) - len(expression[at:].lstrip())
            text = N_("“%(sign)s” is not understood here. Texts stand in double quotes.")
            raise MappingError(Text(text, {"sign": expression[at : at + 20]}), at)
        yield _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup))
        at = match.end()


def _unexpected(token: _Token) -> MappingError:
    return MappingError(Text(N_("“%(sign)s” is not expected here."), {"sign": token.text[:40]}), token.position)


class _Parser:
    def __init__(self, tokens: list[_Token], end: int) -> None:
        self.tokens, self.end = tokens, end
        self.at = self.number = 0

    def peek(self, sign: str = "") -> _Token | None:
        """The next token, if there is one, and if it is `sign` where that is asked for."""
        token = self.tokens[self.at] if self.at < len(self.tokens) else None
        return token if token is None or not sign or (token.kind, token.text) == ("sign", sign) else None

    def take(self) -> _Token:
        token = self.peek()
        if token is None:
            raise MappingError(Text(N_("Something is missing at the end of the expression.")), self.end)
        self.at += 1
        return token

    def pipeline(self, depth: int) -> Pipeline:
        parts = [self.part(depth)]
        while self.peek("+"):
            self.take()
            parts.append(self.part(depth))
        calls = []
        while self.peek("|"):
            self.take()
            calls.append(self.call())
        return Pipeline(tuple(parts), tuple(calls))

    def part(self, depth: int) -> Literal | Name | Pipeline:
        token = self.take()
        self.count()
        if token.kind == "sign" and token.text == "(":
            if depth >= DEEPEST:
                raise MappingError(Text(N_("There are too many brackets within each other.")), token.position)
            inner = self.pipeline(depth + 1)
            closing = self.take()
            if closing.text != ")" or closing.kind != "sign":
                raise _unexpected(closing)
            return inner
        return self.simple(token)

    def simple(self, token: _Token) -> Literal | Name:
        if token.kind == "text":
            return Literal(_unquoted(token.text[1:-1], token.position), token.position)
        if token.kind == "number":
            return Literal(Decimal(token.text), token.position)
        if token.kind == "name":
            return Name(token.text, token.position)
        raise _unexpected(token)

    def call(self) -> Call:
        name = self.take()
        self.count()
        if name.kind != "name":
            raise _unexpected(name)
        arguments: list[Literal | Name] = []
        while (token := self.peek()) is not None and token.kind != "sign":
            arguments.append(self.simple(self.take()))
        return Call(name.text, tuple(arguments), name.position)

    def count(self) -> None:
        self.number += 1
        if self.number > MOST:
            raise MappingError(Text(N_("The expression has too many parts.")), self.tokens[self.at - 1].position)


def _unquoted(text: str, position: int) -> str:
    def meant(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPED:
            raise MappingError(Text(N_("“\\%(sign)s” means nothing in a text."), {"sign": match[1]}), position)
        return _ESCAPED[match[1]]

    return re.sub(r"\\(.)", meant, text, flags=re.DOTALL)
