"""What a plugin costs: the time of an order that goes through the example plugin ÷ that of one that does not."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

from tests.benchmarks.databases import SQLITE, database
from tests.benchmarks.simulators import simulators
from tests.benchmarks.throughput import BUYERS, IN_FLIGHT
from tests.benchmarks.wire import Helper
from tests.plugins.packaging import EXAMPLE, install

ORDERS = 500
#: Seconds per answer of shop and ERP: as on the internet, and none, where only our own work counts.
LATENCIES = {"": 0.02, "_0ms": 0.0}
#: Every order is filtered, noted and looked at before it goes.
OPTIONS = {"above": "0", "most": "10000000", "tester": "nobody@example.com"}


def figures(rounds: int) -> dict[str, float]:
    """The middle of so many `rounds`, in which orders with and without the plugin take turns."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, database(SQLITE) as environment:
        install(EXAMPLE, Path(folder))
        environment["PYTHONPATH"] = folder
        for name, latency in LATENCIES.items():
            pairs = [(_pass(environment, latency, plugin=True), _pass(environment, latency)) for _ in range(rounds)]
            ratios = [there / here for there, here in pairs]
            found[f"plugin_cost{name}_ratio"] = round(median(ratios), 3)
            print(
                f"  {1000 * latency:.0f} ms per answer: {1000 * median(there for there, _ in pairs) / ORDERS:.2f} ms per order "
                f"with the plugin, {1000 * median(here for _, here in pairs) / ORDERS:.2f} ms without "
                f"({', '.join(f'{ratio:.2f}' for ratio in ratios)})",
                flush=True,
            )
    return found


def _pass(environment: dict[str, str], latency: float, *, plugin: bool = False) -> float:
    """The seconds that the orders take."""
    with (
        simulators(shops=1) as shop,
        simulators(erps=1) as erp,
        Helper("tests.benchmarks.product", environment=environment) as product,
    ):
        [the_shop], [the_erp] = shop.ask("about")["shops"], erp.ask("about")["erps"]
        shop.ask("stock", shop=0)
        [flow] = product.ask("set_up", shop=the_shop, erp=the_erp, in_flight=IN_FLIGHT)["flows"]
        product.ask("carry_out", flow=flow)
        if plugin:
            product.ask("choose_plugin", flow=flow, name="large-orders", options=OPTIONS)
        shop.ask("seed", shop=0, count=ORDERS, buyers=BUYERS)
        for simulator in (shop, erp):
            simulator.ask("set_latency", seconds=latency)
        ran = product.ask("carry_out", flow=flow)
        if ran["states"] != {"sent": ran["states"].get("sent")} or ran["states"]["sent"] < ORDERS:
            raise RuntimeError(f"not all orders were sent: {ran['states']}")
        seconds: float = ran["seconds"]
        return seconds
