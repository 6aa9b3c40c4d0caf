"""How long it takes from a webhook until the order is in the ERP, and how long the shop waits for its answer."""

from __future__ import annotations

import time
from random import Random
from statistics import median, quantiles

from tests.benchmarks.databases import database
from tests.benchmarks.processes import web, worker
from tests.benchmarks.simulators import simulators
from tests.benchmarks.wire import Helper

SAMPLES = 100
#: Seconds per answer of shop and ERP.
LATENCY = 0.02


def measure(kind: str, samples: int) -> tuple[list[float], list[float]]:
    """For each of so many orders: seconds until it was in the ERP, and seconds until the shop had the answer to its webhook."""
    arrived, answered, random = [], [], Random(5)
    with (
        database(kind) as environment,
        simulators(shops=1, latency=LATENCY) as shop,
        simulators(erps=1, latency=LATENCY) as erp,
        Helper("tests.benchmarks.product", environment=environment) as product,
        web(environment) as address,
    ):
        [the_shop], [the_erp] = shop.ask("about")["shops"], erp.ask("about")["erps"]
        shop.ask("stock", shop=0)
        made = product.ask("set_up", shop=the_shop, erp=the_erp, in_flight=8)
        [flow], [code] = made["flows"], made["codes"]
        product.ask("carry_out", flow=flow)
        # What follows is brought by webhooks or not at all: the next poll is an hour away.
        product.ask("slow_down", flow=flow, minutes=60)
        shop.ask("hook", shop=0, address=f"{address}/hooks/{code}/")
        with worker(environment, 2):
            for number in range(samples + 1):
                placed = shop.ask("place", shop=0, buyer=1000 + number)
                at = erp.ask("wait_for", erp=0, reference=f"{code}-{placed['id']}", patience=120)
                # The first one waits for the worker to come up.
                if number:
                    arrived.append(at - placed["at"])
                    answered.append(placed["answered"])
                time.sleep(random.uniform(0.2, 3.5))
    return arrived, answered


def figures(kind: str, samples: int = SAMPLES) -> dict[str, float]:
    arrived, answered = measure(kind, samples)
    print(
        f"  {len(arrived)} webhooks on {kind}: in the ERP after {median(arrived):.2f} s in the middle, "
        f"{min(arrived):.2f} to {max(arrived):.2f} s; answered after {1000 * median(answered):.1f} ms in the middle",
        flush=True,
    )
    return {
        "webhook_p50_seconds": round(median(arrived), 3),
        "webhook_p95_seconds": round(quantiles(arrived, n=20)[-1], 3),
        "webhook_answer_p95_ms": round(1000 * quantiles(answered, n=20)[-1], 1),
    }
