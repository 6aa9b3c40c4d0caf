"""What more worker processes gain: many customers with a few orders each."""

from __future__ import annotations

import time

from tests.benchmarks.databases import POSTGRESQL, database
from tests.benchmarks.processes import worker
from tests.benchmarks.simulators import simulators
from tests.benchmarks.wire import Helper

CUSTOMERS, ORDERS = 40, 25
#: Seconds per answer, and calls at once that each ERP bears: calls have to be waited for, not worked out, or two cores would
#: be what is measured.
LATENCY, IN_FLIGHT = 0.1, 2
PATIENCE = 900


def seconds(processes: int, *, customers: int = CUSTOMERS) -> float:
    """How long it takes so many worker processes until all orders of all customers are in their ERPs."""
    with (
        database(POSTGRESQL) as environment,
        simulators(shops=2) as shop,
        simulators(erps=customers + 1) as erp,
        Helper("tests.benchmarks.product", environment=environment) as product,
    ):
        shops, erps = shop.ask("about")["shops"], erp.ask("about")["erps"]
        for number, count in enumerate((ORDERS, 1)):
            shop.ask("seed", shop=number, count=count, buyers=count)
        made = [product.ask("set_up", shop=shops[0], erp=each, in_flight=IN_FLIGHT) for each in erps[:-1]]
        product.ask("pause", flows=[flow for each in made for flow in each["flows"]])
        for simulator in (shop, erp):
            simulator.ask("set_latency", seconds=LATENCY)
        # The worker is there once the order of one more customer has arrived.
        product.ask("set_up", shop=shops[1], erp=erps[-1], in_flight=IN_FLIGHT)
        with worker(environment, processes):
            _until(erp, 1)
            started = time.monotonic()
            product.ask("resume", flows=[flow for each in made for flow in each["flows"]])
            _until(erp, customers * ORDERS + 1)
            return time.monotonic() - started


def _until(erp: Helper, documents: int) -> None:
    ends = time.monotonic() + PATIENCE
    while sum(erp.ask("counts")) < documents:
        if time.monotonic() > ends:
            raise RuntimeError(f"{sum(erp.ask('counts'))} of {documents} documents after {PATIENCE} s")
        time.sleep(0.1)


def figures() -> dict[str, float]:
    """The time with one process ÷ the time with two and with four."""
    took = {}
    for processes in (1, 2, 4):
        took[processes] = seconds(processes)
        print(
            f"  {processes} worker processes: {CUSTOMERS} customers × {ORDERS} orders in {took[processes]:.1f} s "
            f"({CUSTOMERS * ORDERS / took[processes]:.0f}/s; {LATENCY * 1000:.0f} ms per answer, {IN_FLIGHT} calls at once)",
            flush=True,
        )
    return {f"workers_{processes}_gain": round(took[1] / took[processes], 2) for processes in (2, 4)}
