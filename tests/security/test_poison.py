"""One order that is all wrong stops itself at most: it crashes nothing, and the order beside it arrives."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from connectors.sandbox import Request, Response
from flows.models import Event, Run, Transfer
from tests.acceptance.conftest import Rig, before_each_call, impatient, rig

__all__ = ["impatient", "rig"]

pytestmark = pytest.mark.django_db

Wire = dict[str, Any]
LONG = "å" * 50_000
#: As much as fits once into the largest answer that is read.
HUGE = "x" * 10_000_000


def _set(wire: Wire, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    node: Any = wire
    for name in parents:
        node = node[int(name)] if name.isdigit() else node[name]
    node[last] = value


#: What is wrong → field and value.
WRONG: dict[str, tuple[str, Any]] = {
    "a number of 300 characters": ("number", "9" * 300),
    "a number with a NUL": ("number", "10\0 42"),
    "a status of 300 characters": ("status", "x" * 300),
    "a status that is a list": ("status", ["processing"]),
    "a currency of 500 characters": ("currency", "SEK" * 170),
    "an amount beyond all measure": ("total", "1e400"),
    "an amount of sixteen digits": ("total", "9999999999999999.00"),
    "an amount of 5,000 digits": ("total", "9" * 5_000),
    "an amount that is none": ("total", "NaN"),
    "an amount in words": ("total", LONG),
    "a tiny amount": ("total_tax", "1e-999999"),
    "a quantity beyond all measure": ("line_items.0.quantity", 10**20),
    "a VAT beyond all measure": ("line_items.0.total_tax", "1e300"),
    "a date that is none": ("date_created_gmt", "2026-13-45T25:61:61"),
    "the last moment there is": ("date_created_gmt", "9999-12-31T23:59:59"),
    "the first moment there is": ("date_created_gmt", "0001-01-01T00:00:00"),
    "a date that is a number": ("date_paid_gmt", 20261121),
    "a name of 100 kB": ("billing.first_name", LONG),
    "a name with a NUL and half a character": ("billing.first_name", "A\0nna \ud83c!"),
    "a name that is an object": ("billing.first_name", {"a": 1}),
    "an e-mail address of 100 kB": ("billing.email", LONG + "@kund.example"),
    "an address that is a text": ("billing", "Storgatan 1"),
    "a country of 1,000 characters": ("billing.country", "SE" * 500),
    "a note of 10 MB": ("customer_note", HUGE),
    "an article number of 100 kB": ("line_items.0.sku", LONG),
    "an article name of 100 kB": ("line_items.0.name", LONG),
    "rows that are a number": ("line_items", 7),
    "a row that is nothing": ("line_items", [None]),
    "a coupon without a code": ("coupon_lines", [{}]),
    "a refund that is a text": ("refunds", ["x"]),
    "metadata that is a text": ("meta_data", "x"),
    "a payment method of 100 kB": ("payment_method_title", LONG),
    "a transaction id of 100 kB": ("transaction_id", LONG),
}  # fmt: skip


def poison(rig: Rig, monkeypatch: pytest.MonkeyPatch, change: Callable[[Wire], None]) -> None:
    """Have the shop tell of each order with `change` made to it."""
    handle = rig.shop.handle

    def look(request: Request) -> Response | None:
        if not request.path.endswith("/orders"):
            return None
        response = handle(request)
        rows = json.loads(response.content())
        for row in rows:
            if "total" in row:
                change(row)
        return Response(response.status, json.dumps(rows).encode(), response.headers)

    before_each_call(monkeypatch, rig.shop, look)


def test_orders_that_are_all_wrong_stop_themselves_at_most(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    good = [rig.place()]
    bad = {rig.place(): name for name in WRONG}
    good.append(rig.place())

    def change(wire: Wire) -> None:
        if name := bad.get(str(wire["id"])):
            _set(wire, *WRONG[name])

    poison(rig, monkeypatch, change)
    rig.settle()
    assert rig.run().state == Run.State.DONE
    assert set(good) <= set(rig.arrived())
    wrong = {}
    for transfer in Transfer.objects.filter(source_id__in=bad):
        texts = [str(transfer.message), *(str(event.text) for event in Event.objects.filter(transfer=transfer))]
        # It stopped for what it is, and not since we stumbled over it.
        calm = transfer.error_code in ("", "ContractChanged", "InvalidRecord", "SkippedByRule")
        if not calm or transfer.state not in ("sent", "stopped", "skipped") or max(map(len, texts)) > 2_000:
            wrong[bad[transfer.source_id]] = f"{transfer.state} {transfer.error_code} {texts[0][:300]}"
    assert wrong == {}
    assert Transfer.objects.filter(source_id__in=bad).count() == len(bad)


def test_an_order_of_50_000_rows_stops_itself_at_most(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    first, bad, last = rig.place(), rig.place(), rig.place()

    def grow(wire: Wire) -> None:
        if str(wire["id"]) == bad:
            row = {**wire["line_items"][0], "meta_data": [], "image": None, "taxes": []}
            wire["line_items"] = [row] * 50_000

    poison(rig, monkeypatch, grow)
    rig.run()
    assert {first, last} <= set(rig.arrived())
    assert rig.states()[bad] in ("sent", "stopped")


def test_orders_that_are_too_large_together_are_fetched_apart_and_one_that_is_too_large_alone_stops(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    placed = [rig.place() for _ in range(5)]
    # Together more than the limit, which is 200 kB here; one is more than that alone.
    sizes = {placed[1]: 90_000, placed[2]: 90_000, placed[3]: 260_000, placed[4]: 90_000}

    def grow(wire: Wire) -> None:
        if size := sizes.get(str(wire["id"])):
            wire["meta_data"] = [{"id": 1, "key": "_log", "value": "x" * size}]

    poison(rig, monkeypatch, grow)
    rig.settle()
    assert rig.arrived() == sorted(set(placed) - {placed[3]})
    rig.assert_stopped(placed[3], "InvalidRecord", f"Order {placed[3]} is larger", "by hand")
    assert rig.run().state == Run.State.DONE
