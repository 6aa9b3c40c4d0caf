"""The proof: what the shop has, against what the ERP has, counted in the two systems and not in our own ledger.

Only the reasons of orders that did not arrive come from the ledger, which alone has them: an order without one is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from connectors.sandbox import SeenDocument, SeenOrder
from sharespine.lib.money import ZERO


@dataclass(frozen=True, slots=True)
class Proof:
    """Counts of orders that the rules include. `difference` is the sum of all differences between shop and ERP, in kronor."""

    included: int
    in_erp: int
    missing: tuple[str, ...]
    double: tuple[str, ...]
    differing: tuple[str, ...]
    stopped: int
    uncalled_for: tuple[str, ...]
    difference: Decimal

    @property
    def holds(self) -> bool:
        return not (self.missing or self.double or self.differing or self.uncalled_for or self.difference)

    def figures(self) -> dict[str, str]:
        return {
            "orders_included": str(self.included),
            "orders_in_erp": str(self.in_erp),
            "orders_missing": str(len(self.missing)),
            "orders_double": str(len(self.double)),
            "orders_differing": str(len(self.differing)),
            "orders_stopped": str(self.stopped),
            "difference_sek": f"{self.difference:.2f}",
        }


def prove(
    orders: Iterable[SeenOrder],
    documents: Iterable[SeenDocument],
    *,
    prefix: str,
    trigger_statuses: Collection[str],
    stops: Mapping[str, str],
) -> Proof:
    """Compare the orders of a shop with the documents of an ERP.

    `prefix` begins our references to this shop; `stops` is source id → reason for what we say was stopped.
    """
    included = {order.source_id: order for order in orders if order.status in trigger_statuses}
    ours = [document for document in documents if document.reference.startswith(f"{prefix}-")]
    times = Counter(document.reference.removeprefix(f"{prefix}-") for document in ours)
    differing, difference = [], ZERO
    for document in ours:
        order = included.get(document.reference.removeprefix(f"{prefix}-"))
        if order and (document.total != order.total or document.currency != order.currency):
            differing.append(order.source_id)
            difference += abs(document.total - order.total)
    there = included.keys() & times.keys()
    stopped = {source_id for source_id in included if source_id not in there and stops.get(source_id)}
    return Proof(
        included=len(included),
        in_erp=len(there),
        missing=tuple(sorted(included.keys() - there - stopped)),
        double=tuple(sorted(source_id for source_id, number in times.items() if number > 1)),
        differing=tuple(sorted(differing)),
        stopped=len(stopped),
        uncalled_for=tuple(sorted(times.keys() - included.keys())),
        difference=difference,
    )
