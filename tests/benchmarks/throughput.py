"""How long 1,000 orders take, against a bare loop that sends the very same calls to the same simulators."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from sharespine.lib.clock import utcnow
from tests.benchmarks import loop
from tests.benchmarks.databases import database
from tests.benchmarks.simulators import simulators
from tests.benchmarks.wire import Helper

ORDERS, BUYERS, IN_FLIGHT = 1000, 800, 8


@dataclass(frozen=True)
class Pair:
    """One pass of the engine and the loop after it. Seconds; CPU seconds of the processes."""

    engine: float
    loop: float
    engine_cpu: float
    loop_cpu: float
    shop_cpu: float
    erp_cpu: float
    database_cpu: float
    shop_calls: int
    erp_calls: int

    @property
    def ratio(self) -> float:
        return self.engine / self.loop


def compare(kind: str, latency: float, *, rounds: int, orders: int = ORDERS, profile: str = "") -> list[Pair]:
    """So many pairs on a database of `kind`, the answers delayed by `latency` seconds."""
    with database(kind) as environment, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        return [_pair(environment, latency, orders, Path(folder), profile) for _ in range(rounds)]


def _pair(environment: dict[str, str], latency: float, orders: int, folder: Path, profile: str) -> Pair:
    with simulators(shops=1) as shop, simulators(erps=1) as erp:
        [the_shop], [the_erp] = shop.ask("about")["shops"], erp.ask("about")["erps"]
        # The articles are there and the flow has run before, as on any day but the first.
        shop.ask("stock", shop=0)
        with Helper("tests.benchmarks.product", environment=environment) as product:
            made = product.ask("set_up", shop=the_shop, erp=the_erp, in_flight=IN_FLIGHT)
            [flow] = made["flows"]
            product.ask("carry_out", flow=flow)
            seen = shop.ask("calls"), erp.ask("calls")
            until = utcnow().isoformat()
            ids = shop.ask("seed", shop=0, count=orders, buyers=BUYERS, until=until)
            for simulator in (shop, erp):
                simulator.ask("set_latency", seconds=latency)
            before = shop.ask("cpu"), erp.ask("cpu")
            ran = product.ask("carry_out", flow=flow, profile=profile)
            after = shop.ask("cpu"), erp.ask("cpu")
        if ran["states"] != {"sent": ran["states"].get("sent")} or ran["states"]["sent"] < orders:
            raise RuntimeError(f"not all orders were sent: {ran['states']}")
        reading, early = _calls(shop, folder, seen[0]), _calls(erp, folder, [0])
    early, sending = early[: seen[1][0]], early[seen[1][0] :]
    looped = _loop(reading, early, sending, latency, made["codes"], ids, until, folder)
    return Pair(
        engine=ran["seconds"],
        loop=looped["seconds"],
        engine_cpu=ran["cpu"],
        loop_cpu=looped["cpu"],
        shop_cpu=after[0] - before[0],
        erp_cpu=after[1] - before[1],
        database_cpu=ran["database_cpu"],
        shop_calls=len(reading),
        erp_calls=len(sending),
    )


def _calls(simulator: Helper, folder: Path, since: list[int]) -> list[dict[str, Any]]:
    path = folder / "calls.json"
    simulator.ask("write_calls", path=str(path), since=since)
    [calls] = json.loads(path.read_text())
    found: list[dict[str, Any]] = calls
    return found


def _loop(
    reading: list[loop.Call],
    early: list[loop.Call],
    sending: list[loop.Call],
    latency: float,
    codes: list[str],
    ids: list[str],
    until: str,
    folder: Path,
) -> dict[str, float]:
    """Send it all again to simulators that are in the state in which the engine found them."""
    with simulators(shops=1) as shop, simulators(erps=1) as erp:
        [the_shop], [the_erp] = shop.ask("about")["shops"], erp.ask("about")["erps"]
        shop.ask("stock", shop=0)
        shop.ask("seed", shop=0, count=len(ids), buyers=BUYERS, until=until)
        buyers = {source_id: str(number % BUYERS) for number, source_id in enumerate(ids)}
        plan = {
            "shop": the_shop["options"]["address"],
            "erp": the_erp["options"]["address"],
            "threads": IN_FLIGHT,
            "before": loop.numbered(early),
            "reading": reading,
            "groups": loop.by_order(loop.numbered(sending), codes, buyers),
        }
        path = folder / "plan.json"
        path.write_text(json.dumps(plan))
        with Helper("tests.benchmarks.loop", str(path)) as looping:
            looping.ask("prepare")
            for simulator in (shop, erp):
                simulator.ask("set_latency", seconds=latency)
            result: dict[str, float] = looping.ask("send")
        return result


def figures(kind: str, latency: float, name: str, *, rounds: int, orders: int, profile: str = "") -> dict[str, float]:
    """Print what was measured; the figure is the engine's time ÷ the loop's, or the inverse where nothing is delayed."""
    pairs = compare(kind, latency, rounds=rounds, orders=orders, profile=profile)
    for pair in pairs:
        print(
            f"  engine {pair.engine:6.2f} s ({orders / pair.engine:5.0f}/s)  loop {pair.loop:6.2f} s "
            f"({orders / pair.loop:5.0f}/s)  ratio {pair.ratio:.3f}   CPU s: engine {pair.engine_cpu:.1f} "
            f"PostgreSQL {pair.database_cpu:.1f} loop {pair.loop_cpu:.1f} shop {pair.shop_cpu:.1f} ERP {pair.erp_cpu:.1f}   "
            f"calls: {pair.erp_calls / orders:.2f} per order, {pair.shop_calls} to read",
            flush=True,
        )
    ratios = [pair.ratio for pair in pairs]
    print(f"  ratio: median {median(ratios):.3f}, min {min(ratios):.3f}, max {max(ratios):.3f}", flush=True)
    took = round(1000 * median(pair.engine_cpu for pair in pairs) / orders, 2)
    if latency:
        return {f"{name}_ratio": round(median(ratios), 3), f"{name}_cpu_ms_per_order": took}
    return {f"{name}_share": round(median(1 / ratio for ratio in ratios), 3), f"{name}_cpu_ms_per_order": took}
