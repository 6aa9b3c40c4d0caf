"""The field mapping of a flow: what the customer's own rules make of its records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from connectors.articles import Price, Product
from connectors.base import Register
from connectors.errors import InvalidRecord
from connectors.mappable import OWN_TARGETS, SOURCES, TargetField
from connectors.records import Order
from flows.mapping.compiling import Vocabulary
from flows.mapping.errors import MappingError
from flows.mapping.rules import Rules
from flows.models import Flow, LookUpTable
from sharespine.lib.text import N_, Text, TextValue

R = TypeVar("R")
FAILED = N_(
    "Rule %(rule)s of the field mapping, which fills “%(target)s”, does not work on this record. %(reason)s Correct the rule "
    "or the record, then press Retry."
)


class Mapper:
    """The field mapping of one flow, put to its records. Made once per run; used by several threads.

    It changes what describes a record, never its reference, its amounts or its quantities, and never asks another system.
    """

    def __init__(self, flow: Flow, pairs: Sequence[tuple[str, str]] | None = None) -> None:
        """`pairs` of target and expression are put in place of the saved rules, for a trial."""
        self.rules: Rules | None = None
        self.problem: InvalidRecord | None = None
        if pairs is None:
            pairs = saved(flow) if flow.mapped else ()
        if pairs:
            try:
                self.rules = Rules.of(pairs, targets(flow), vocabulary(flow))
            except MappingError as error:
                # A rule that was right once, and whose look-up table is gone: nothing goes out half shaped.
                self.problem = refusal(error)

    @property
    def is_needed(self) -> bool:
        """Whether there are rules, right or wrong."""
        return self.rules is not None or self.problem is not None

    @property
    def fills(self) -> frozenset[str]:
        """The keys of the fields that the rules may fill."""
        return frozenset(rule.target.key for rule in self.rules.rules) if self.rules else frozenset()

    def of(self, record: R) -> R:
        """`record` with what the rules fill. Raises `InvalidRecord`, naming the rule, where one cannot be put to it."""
        if self.problem is not None:
            raise InvalidRecord(self.problem.text)
        if self.rules is None:
            return record
        shaped: Any = record
        try:
            if isinstance(record, Order):
                shaped = self.rules.of_order(record)
            elif isinstance(record, Product | Price):
                shaped = self.rules.of_article(record)
        except MappingError as error:
            raise refusal(error) from None
        return cast("R", shaped)


def saved(flow: Flow) -> list[tuple[str, str]]:
    """Target and expression of the rules that are in use, in their order."""
    return list(flow.mappings.filter(active=True).order_by("position").values_list("target", "expression"))


def targets(flow: Flow) -> Mapping[str, TargetField]:
    """The fields that a mapping of the flow may fill, by key: those of the record itself, or of the target's document."""
    register = Register(flow.register)
    writes = flow.target.connector_class.capabilities.writes.get(register)
    if writes is None or register not in SOURCES:
        return {}
    offered = (*OWN_TARGETS.get(register, ()), *writes.target_fields)
    return {target.key: target for target in offered if target.key not in writes.lacks}


def vocabulary(flow: Flow) -> Vocabulary:
    """What the expressions of the flow may speak of."""
    reads = flow.source.connector_class.capabilities.reads.get(Register(flow.register))
    tables = LookUpTable.objects.filter(customer=flow.connection.customer_id)
    return Vocabulary(
        {field.key: field for field in SOURCES.get(Register(flow.register), ())},
        {table.name: table.table for table in tables},
        extras=reads is not None and reads.extra_fields,
    )


def refusal(error: MappingError) -> InvalidRecord:
    values: dict[str, TextValue] = {"rule": str(error.rule), "target": Text(error.target), "reason": error.text}
    return InvalidRecord(Text(FAILED, values))
