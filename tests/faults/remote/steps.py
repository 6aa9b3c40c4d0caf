"""What the tests of this folder do in processes of their own (`tests.faults.steps` finds it by its dotted name)."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connections
from django.utils import timezone

from connectors.base import Connector
from connectors.records import Order
from flows import dbclock, engine
from flows.ledger import claims, runs
from flows.models import Endpoint, Flow, Run, Transfer


def claim_together(given: dict[str, Any]) -> dict[str, object]:
    """So many `workers` claim the same `rows` new transfers of `flow` at the same time. Which of them each of them got."""
    flow = Flow.objects.select_related("connection", "shop").get(pk=given["flow"])
    Transfer.objects.bulk_create(
        Transfer(
            flow=flow,
            customer_id=flow.connection.customer_id,
            erp_id=flow.connection.erp_id,
            source_id=f"contended-{number}",
            reference=f"{flow.shop.code}-contended-{number}",
            party_key=f"contended-{number}",
            due_at=timezone.now(),
        )
        for number in range(given["rows"])
    )
    run = runs.begin(flow, kind=Run.Kind.POLL, owner="contended")
    assert run is not None
    open_rows = Transfer.objects.filter(flow=flow, source_id__startswith="contended-")

    def take() -> list[int]:
        got: list[int] = []
        while open_rows.filter(lease_until__isnull=True).exists():
            got += [transfer.pk for transfer in claims.claim(run, 50)]
        return got

    def free() -> list[int]:
        return [claims.reap(flow.connection.erp_id) for _ in range(5)]

    taken = _together(given["workers"], take)
    fences = sorted(set(open_rows.values_list("fence", "attempts")))
    open_rows.update(lease_until=dbclock.ahead(timedelta(hours=-1)))
    freed = _together(given["workers"], free)
    crashes = sorted(set(open_rows.values_list("crashes", flat=True)))
    open_rows.delete()
    runs.finish(run)
    return {"taken": taken, "fences": fences, "freed": freed, "crashes": crashes}


def _together(workers: int, work: Callable[[], list[int]]) -> list[list[int]]:
    """What `work` returned in each of so many processes at the same time."""
    connections.close_all()
    reads = []
    for _ in range(workers):
        read, write = os.pipe()
        if os.fork() == 0:
            with os.fdopen(write, "w") as answer:
                json.dump(work(), answer)
            os._exit(0)
        os.close(write)
        reads.append(read)
    answers = []
    for read in reads:
        with os.fdopen(read) as answer:
            answers.append(json.load(answer))
    for _ in reads:
        assert os.wait()[1] == 0
    return answers


def work(given: dict[str, Any]) -> dict[str, object]:
    """Let all waiting times pass, then one run of `flow`. Preparing the order `killer` kills the process."""
    flow = Flow.objects.select_related("connection__erp").get(pk=given["flow"])
    Transfer.objects.filter(flow=flow, due_at__isnull=False).update(due_at=timezone.now())
    Endpoint.objects.update(open_until=None)
    connector: type[Connector] = flow.connection.erp.connector_class
    prepare = connector.prepare

    def deadly(self: Connector, record: Order, *, reference: str) -> Any:
        if record.source_id == given["killer"]:
            os.kill(os.getpid(), signal.SIGKILL)
        return prepare(self, record, reference=reference)

    connector.prepare = deadly  # type: ignore[method-assign]
    engine.run(flow.pk)
    transfers = Transfer.objects.filter(flow=flow)
    return {
        "due": transfers.filter(due_at__isnull=False).count(),
        "states": dict(transfers.values_list("source_id", "state")),
        "attempts": dict(transfers.values_list("source_id", "attempts")),
        "crashes": dict(transfers.values_list("source_id", "crashes")),
        "acts": dict(transfers.filter(state="stopped").values_list("source_id", "acts")),
    }
