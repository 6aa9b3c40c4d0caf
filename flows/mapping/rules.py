"""The rules of one mapping put to records: what fills each target field, or each field of the record itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.articles import Price, Product
from connectors.mappable import Kind, TargetField
from connectors.records import Order
from flows.mapping.compiling import Expression, Vocabulary
from flows.mapping.conversions import time_of
from flows.mapping.errors import MappingError
from flows.mapping.values import Value, is_empty, number_of, said
from sharespine.lib.clock import STOCKHOLM
from sharespine.lib.text import N_, Text

#: Rules of one mapping.
MOST_RULES = 100


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `number` is its place, counted from 1."""

    number: int
    target: TargetField
    expression: Expression


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of one flow, in their order. Where two fill the same field, the first that has something to say does."""

    rules: tuple[Rule, ...]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]], targets: Mapping[str, TargetField], vocabulary: Vocabulary) -> Rules:
        """Of (target key, expression). Raises `MappingError` for the first that is not understood."""
        rules = []
        for number, (key, expression) in enumerate(pairs, start=1):
            target = targets.get(key)
            try:
                if number > MOST_RULES:
                    raise MappingError(Text(N_("A mapping has at most %(n)s rules."), {"n": str(MOST_RULES)}))
                if target is None:
                    raise MappingError(Text(N_("There is no field “%(field)s” to be filled here."), {"field": key[:60]}))
                words = replace(vocabulary, lines=target.per_line)
                rules.append(Rule(number, target, words.compiled(expression)))
            except MappingError as error:
                raise error.named(number, target.label if target else key) from None
        return cls(tuple(rules))

    @property
    def extras(self) -> frozenset[str]:
        """The extra fields of the source that are read, by name."""
        return frozenset().union(*(rule.expression.extras for rule in self.rules))

    def of_order(self, order: Order) -> Order:
        """The order with what its target fields are filled with. Raises `MappingError`, which names the rule."""
        mapped = self._filled(order, None)
        lines = order.lines
        if any(rule.target.per_line for rule in self.rules):
            lines = tuple(replace(line, mapped=self._filled(order, line)) for line in lines)
        return replace(order, mapped=mapped, lines=lines)

    def of_article(self, record: Product | Price) -> Product | Price:
        """The record with its own fields filled. Raises `MappingError`, which names the rule."""
        changes: dict[str, Any] = {}
        for rule in self.rules:
            try:
                value = rule.expression.of(record)
                if rule.target.key not in changes and not is_empty(value):
                    changes[rule.target.key] = _for_record(value, rule.target)
            except MappingError as error:
                raise error.named(rule.number, rule.target.label) from None
        return replace(record, **changes) if changes else record

    def _filled(self, order: Order, line: Any) -> tuple[tuple[str, str], ...]:
        """What fills the fields of the order, or those of one of its rows. An empty value fills nothing."""
        filled: dict[str, str] = {}
        for rule in self.rules:
            if rule.target.per_line != (line is not None) or rule.target.key in filled:
                continue
            try:
                value = rule.expression.of(order, line)
                if not is_empty(value):
                    filled[rule.target.key] = _for_document(value, rule.target)
            except MappingError as error:
                raise error.named(rule.number, rule.target.label) from None
        return tuple(filled.items())


def _for_document(value: Value, target: TargetField) -> str:
    """As text of the kind that the target field is: a number with a point, a day as YYYY-MM-DD."""
    if target.kind is Kind.NUMBER:
        return said(number_of(value))
    if target.kind is Kind.TIME:
        moment = time_of(value)
        day = moment.astimezone(STOCKHOLM).date() if isinstance(moment, datetime) else moment
        return day.isoformat()
    return said(value).strip()


def _for_record(value: Value, target: TargetField) -> str | Decimal | tuple[str, ...]:
    if target.kind is Kind.NUMBER:
        return number_of(value)
    if target.key == "categories":
        return tuple(line.strip() for line in said(value).splitlines() if line.strip())
    return said(value).strip()
