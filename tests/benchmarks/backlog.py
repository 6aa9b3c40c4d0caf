"""What a long queue costs: memory of a worker, and time to claim."""

from __future__ import annotations

from statistics import median, quantiles
from typing import Any

from tests.benchmarks.databases import database
from tests.benchmarks.simulators import simulators
from tests.benchmarks.wire import Helper

FEW, MANY = 1_000, 100_000
#: How long a run works on the queue, in seconds.
BUDGET = 30


def worked(kind: str, waiting: int) -> dict[str, Any]:
    """What a process that works for `BUDGET` seconds on so many waiting orders used: `memory` in MB, `claims` in seconds."""
    with (
        database(kind) as environment,
        simulators(shops=1) as shop,
        simulators(erps=1) as erp,
        Helper("tests.benchmarks.product", environment=environment) as product,
    ):
        [the_shop], [the_erp] = shop.ask("about")["shops"], erp.ask("about")["erps"]
        shop.ask("seed", shop=0, count=1, buyers=1)
        [flow] = product.ask("set_up", shop=the_shop, erp=the_erp, in_flight=8)["flows"]
        product.ask("carry_out", flow=flow)
        product.ask("pile_up", flow=flow, count=waiting)
        settings = {**environment, "RUN_BUDGET_SECONDS": str(BUDGET)}
        # A process of its own: this one has made the rows.
        with Helper("tests.benchmarks.product", environment=settings) as fresh:
            result: dict[str, Any] = fresh.ask("work", flow=flow)
    return result


def figures(kind: str) -> dict[str, float]:
    """The memory with many orders waiting ÷ that with few, and how long a claim takes among many."""
    few, many = worked(kind, FEW), worked(kind, MANY)
    for waiting, result in ((FEW, few), (MANY, many)):
        claims = [1000 * seconds for seconds in result["claims"]]
        print(
            f"  {waiting:,} waiting: {result['memory']:.0f} MB at most, {result['sent']} sent in {result['seconds']:.0f} s, "
            f"{len(claims)} claims, {median(claims):.1f} ms in the middle, {_p95(claims):.1f} ms at the 95th percentile",
            flush=True,
        )
    return {
        f"{kind}_memory_ratio": round(many["memory"] / few["memory"], 3),
        f"{kind}_claim_p95_ms": round(1000 * _p95(many["claims"]), 1),
    }


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]
