"""What an installation costs when there is nothing to do: polls that find nothing new."""

from __future__ import annotations

import time

from tests.benchmarks.counting import counted
from tests.benchmarks.databases import POSTGRESQL, database
from tests.benchmarks.processes import cpu, worker
from tests.benchmarks.simulators import simulators
from tests.benchmarks.wire import Helper

CUSTOMERS, FLOWS = 100, 10
SECONDS = 60
#: Until the worker is up and has found its pace, in seconds.
WARM_UP = 15
LATENCY = 0.02


def figures() -> dict[str, float]:
    """CPU time of all worker processes ÷ wall time, and statements per second, with a thousand flows every five minutes."""
    with (
        database(POSTGRESQL) as environment,
        simulators(shops=1) as shop,
        simulators(erps=1) as erp,
        Helper("tests.benchmarks.product", environment=environment) as product,
    ):
        [the_shop], [the_erp] = shop.ask("about")["shops"], erp.ask("about")["erps"]
        for _ in range(CUSTOMERS):
            product.ask("set_up", shop=the_shop, erp=the_erp, in_flight=8, shops=FLOWS, live=False)
        product.ask("spread")
        for simulator in (shop, erp):
            simulator.ask("set_latency", seconds=LATENCY)
        with (
            counted(environment["DATABASE_URL"]) as (address, counter),
            worker({**environment, "DATABASE_URL": address}, 2) as pid,
        ):
            time.sleep(WARM_UP)
            before = cpu(pid), counter.statements, time.monotonic(), sum(shop.ask("calls"))
            time.sleep(SECONDS)
            after = cpu(pid), counter.statements, time.monotonic(), sum(shop.ask("calls"))
    used, statements, seconds, calls = (there - here for there, here in zip(after, before, strict=True))
    print(
        f"  {CUSTOMERS} customers × {FLOWS} flows for {seconds:.0f} s: {used:.2f} s of CPU, {statements} statements, "
        f"{calls} polls ({1000 * used / max(calls, 1):.0f} ms and {statements / max(calls, 1):.0f} statements per poll)",
        flush=True,
    )
    return {"idle_cpu_share": round(used / seconds, 3), "idle_queries_per_second": round(statements / seconds, 1)}
