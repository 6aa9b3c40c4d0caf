"""`python -m tests.benchmarks.doors [--rows 1000000]`: do the portal and the API stay as quick when the rows become many?

Fills two databases of each kind, one with 1,000 orders and one with `--rows`, and opens the same pages in both by turns: what
else the machine does hits both alike, and of each the fastest time counts, since it can only add to that. Each page is opened
by a user of the largest customer, and by one of an ordinary one; each call is made with their keys. A ratio is the time with
many rows, divided by that with few.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.databases import POSTGRESQL, SQLITE, database, server
from tests.benchmarks.wire import Helper

FEW = 1000
ROWS = 1_000_000
ROUNDS = 5
WHO = ("largest", "ordinary")
#: What is asked for a quote.
WISHES = {"shops": [{"system": "woocommerce"}], "erp": "economic", "orders_per_month": 700, "wishes": {"stock": True}}


@dataclass(frozen=True, slots=True)
class Measured:
    """A page or call: the milliseconds that it takes, and the questions to the database, with few rows and with many."""

    name: str
    ms: tuple[float, float]
    queries: tuple[int, int]

    @property
    def ratio(self) -> float:
        return self.ms[1] / self.ms[0]

    @property
    def is_file(self) -> bool:
        """Whether it grows with what is taken along, and not only with what there is."""
        return any(kind in self.name for kind in ("csv", "xlsx", "pdf"))

    @property
    def grown(self) -> int:
        return self.queries[1] - self.queries[0]


def pages(facts: dict[str, Any]) -> dict[str, str]:
    """The pages of the portal, by name. `facts` are ids and numbers that there are in the database."""
    base = f"/portal/{facts['customer']}/"
    orders, items, runs, hook = f"{base}orders/", f"{base}items/", f"{base}runs/", f"{base}webhooks/{facts['webhook']}/"
    flow, dates = f"{base}connections/flows/{facts['flow']}/", f"first={facts['from']}&last={facts['to']}"
    views = ("mine", "ours", "waiting", "held", "sent", "skipped", "changed")
    states = ("sent", "stopped", "skipped", "waiting")
    return {
        "overview": base,
        "orders": orders,
        **{f"orders: view {view}": f"{orders}?view={view}" for view in views},
        **{f"orders: state {state}": f"{orders}?state={state}" for state in states},
        "orders: flow": f"{orders}?flow={facts['flow']}",
        "orders: dates": f"{orders}?{dates}",
        "orders: dates, sent": f"{orders}?{dates}&state=sent",
        "orders: far back": f"{orders}?after={facts['last_order']}",
        "orders: order number": f"{orders}?q={facts['number']}",
        "orders: number in the ERP": f"{orders}?q={facts['target']}",
        "orders: beginning": f"{orders}?q={facts['number'][:2]}",
        "orders: buyer": f"{orders}?q={facts['buyer']}",
        "orders: part of a name": f"{orders}?q={facts['part']}",
        "orders: no hit": f"{orders}?q=qqq",
        "orders: try again": f"{orders}retry/?view=mine",
        "orders: mark as handled": f"{orders}handled/?view=changed",
        "orders: csv, first rows": f"{orders}export/csv/",
        "orders: xlsx of stopped": f"{orders}export/xlsx/?state=stopped",
        "order": f"{orders}{facts['order']}/",
        "items": items,
        "items: stopped": f"{items}?state=stopped",
        "items: done": f"{items}?state=done",
        "items: stock": f"{items}?register=stock",
        "items: stock, skipped": f"{items}?register=stock&state=skipped",
        "items: article": f"{items}?q={facts['sku']}",
        "items: beginning": f"{items}?q=ART-1",
        "items: no hit": f"{items}?q=qqq",
        "items: try again": f"{items}retry/",
        "items: csv, first rows": f"{items}export/csv/",
        "item": f"{items}{facts['item']}/",
        "runs": runs,
        "runs: failed": f"{runs}?state=failed",
        "runs: daily checks": f"{runs}?kind=sweep",
        "runs: flow": f"{runs}?flow={facts['flow']}",
        "runs: dates": f"{runs}?first={facts['from']}",
        "runs: csv, first rows": f"{runs}export/csv/",
        "run": f"{runs}{facts['run']}/",
        "connections": f"{base}connections/",
        "connection: pause": f"{base}connections/{facts['connection']}/pause/",
        "flow": flow,
        "flow: pause": f"{flow}pause/",
        "hours": f"{base}hours/",
        "hours: dates": f"{base}hours/?{dates}",
        "hours: csv": f"{base}hours/statement.csv?{dates}",
        "hours: pdf": f"{base}hours/statement.pdf?{dates}",
        "package": f"{base}package/",
        "users": f"{base}users/",
        "user": f"{base}users/{facts['member']}/",
        "user: remove": f"{base}users/{facts['member']}/remove/",
        "e-mails": f"{base}notifications/",
        "keys": f"{base}keys/",
        "key: new": f"{base}keys/new/",
        "key: revoke": f"{base}keys/{facts['key']}/revoke/",
        "webhooks": f"{base}webhooks/",
        "webhook: new": f"{base}webhooks/new/",
        "webhook": hook,
        "webhook: given up": f"{hook}?state=failed",
        "webhook: change": f"{hook}change/",
        "webhook: secret": f"{hook}secret/",
        "webhook: remove": f"{hook}remove/",
        "webhook: message": f"{hook}messages/{facts['message']}/",
        "account": "/portal/account/",
    }


def calls(facts: dict[str, Any]) -> dict[str, str]:
    """The calls of a merchant's own systems, by name."""
    base = "/api/v1/"
    log = f"{base}transfers/"
    return {
        "transfers": log,
        "transfers: a hundred": f"{log}?limit=100",
        "transfers: state": f"{log}?state=sent",
        "transfers: stopped": f"{log}?state=stopped",
        "transfers: flow": f"{log}?flow={facts['flow']}",
        "transfers: dates": f"{log}?placed_from={facts['from']}&placed_to={facts['to']}",
        "transfers: changed": f"{log}?changed_since={facts['since']}",
        "transfers: order number": f"{log}?search={facts['number']}",
        "transfers: buyer": f"{log}?search={facts['buyer']}",
        "transfers: no hit": f"{log}?search=qqq",
        "transfer": f"{log}{facts['order']}/",
        "usage": f"{base}usage/",
        "features": f"{base}features/",
        "hours": f"{base}hours/",
        "hours: entries": f"{base}hours/entries/",
    }


def public(facts: dict[str, Any]) -> dict[str, str]:
    """What anybody may call, by name."""
    base = "/api/v1/"
    return {
        "packages": f"{base}packages/",
        "systems": f"{base}systems/",
        "system": f"{base}systems/economic/",
        "registers": f"{base}registers/woocommerce/economic/",
        "main flows": f"{base}main-flows/",
        "contact": f"{base}contact/",
        "quote": f"{base}quotes/{facts['quote']}/",
        "sign-up": f"{base}sign-ups/{facts['sign_up']}/",
        "problems": f"{base}problems/",
        "schema": f"{base}schema/",
    }


def asked(facts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Everything that is measured, by name: what `tests.benchmarks.office` opens it with."""
    found: dict[str, dict[str, Any]] = {}
    for who in WHO:
        theirs = facts[who]
        found |= {f"{name} ({who})": {"path": path, "user": theirs["owner"]} for name, path in pages(theirs).items()}
        found |= {f"API {name} ({who})": {"path": path, "bearer": theirs["bearer"]} for name, path in calls(theirs).items()}
    found |= {f"public {name}": {"path": path} for name, path in public(facts[WHO[0]]).items()}
    return {**found, "public quote: new": {"path": "/api/v1/quotes/", "body": WISHES}}


def measure(kind: str, rows: int, only: str, rounds: int) -> list[Measured]:
    """Prints a line per page and call of both databases of `kind`."""
    with contextlib.ExitStack() as stack:
        offices = [
            stack.enter_context(Helper("tests.benchmarks.office", environment=stack.enter_context(database(kind))))
            for _ in range(2)
        ]
        few, many = offices
        before, facts = few.ask("fill_doors", rows=FEW), many.ask("fill_doors", rows=rows)
        print(f"{kind}: {rows} orders and what belongs to them were filled in in {facts['filled']:.0f} s", flush=True)
        print(f"{'page or call':<42}{'queries':>10}{'ms':>16}{'ratio':>8}")
        there = asked(facts)
        found = []
        for name, how in asked(before).items():
            if only not in name:
                continue
            pairs = [(few.ask("open_door", **how), many.ask("open_door", **there[name])) for _ in range(rounds + 1)][1:]
            small, large = (min(pair[i]["ms"] for pair in pairs) for i in (0, 1))
            one = Measured(name, (small, large), (pairs[0][0]["queries"], pairs[0][1]["queries"]))
            queries, took = f"{one.queries[0]} → {one.queries[1]}", f"{small:.0f} → {large:.0f}"
            print(f"{name:<42}{queries:>10}{took:>16}{one.ratio:>8.2f}", flush=True)
            found.append(one)
        return found


def figures(
    rows: int, *, only: str = "", rounds: int = ROUNDS, databases: Sequence[str] = (SQLITE, POSTGRESQL)
) -> dict[str, float]:
    """Of each database the worst ratio, how many questions were added at worst, and the most that one page asks."""
    found: dict[str, float] = {}
    for kind in databases:
        if kind == POSTGRESQL and not server():
            print("postgresql: skipped, no server found")
            continue
        measured = measure(kind, rows, only, rounds)
        # Of a file the first rows are waited for, which are more where there are more.
        shown = [one for one in measured if not one.is_file] or measured
        worst, longest = max(shown, key=lambda one: one.ratio), max(shown, key=lambda one: one.ms[1])
        print(f"{kind}: the worst ratio is that of {worst.name}; the slowest is {longest.name} with {longest.ms[1]:.0f} ms")
        found[f"doors_{kind}_worst_ratio"] = worst.ratio
        found[f"doors_{kind}_worst_queries_grown"] = max(one.grown for one in shown)
        found[f"doors_{kind}_most_queries"] = max(max(one.queries) for one in measured)
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", default="", help="pages and calls whose names contain this")
    parser.add_argument("--databases", default=f"{SQLITE},{POSTGRESQL}")
    chosen = parser.parse_args(arguments)
    found = figures(chosen.rows, only=chosen.only, rounds=chosen.rounds, databases=chosen.databases.split(","))
    for name, value in found.items():
        print(f"figure {name} {value:g}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
