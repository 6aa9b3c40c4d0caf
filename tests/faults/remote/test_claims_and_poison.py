"""Orders that several want at once, and orders that are too much for whoever takes them."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest

from connectors.sandbox import Request, Response
from tests.faults.conftest import Processes, Stage

pytestmark = [pytest.mark.thorough, pytest.mark.slow]

ROWS, WORKERS = 1000, 8
#: `make faults` asks for 1,000.
ORDERS = int(os.environ.get("FAULT_ORDERS", "60"))


@pytest.mark.deep
def test_eight_processes_that_claim_the_same_thousand_rows_get_each_of_them_once(stage: Stage, processes: Processes) -> None:
    given = {"flow": stage.flow, "rows": ROWS, "workers": WORKERS}
    answer: Any = processes.carry_out("tests.faults.remote.steps.claim_together", given)
    taken = Counter(row for rows in answer["taken"] for row in rows)
    assert len(taken) == ROWS
    assert set(taken.values()) == {1}
    # More than one of them had its share, else nothing was proved.
    assert sum(bool(rows) for rows in answer["taken"]) > 1
    assert answer["fences"] == [[1, 1]]
    # Freed once each, too, by eight that look for what vanished workers held.
    assert sum(sum(numbers) for numbers in answer["freed"]) == ROWS
    assert answer["crashes"] == [1]


def test_an_order_that_always_fails_and_one_that_kills_its_workers_stop_and_all_others_arrive(
    stage: Stage, processes: Processes
) -> None:
    orders = [stage.shop.place_order() for _ in range(ORDERS)]
    poison, killer = orders[ORDERS // 3], orders[ORDERS // 2]
    handle = stage.erp.handle

    def refuse(request: Request) -> Response:
        if request.method == "POST" and request.path == "/orders/drafts":
            reference = str(request.json()["references"]["other"])
            if reference.endswith(f"-{poison}"):
                return Response(200, "<!DOCTYPE html><h1>Something went wrong</h1>")
        return handle(request)  # type: ignore[no-any-return]

    stage.erp.handle = refuse
    deaths = 0
    answer: Any = None
    for _ in range(40):
        answer = processes.carry_out("tests.faults.remote.steps.work", {"flow": stage.flow, "killer": killer})
        deaths += answer is None
        if answer is not None and not answer["due"]:
            break
    assert answer is not None
    assert stage.references() == sorted(set(orders) - {poison, killer})
    assert {source_id: state for source_id, state in answer["states"].items() if state != "sent"} == {
        poison: "stopped",
        killer: "stopped",
    }
    assert answer["acts"] == {poison: "us", killer: "us"}
    # Counted before the work, so that whoever dies at it has been counted.
    assert (deaths, answer["crashes"][killer]) == (5, 5)
    assert answer["attempts"][killer] >= 5
    sent = [call.body["references"]["other"] for call in stage.erp.history.calls("POST", "^/orders/drafts$")]
    assert sum(reference.endswith(f"-{poison}") for reference in sent) == answer["attempts"][poison] == 5
    assert len(sent) == ORDERS - 2 + 5
