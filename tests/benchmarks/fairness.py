"""How long a customer with one new order waits while another has a hundred thousand."""

from __future__ import annotations

import time
from random import Random

from tests.benchmarks.databases import database
from tests.benchmarks.processes import web, worker
from tests.benchmarks.simulators import simulators
from tests.benchmarks.wire import Helper

#: The large customer has several shops, each with its flow, so that it can keep every worker process busy.
WAITING, SHOPS = 100_000, 4
SAMPLES, LATENCY = 5, 0.02


def figures(kind: str) -> dict[str, float]:
    """The longest of five waits on a database of `kind`: some are woken by a webhook, some by a poll that is due."""
    random, took = Random(3), []
    with (
        database(kind) as environment,
        simulators(shops=2, latency=LATENCY) as shop,
        simulators(erps=2, latency=LATENCY) as erp,
        Helper("tests.benchmarks.product", environment=environment) as product,
        web(environment) as address,
    ):
        shops, erps = shop.ask("about")["shops"], erp.ask("about")["erps"]
        for number in range(2):
            shop.ask("seed", shop=number, count=1, buyers=1)
        large = product.ask("set_up", shop=shops[0], erp=erps[0], in_flight=8, shops=SHOPS)
        for flow in large["flows"]:
            product.ask("carry_out", flow=flow)
            product.ask("pile_up", flow=flow, count=WAITING // SHOPS)
        small = product.ask("set_up", shop=shops[1], erp=erps[1], in_flight=8)
        [flow], [code] = small["flows"], small["codes"]
        product.ask("carry_out", flow=flow)
        product.ask("slow_down", flow=flow, minutes=60)
        for number in large["flows"]:
            product.ask("make_due", flow=number)
        before = erp.ask("counts")[0]
        with worker(environment, 2):
            # Until the large customer has taken what it can get.
            time.sleep(20)
            for number in range(SAMPLES):
                hooked = number % 2 == 0
                shop.ask("hook", shop=1, address=f"{address}/hooks/{code}/" if hooked else "")
                placed = shop.ask("place", shop=1, buyer=1000 + number)
                if not hooked:
                    product.ask("make_due", flow=flow)
                at = erp.ask("wait_for", erp=1, reference=f"{code}-{placed['id']}", patience=300)
                took.append(at - placed["at"])
                print(f"  {'webhook' if hooked else 'poll'}: {took[-1]:.1f} s", flush=True)
                time.sleep(random.uniform(3, 15))
            sent = erp.ask("counts")[0] - before
    print(f"  on {kind}, two worker processes; the large customer had {sent} orders sent meanwhile", flush=True)
    return {"fair_delay_seconds": round(max(took), 1)}
