"""`python -m tests.benchmarks.registers`: what stock and articles cost in calls and in memory, through both simulators.

Ends with lines `figure NAME VALUE`: the calls to the shop for the stock of 5,000 articles that it was never told before, what a
second run that finds nothing new writes, the memory of a process that moves 20,000 articles ÷ that of one that moves 2,000;
and of an initial sync of 20,000 articles, stopped, killed and resumed, how many there are then, how many of them twice, and how
often its time was drawn.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connectors.base import Direction, Register
from tests.benchmarks.databases import SQLITE, database
from tests.benchmarks.simulators import simulators
from tests.benchmarks.wire import Helper

STOCK, FEW, MANY, VARIANTS = 5_000, 2_000, 20_000, 4
SHOP, ERP = 0, 1


@dataclass
class Scene:
    """A shop and an ERP in one process, the product in another, and a flow of orders between them that is not used."""

    ground: Helper
    product: Helper
    environment: dict[str, str]
    flow: int
    about: dict[str, Any]

    def beside(self, register: Register, direction: Direction) -> int:
        [shop], [erp] = self.about["shops"], self.about["erps"]
        made: int = self.product.ask("beside", flow=self.flow, register=register, direction=direction, shop=shop, erp=erp)
        return made

    def carried_out(self, flow: int) -> dict[str, Any]:
        """What it took to carry out `flow` in a process of its own, which has done nothing else."""
        with Helper("tests.benchmarks.product", environment=self.environment) as fresh:
            result: dict[str, Any] = fresh.ask("carry_out", flow=flow, patience=3000)
        return result


@contextlib.contextmanager
def scene(kind: str) -> Iterator[Scene]:
    with (
        database(kind) as environment,
        simulators(shops=1, erps=1) as ground,
        Helper("tests.benchmarks.product", environment=environment) as product,
    ):
        about = ground.ask("about")
        [shop], [erp] = about["shops"], about["erps"]
        [flow] = product.ask("set_up", shop=shop, erp=erp, in_flight=4, live=False)["flows"]
        yield Scene(ground, product, environment, flow, about)


def stock(kind: str) -> dict[str, float]:
    """5,000 articles, whose stock the shop was never told, and then nothing new."""
    with scene(kind) as made:
        made.ground.ask("fill", number=ERP, articles=STOCK, quantity=7)
        made.ground.ask("fill", number=SHOP, articles=STOCK, quantity=1)
        flow = made.beside(Register.STOCK, Direction.TO_SHOP)
        before = made.ground.ask("calls")
        first = made.carried_out(flow)
        after = made.ground.ask("calls")
        writes = made.ground.ask("writes", number=SHOP)
        assert made.ground.ask("held", number=SHOP) == {"articles": STOCK, "quantities": 1}
        again = made.carried_out(flow)
        rerun = made.ground.ask("calls")
        print(
            f"  stock of {STOCK:,} articles: {after[SHOP] - before[SHOP]} calls to the shop, {after[ERP] - before[ERP]} to the "
            f"ERP, {first['seconds']:.1f} s; again: {rerun[SHOP] - after[SHOP]} and {rerun[ERP] - after[ERP]} calls, "
            f"{again['seconds']:.1f} s",
            flush=True,
        )
        return {
            "stock_calls": after[SHOP] - before[SHOP],
            "stock_rerun_writes": made.ground.ask("writes", number=SHOP) - writes,
        }


def moved(kind: str, direction: Direction, articles: int) -> dict[str, Any]:
    """What it takes to move so many articles, which the target does not have, one way."""
    source, target = (SHOP, ERP) if direction is Direction.TO_ERP else (ERP, SHOP)
    with scene(kind) as made:
        made.ground.ask("fill", number=source, articles=articles, variants=VARIANTS if source == SHOP else 0)
        flow = made.beside(Register.PRODUCTS, direction)
        before = made.ground.ask("calls")
        result = made.carried_out(flow)
        after = made.ground.ask("calls")
        there = made.ground.ask("held", number=target)["articles"]
        assert there == articles, f"{there} of {articles} arrived"
        print(
            f"  {articles:,} articles {direction}: {result['seconds']:.0f} s, {result['memory']:.0f} MB at most, "
            f"{after[source] - before[source]} calls to read, {after[target] - before[target]} to look and write",
            flush=True,
        )
    return result


def articles(kind: str) -> dict[str, float]:
    """20,000 articles against 2,000, both ways: in the shop as products with variants, in the ERP each its own."""
    ratios = {
        direction: moved(kind, direction, MANY)["memory"] / moved(kind, direction, FEW)["memory"] for direction in Direction
    }
    return {
        "articles_memory_ratio": round(max(ratios.values()), 3),
        **{f"articles_{direction}_memory_ratio": round(ratio, 3) for direction, ratio in ratios.items()},
    }


def initial(kind: str, articles: int = MANY) -> dict[str, float]:
    """An initial sync of 20,000 articles from the ERP that is stopped, resumed, killed and carried on by another worker."""
    with scene(kind) as made:
        made.ground.ask("fill", number=ERP, articles=articles)
        flow = made.beside(Register.PRODUCTS, Direction.TO_SHOP)
        sync = made.product.ask("begin_initial", flow=flow)
        began = time.monotonic()
        with Helper("tests.benchmarks.product", environment=made.environment) as stopped:
            stopped.begin("carry_initial", sync=sync)
            _until(made, sync, articles // 5)
            made.product.ask("stop_initial", sync=sync)
            while made.product.ask("look_initial", sync=sync)["state"] != "stopped":
                time.sleep(0.2)
        made.product.ask("resume_initial", sync=sync)
        with Helper("tests.benchmarks.product", environment=made.environment) as killed:
            killed.begin("carry_initial", sync=sync)
            _until(made, sync, articles // 2)
            killed.process.kill()
        with Helper("tests.benchmarks.product", environment=made.environment) as last:
            over = last.ask("carry_initial", sync=sync)
        print(
            f"  initial sync of {articles:,} articles: {time.monotonic() - began:.0f} s in {over['runs']} runs, "
            f"{over['created']:,} created, {over['there']:,} found there after the kill, {over['refused']} refused",
            flush=True,
        )
        assert (over["state"], over["left"], over["refused"]) == ("done", 0, 0), over
        return {
            "initial_articles": made.ground.ask("held", number=SHOP)["articles"],
            "initial_doubles": made.ground.ask("doubles", number=SHOP),
            "initial_hours_entries": over["entries"],
        }


def _until(made: Scene, sync: int, created: int) -> None:
    """Wait until so many articles were created."""
    while made.product.ask("look_initial", sync=sync)["created"] < created:
        time.sleep(0.2)


MEASURES = {"stock": stock, "articles": articles, "initial": initial}


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.registers", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=sorted(MEASURES), metavar="NAME")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default=SQLITE)
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    for name in arguments.only or MEASURES:
        figures |= MEASURES[name](arguments.database)
    for name, value in figures.items():
        print(f"figure {name} {value}")


if __name__ == "__main__":
    main()
