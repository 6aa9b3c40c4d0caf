"""`python -m tests.benchmarks.admin [--rows 1000000]`: does the back office stay as quick when the orders become many?

Fills two databases of each kind, one with 1,000 orders and one with `--rows`, and opens the same pages in both by turns: what
else the machine does hits both alike. A ratio is the median time of a page with many orders, divided by that with few.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
from collections.abc import Sequence
from typing import Any

from tests.benchmarks.databases import POSTGRESQL, SQLITE, database, server
from tests.benchmarks.wire import Helper

FEW = 1000
ROWS = 1_000_000
ROUNDS = 7
#: For the names of the pages alone.
KNOWN = ("customer", "flow", "connection", "endpoint", "transfer", "number", "target", "reference", "cause", "from", "to")
NOWHERE = dict.fromkeys((*KNOWN, "last_page", "column"), "1")
#: The pages that staff live in: none may grow.
LIVED_IN = ("list", "search", "ctrl-k", "start")


def pages(facts: dict[str, Any]) -> dict[str, str]:
    """What is opened, by name. `facts` are ids and numbers that there are in the database."""
    orders, runs = "/admin/flows/transfer/?", "/admin/flows/run/?"
    views = ("needs", "stopped", "uncertain", "waiting", "changed", "sent")
    customer, flow = f"customer__id__exact={facts['customer']}", f"flow__id__exact={facts['flow']}"
    dates = f"placed_at_from={facts['from']}&placed_at_to={facts['to']}"
    many = {"stopped": "state__exact=stopped", "sent": "state__exact=sent", "skipped": "state__exact=skipped"}
    return {
        "list": orders,
        "list: page 2": f"{orders}p=2",
        "list: last page": f"{orders}p={facts['last_page']}",
        "list: oldest first": f"{orders}o={facts['column']}",
        **{f"list: view {view}": f"{orders}view={view}" for view in views},
        **{f"list: state {state}": orders + query for state, query in many.items()},
        "list: merchant acts": f"{orders}acts__exact=merchant",
        "list: cause": f"{orders}cause={facts['cause']}",
        "list: largest customer": orders + customer,
        "list: its flow": orders + flow,
        "list: its stopped": f"{orders}view=stopped&{customer}",
        "list: its waiting": f"{orders}view=waiting&{customer}",
        "list: dates": orders + dates,
        "list: dates, its": f"{orders}{dates}&{customer}",
        "list: dates, stopped": f"{orders}{dates}&view=stopped",
        "search: order number": f"{orders}q={facts['number']}",
        "search: number in the ERP": f"{orders}q={facts['target']}",
        "search: our reference": f"{orders}q={facts['reference']}",
        "search: beginning": f"{orders}q={facts['number'][:3]}",
        "search: one digit": f"{orders}q=1",
        "search: buyer": f"{orders}q=anna",
        "search: part of a word": f"{orders}q=berg",
        "search: no hit": f"{orders}q=qqq",
        "search: among stopped": f"{orders}view=stopped&q={facts['number'][:2]}",
        "ctrl-k: order number": f"/admin/search/?s={facts['number']}",
        "ctrl-k: buyer": "/admin/search/?s=anna",
        "ctrl-k: no hit": "/admin/search/?s=qqq",
        "start page": "/admin/",
        "trouble by cause": "/admin/flows/transfer/causes/",
        "one order": f"/admin/flows/transfer/{facts['transfer']}/change/",
        "runs": runs,
        "runs: failed": f"{runs}state__exact=failed",
        "runs: dry": f"{runs}kind__exact=dry",
        "runs: a customer's": f"{runs}flow__connection__customer__id__exact={facts['customer']}",
        "runs: dates": f"{runs}started_at_from={facts['from']}&started_at_to={facts['to']}",
        "webhooks": "/admin/flows/delivery/?",
        "webhooks: refused": "/admin/flows/delivery/?state__exact=refused",
        "customers": "/admin/billing/customer/",
        "customers: search": "/admin/billing/customer/?q=kaffe",
        "largest customer": f"/admin/billing/customer/{facts['customer']}/change/",
        "endpoints": "/admin/flows/endpoint/",
        "endpoint": f"/admin/flows/endpoint/{facts['endpoint']}/change/",
        "connections": "/admin/flows/connection/",
        "connection": f"/admin/flows/connection/{facts['connection']}/change/",
        "connection: add": "/admin/flows/connection/add/",
        "flows": "/admin/flows/flow/",
        "flow": f"/admin/flows/flow/{facts['flow']}/change/",
        "export: the form": "/admin/flows/transfer/export/?view=stopped",
    }


def measure(kind: str, rows: int, only: str) -> list[tuple[str, float, int]]:
    """Prints a line per page of both databases of `kind`. Returns name, ratio and queries of each."""
    with contextlib.ExitStack() as stack:
        offices = [
            stack.enter_context(Helper("tests.benchmarks.office", environment=stack.enter_context(database(kind))))
            for _ in range(2)
        ]
        few, many = offices
        before, facts = few.ask("fill", rows=FEW), many.ask("fill", rows=rows)
        print(f"{kind}: {rows} orders were filled in in {facts['filled']:.0f} s", flush=True)
        print(f"{'page':<28}{'queries':>14}{'ms':>20}{'ratio':>8}")
        found = []
        there = pages(facts)
        for name, path in pages(before).items():
            if only not in name:
                continue
            pairs = [(few.ask("open", path=path), many.ask("open", path=there[name])) for _ in range(ROUNDS + 1)][1:]
            small, large = (statistics.median(pair[i]["ms"] for pair in pairs) for i in (0, 1))
            ratio = large / small
            queries = pairs[0][0]["queries"], pairs[0][1]["queries"]
            shown = f"{queries[0]} → {queries[1]}", f"{small:.0f} → {large:.0f}"
            print(f"{name:<28}{shown[0]:>14}{shown[1]:>20}{ratio:>8.2f}", flush=True)
            found.append((name, ratio, max(queries)))
        if only in "export":
            for export in ("csv", "xlsx"):
                done = many.ask("export", extension=export)
                speed = done["rows"] / done["seconds"]
                print(f"export of {done['rows']} orders as {export}: {speed:.0f} rows/s, {done['grown']:.0f} MB more memory")
        return found


def figures(rows: int, *, only: str = "", databases: Sequence[str] = (SQLITE, POSTGRESQL)) -> dict[str, float]:
    """The worst ratio of the pages that staff live in, and the most queries of one, at `rows` orders."""
    found: list[tuple[str, float, int]] = []
    for kind in databases:
        if kind == POSTGRESQL and not server():
            print("postgresql: skipped, no server found")
            continue
        found += [(f"{kind} {name}", ratio, queries) for name, ratio, queries in measure(kind, rows, only)]
    lived_in = [page for page in found if page[0].split(" ", 1)[1].startswith(LIVED_IN)]
    if not lived_in:
        return {}
    name, ratio, _queries = max(lived_in, key=lambda page: page[1])
    print(f"the worst ratio is that of: {name}")
    return {"admin_list_ratio": ratio, "admin_list_queries": max(queries for *_, queries in lived_in)}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--only", default="", help="pages whose names contain this")
    parser.add_argument("--databases", default=f"{SQLITE},{POSTGRESQL}")
    chosen = parser.parse_args(arguments)
    found = figures(chosen.rows, only=chosen.only, databases=chosen.databases.split(","))
    for name, value in found.items():
        print(f"figure {name} {value:g}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
