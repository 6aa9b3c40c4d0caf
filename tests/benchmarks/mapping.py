"""`python -m tests.benchmarks.mapping`: what it takes to try a changed field mapping on 500 past orders.

Ends with lines `figure NAME VALUE`: the time of the whole trial (both mappings, what differs, and what is kept of it) ÷ the
time that the transfer itself takes to prepare the same orders once, and the share of ten rules in that time.
"""

from __future__ import annotations

import signal
import sys
from statistics import median
from typing import Any

from tests.benchmarks.databases import SQLITE, database
from tests.benchmarks.simulators import simulators
from tests.benchmarks.wire import Helper

ORDERS, BUYERS, ROUNDS = 500, 200, 5
#: Ten rules of the usual kinds: texts, dates, look-ups, rows.
RULES = (
    ("heading", '"Order " + order.number + " " + order.payment_title | cut 100'),
    ("text_line1", 'order.note | trim | default "Tack för din order"'),
    ("text_line2", 'order.placed_at | date "YYYY-MM-DD HH:MI"'),
    ("delivery_date", "order.placed_at | days 3"),
    ("delivery_terms", 'order.delivery_method | table "Delivery" empty'),
    ("payment_terms", 'order.payment_method | equals "klarna" | yes_no "4" "4"'),
    ("recipient_name", "buyer.company | default buyer.name | title"),
    ("line_description", 'line.name + " (" + line.article_number + ")" | replace "()" "" | trim'),
    ("customer_phone", "buyer.phone | digits"),
    ("delivery_city", "delivery.city | upper"),
)


def figures(kind: str) -> dict[str, float]:
    """The ratios, each the median of rounds that take turns with what they are compared with."""
    with (
        database(kind) as environment,
        simulators(shops=1, erps=1) as ground,
        Helper("tests.benchmarks.product", environment=environment) as product,
    ):
        about: dict[str, Any] = ground.ask("about")
        [shop], [erp] = about["shops"], about["erps"]
        [flow] = product.ask("set_up", shop=shop, erp=erp, in_flight=4)["flows"]
        ground.ask("seed", shop=0, count=ORDERS, buyers=BUYERS)
        product.ask("carry_out", flow=flow)
        product.ask("map_fields", flow=flow, rules=RULES, tables={"Delivery": [["Postnord", "DAP"]]})
        rounds = [product.ask("try_mapping", flow=flow) for _ in range(ROUNDS)]
    for each in rounds:
        assert each["tried"] == ORDERS, each
        assert each["counts"].get("changed", 0) == ORDERS, each
    trial, own, rules = (median(each[name] for each in rounds) for name in ("trial", "own", "rules"))
    print(
        f"  {ORDERS} orders: the trial {trial:.2f} s, the transfer's own mapping {own:.2f} s; ten rules {1000 * rules:.0f} ms",
        flush=True,
    )
    return {
        "mapping_trial_ratio": round(median(each["trial"] / each["own"] for each in rounds), 3),
        "mapping_rules_share": round(median(each["rules"] / each["own"] for each in rounds), 4),
    }


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name, value in figures(SQLITE).items():
        print(f"figure {name} {value}")


if __name__ == "__main__":
    main()
