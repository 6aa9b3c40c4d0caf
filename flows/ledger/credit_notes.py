"""Credit notes: what was given back in the shop, after the order was sent, becomes transfers of its own."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from connectors.base import Register
from connectors.errors import ConnectorError
from connectors.records import Order, document_hash, to_json
from flows import rulebook
from flows.crediting import credit_of, credit_of_all
from flows.ledger.inserting import insert
from flows.ledger.rows import Kind, State, event
from flows.models import Flow, Run, Transfer
from sharespine.lib.text import N_, Amount, Text


def take_back(transfer: Transfer, flow: Flow, order: Order, run: Run) -> bool:
    """Have what was given back of a sent order credited in the ERP: each refund is one credit note, however often it is seen.

    False when that is not the rule, or cannot be done: then somebody has to be told.
    """
    rules = rulebook.told(Register.ORDERS, flow.rules)
    if not flow.writes.credits or transfer.kind != Transfer.Kind.ORDER:
        return False
    wanted: list[Order] = []
    try:
        if order.refunds and rules["refunds"] == "credit":
            wanted = [credit_of(order, refund) for refund in order.refunds]
        elif order.cancelled and not order.refunds and rules["cancellations"] == "credit":
            wanted = [credit_of_all(order)]
    except ConnectorError:
        return False
    if not wanted:
        return False
    ids = [credit.source_id for credit in wanted]
    known = set(Transfer.objects.filter(flow=flow, source_id__in=ids).values_list("source_id", flat=True))
    new = [_transfer(transfer, flow, credit, run) for credit in wanted if credit.source_id not in known]
    insert(new)
    saved = {each.source_id: each for each in Transfer.objects.filter(flow=flow, source_id__in=[t.source_id for t in new])}
    for credit in wanted:
        if credit.source_id in saved:
            _say(transfer, saved[credit.source_id], credit, run)
    return True


def _transfer(original: Transfer, flow: Flow, credit: Order, run: Run) -> Transfer:
    payload: dict[str, Any] = to_json(credit)
    return Transfer(
        kind=Transfer.Kind.CREDIT,
        flow=flow,
        customer_id=original.customer_id,
        erp_id=original.erp_id,
        run=run,
        source_id=credit.source_id,
        number=credit.number,
        buyer=original.buyer,
        party_key=original.party_key,
        email_key=original.email_key,
        currency=credit.currency[:3],
        total=credit.total,
        placed_at=credit.placed_at,
        modified_at=credit.modified_at,
        payload=payload,
        content_hash=document_hash(payload),
        document_hash=document_hash(payload),
        reference=f"{flow.shop.code}-{credit.source_id}",
        state=State.WAITING,
        due_at=run.now(),
        created_at=timezone.now(),
    )


def _say(original: Transfer, made: Transfer, credit: Order, run: Run) -> None:
    text = Text(
        N_("%(amount)s was given back in the shop after the transfer. A credit note is made in the ERP."),
        {"amount": Amount(-credit.total, credit.currency)},
    )
    event(original, Kind.NOTICE, text, run=run).save()
    event(made, Kind.CAPTURED, text, run=run).save()
