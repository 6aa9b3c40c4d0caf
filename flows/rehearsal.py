"""A dry run: what a flow would send now, without sending or saving any of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from connectors.base import Connector, Draft, Query, Register
from connectors.errors import ConnectorError
from connectors.records import Order, to_json
from flows import bugs, trial
from flows.ledger import runs
from flows.ledger.rows import Fenced, record_from
from flows.models import Flow, Run, Transfer
from flows.plugins.failures import Filtered
from flows.rules import skip_reason
from flows.shaping import Shaping
from sharespine.lib.text import N_, Text

#: How many orders a dry run looks at. Enough to judge the settings by; a person reads the report.
ENOUGH = 50
BUG = Text(N_("Something in Sharespine failed during this run. Our developers have been told."))


def rehearse(flow: Flow, run: Run) -> None:
    """Fill the report of `run` with what would become of the next records, and end the run.

    Raises `flows.ledger.rows.Fenced` when the run was taken over. Errors of the remote systems and bugs end up on the run.
    """
    report: list[dict[str, Any]] = []
    try:
        with (
            Shaping(flow) as shaping,
            flow.source.connect(flow.source_options) as source,
            flow.target.connect(flow.target_options) as target,
        ):
            for entry in _entries(flow, run, source, target, shaping):
                report.append(entry)
                run.report = report
                if len(report) >= ENOUGH:
                    break
                if len(report) % 5 == 0:
                    runs.beat(run)
    except ConnectorError as error:
        runs.finish(run, state=Run.State.FAILED, error=error)
    except Fenced:
        raise
    except Exception as error:  # noqa: BLE001 - a bug of ours, which is told
        evidence = bugs.told(error, f"dry run {run.pk} of flow {flow.pk}", flow.source, flow.target)
        runs.finish(run, state=Run.State.FAILED, error=BUG, evidence=evidence)
    else:
        runs.finish(run)


def _entries(flow: Flow, run: Run, source: Connector, target: Connector, shaping: Shaping) -> Iterator[dict[str, Any]]:
    if flow.register != Register.ORDERS:
        return trial.entries(flow, run, source, target, shaping, most=ENOUGH)
    return (_entry(flow, order, target, shaping) for order in _orders(flow, source))


def preview(transfer: Transfer) -> Draft:
    """What sending `transfer` now would send. Raises `ConnectorError`. Changes nothing anywhere."""
    flow = transfer.flow
    with Shaping(flow) as shaping, flow.connection.erp.connect(flow.target_options) as target:
        return _draft(record_from(transfer.payload), target, shaping, reference=transfer.reference)


def _draft(order: Order, target: Connector, shaping: Shaping, *, reference: str) -> Draft:
    """What would be sent. Raises `ConnectorError`."""
    shaped = shaping.of(order)
    draft = target.prepare(shaped, reference=reference)
    shaping.before_write(shaped, draft)
    return draft


def _orders(flow: Flow, source: Connector) -> list[Order]:
    """What waits in the ledger first; then what the shop has beyond the cursor."""
    waiting = Transfer.objects.filter(flow=flow, due_at__isnull=False).order_by("due_at")[:ENOUGH]
    orders = [record_from(transfer.payload) for transfer in waiting]
    seen = {order.source_id for order in orders}
    deadline = time.monotonic() + 30
    for page in source.read(Query(register=Register(flow.register), modified_since=flow.read_from())):
        orders += [record for record in page.records if record.source_id not in seen]
        if len(orders) >= ENOUGH or time.monotonic() > deadline:
            break
    return orders


def _entry(flow: Flow, order: Order, target: Connector, shaping: Shaping) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "number": order.number,
        "source_id": order.source_id,
        "total": str(order.total),
        "currency": order.currency,
        "steps": [],
        "notices": [],
        "text": Text("").to_json(),
    }
    reason = skip_reason(order, trigger_statuses=flow.trigger_statuses, start_from=flow.start_from)
    if reason is not None:
        return {**entry, "outcome": N_("would be skipped"), "text": reason.to_json()}
    try:
        draft = _draft(order, target, shaping, reference=f"{flow.shop.code}-{order.source_id}")
    except Filtered as left_out:
        return {**entry, "outcome": N_("would be skipped"), "text": left_out.text.to_json()}
    except ConnectorError as error:
        return {**entry, "outcome": N_("would stop"), "text": error.text.to_json()}
    notices = [notice.to_json() for notice in draft.notices]
    return {**entry, "outcome": N_("would be sent"), "steps": to_json(draft.steps), "notices": notices}
