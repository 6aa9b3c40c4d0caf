"""The yardstick itself: what the bare loop sends is what the engine sent, in an order that the ERP accepts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.benchmarks.databases import SQLITE
from tests.benchmarks.loop import by_order, numbered
from tests.benchmarks.throughput import compare


def call(method: str = "GET", path: str = "/customers", **given: Any) -> dict[str, Any]:
    usual = {"query": [], "headers": {}, "body": "", "status": 200, "made": None}
    return {"method": method, "path": path, **usual, **given}


def test_calls_of_one_buyer_follow_each_other_and_those_of_nobody_stand_alone() -> None:
    looked = call(query=[["filter", "email$like:Kund5@kund.example"]])
    made = call("POST", body='{"email": "kund5@kund.example"}')
    document = call("POST", "/orders/drafts", headers={"Idempotency-Key": "BCDFG-1042:0"})
    other = call("POST", "/orders/drafts", body='{"references": {"other": "BCDFG-1043"}}')
    both = call(query=[["filter", "email$in:[kund5@kund.example,kund6@kund.example]"]])
    about = call(path="/self")
    groups = by_order([about, looked, made, other, both, document], ["BCDFG"], {"1042": "5", "1043": "6"})
    assert groups == [[about], [looked, made, document], [other], [both]]


def test_customers_are_created_under_the_number_that_their_documents_name() -> None:
    created = call("POST", body='{"name": "Åsa"}', status=201, made=17)
    document = call("POST", "/orders/drafts", body='{"customer": {"customerNumber": 17}}')
    sent = numbered([created, document])
    assert json.loads(sent[0]["body"]) == {"name": "Åsa", "customerNumber": 17}
    assert sent[1] == document


@pytest.mark.deep
@pytest.mark.slow
def test_a_pair_of_passes_sends_every_order_and_is_answered_alike() -> None:
    [pair] = compare(SQLITE, 0, rounds=1, orders=12)
    assert pair.erp_calls >= 12
    assert min(pair.engine, pair.loop, pair.engine_cpu, pair.loop_cpu) > 0
