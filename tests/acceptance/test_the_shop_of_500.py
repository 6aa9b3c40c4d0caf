"""The 500 orders that shops really have, from the shop through the real engine into the ERP, counted at both ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from connectors.economic.sandbox import Simulator as Erp
from connectors.woocommerce.sandbox import Simulator as Shop
from flows.models import Run, Transfer
from sharespine.lib.clock import utcnow
from sharespine.playground import stops
from sharespine.proof import Proof, prove
from tests.acceptance.conftest import Rig, rig_of

pytestmark = pytest.mark.django_db

NIGHT = datetime(2026, 10, 25, tzinfo=UTC)


def proof_of(rig: Rig) -> Proof:
    return prove(
        rig.shop.seen_orders(),
        rig.erp.documents(),
        prefix=rig.flow.shop.code,
        trigger_statuses=rig.flow.trigger_statuses,
        stops=stops(rig.flow),
    )


def expected(rig: Rig, word: str) -> set[str]:
    return {source_id for source_id, fate in rig.shop.expectations.items() if fate.startswith(word)}


def changes(erp: Erp) -> list[Any]:
    return [call for call in erp.history.calls() if call.method != "GET"]


def test_the_whole_shop_arrives_once_to_the_ore_and_nothing_is_written_again(db: None) -> None:
    """One long way, since it takes a while: all that can be counted after the first run, and then runs that change nothing."""
    with rig_of(Shop(seed=1), Erp(token_limit=10**9)) as rig:
        rig.settle()
        assert_every_order_arrived_once_to_the_ore_or_stopped_with_its_reason(rig)
        assert_every_order_has_the_fate_that_the_shop_foresees(rig)
        assert_the_night_the_clock_goes_back_is_there(rig)
        assert_nobody_has_two_cards_and_nothing_two_articles(rig)
        written = changes(rig.erp)
        assert rig.run().sent == 0
        assert rig.run(kind=Run.Kind.SWEEP).sent == 0
        assert changes(rig.erp) == written
        assert_a_database_that_was_lost_makes_no_order_twice(rig)
        assert changes(rig.erp) == written
        assert proof_of(rig).holds


def assert_every_order_arrived_once_to_the_ore_or_stopped_with_its_reason(rig: Rig) -> None:
    proof = proof_of(rig)
    assert proof.holds, proof
    assert proof.difference == Decimal("0.00")
    assert proof.in_erp == len(expected(rig, "arrives"))
    assert proof.stopped == len(expected(rig, "stops"))
    assert rig.erp.violations == []


def assert_every_order_has_the_fate_that_the_shop_foresees(rig: Rig) -> None:
    assert set(rig.arrived()) == expected(rig, "arrives")
    stopped = Transfer.objects.filter(flow=rig.flow, state=Transfer.State.STOPPED)
    assert {transfer.source_id for transfer in stopped} == expected(rig, "stops")
    assert {transfer.acts for transfer in stopped} == {"merchant"}
    words = {
        "article number": "article number",
        "no name": "no name",
        "currency": "The currency",
        "add up": "a difference of",
        "has no rate": "Press Recalculate",
    }
    messages = rig.messages()
    for source_id in expected(rig, "stops"):
        said, fate = messages[source_id], rig.shop.expectations[source_id]
        assert [told for reason, told in words.items() if reason in fate and told in said], (fate, said)
    left_out = {source_id for source_id, state in rig.states().items() if state == Transfer.State.SKIPPED}
    unseen = {order.source_id for order in rig.shop.seen_orders() if order.status in ("checkout-draft", "trash")}
    assert left_out | unseen == expected(rig, "excluded")


def assert_the_night_the_clock_goes_back_is_there(rig: Rig) -> None:
    ids = {
        str(order["id"])
        for order in rig.shop.orders.by_id.values()
        if NIGHT <= datetime.fromisoformat(order["date_created_gmt"]).replace(tzinfo=UTC) < NIGHT + timedelta(hours=3)
    }
    assert len(ids) == 180
    there = [source_id for source_id in rig.arrived() if source_id in ids]
    assert sorted(there) == sorted(ids)
    dates = {held.body["date"] for held in rig.erp.agreement.documents if held.reference.partition("-")[2] in ids}
    assert dates == {"2026-10-25"}


def assert_nobody_has_two_cards_and_nothing_two_articles(rig: Rig) -> None:
    cards = list(rig.erp.agreement.customers.values())
    for name in ("email", "corporateIdentificationNumber"):
        known = [card[name].casefold() for card in cards if card.get(name)]
        assert len(known) == len(set(known)) > 0, name
    made = [call.body["productNumber"].casefold() for call in rig.erp.history.calls("POST", "^/products$")]
    assert len(made) == len(set(made))


def assert_a_database_that_was_lost_makes_no_order_twice(rig: Rig) -> None:
    """A flow set up anew finds every order in the ERP before it sends anything."""
    with transaction.atomic():
        Transfer.objects.filter(flow=rig.flow).delete()
        rig.flow.cursor = rig.flow.swept_at = None
        rig.flow.look_up_before = utcnow()
        rig.flow.save()
        rig.settle()
        assert set(rig.arrived()) == {source_id for source_id, state in rig.states().items() if state == "sent"}
        transaction.set_rollback(True)


@pytest.mark.parametrize("options", [{"document_kind": "invoice"}, {"document_kind": "invoice", "discounts": "price"}])
def test_a_smaller_shop_arrives_as_invoices_just_as_well(db: None, options: dict[str, Any]) -> None:
    with rig_of(Shop(), Erp(token_limit=10**9), **options) as rig:
        rig.shop.random.seed(7)
        rig.shop.seed_orders(60)
        rig.settle()
        proof = proof_of(rig)
        assert proof.holds, proof
        assert (proof.in_erp, proof.stopped) == (len(expected(rig, "arrives")), len(expected(rig, "stops")))
        assert {document.kind for document in rig.erp.documents()} == {"invoice"}
        assert rig.erp.violations == []
