"""Refunds and cancellations after the transfer: credited, or a task for somebody."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.models import OrderMonth
from connectors.errors import InvalidRecord
from connectors.records import Order, OrderLine, Refund
from flows.crediting import credit_of, credit_of_all
from flows.models import Transfer
from sharespine.lib.money import ZERO
from tests.factories import orders
from tests.flows.conftest import Rig, make_rig
from tests.twins.world import order_of

CREDIT = {"refunds": "credit", "cancellations": "credit"}


def credited(rules: dict[str, str] | None = None) -> Rig:
    rig = make_rig(orders=2)
    rig.flow.rules = CREDIT if rules is None else rules
    rig.flow.save(update_fields=["rules"])
    rig.world.place("1001")
    rig.run()
    return rig


def refund(rig: Rig, *amounts: str, **changes: Any) -> None:
    refunds = tuple(Refund(source_id=str(70 + n), gross=Decimal(amount)) for n, amount in enumerate(amounts))
    rig.world.change("1001", refunds=refunds, **changes)


def totals(rig: Rig) -> list[Decimal]:
    return [document.total for document in rig.world.documents]


@pytest.mark.django_db
class TestTransfers:
    def test_a_refund_becomes_a_credit_note_once(self) -> None:
        rig = credited()
        refund(rig, "25.00")
        for _ in range(3):
            rig.run()
        assert totals(rig) == [Decimal("125.00"), Decimal("-25.00")]
        assert rig.world.references()[1] == f"{rig.flow.shop.code}-1001-r70"
        assert Transfer.objects.filter(attention=True).count() == 0

    def test_a_further_refund_becomes_a_further_credit_note(self) -> None:
        rig = credited()
        refund(rig, "25.00")
        rig.run()
        refund(rig, "25.00", "100.00")
        rig.run()
        assert totals(rig) == [Decimal("125.00"), Decimal("-25.00"), Decimal("-100.00")]

    def test_an_order_that_is_cancelled_is_credited_whole(self) -> None:
        rig = credited()
        rig.world.change("1001", cancelled=True, status="cancelled")
        for _ in range(2):
            rig.run()
        assert totals(rig) == [Decimal("125.00"), Decimal("-125.00")]

    def test_without_the_rule_it_is_a_task(self) -> None:
        rig = credited({})
        refund(rig, "25.00")
        rig.run()
        assert totals(rig) == [Decimal("125.00")]
        assert Transfer.objects.get().attention

    def test_what_cannot_be_credited_to_the_ore_is_a_task(self) -> None:
        rig = make_rig()
        rig.flow.rules = CREDIT
        rig.flow.save(update_fields=["rules"])
        order = order_of("1001")
        food = replace(order.lines[0], source_id="2", vat_rate=Decimal(12), net=Decimal(100), vat=Decimal(12))
        rig.world.place("1001", lines=(*order.lines, food), total="237.00")
        rig.world.change("1001", total=Decimal("237.00"), total_vat=Decimal("37.00"))
        rig.run()
        refund(rig, "25.00")
        rig.run()
        assert len(rig.world.documents) == 1
        assert Transfer.objects.get().attention

    def test_a_credit_note_takes_no_room(self) -> None:
        rig = credited()
        refund(rig, "25.00")
        rig.run()
        rig.world.place("1002")
        rig.run()
        assert len(rig.world.documents) == 3
        assert OrderMonth.objects.get().used == 2

    def test_a_refund_before_the_transfer_is_no_credit_note(self) -> None:
        rig = make_rig()
        rig.flow.rules = CREDIT
        rig.flow.save(update_fields=["rules"])
        rig.world.place("1001", refunds=(Refund(source_id="7", gross=Decimal("25.00")),))
        rig.run()
        assert totals(rig) == [Decimal("125.00")]

    def test_pressing_retry_on_a_credit_note_asks_the_shop_for_nothing_odd(self) -> None:
        rig = credited()
        refund(rig, "25.00")
        rig.world.on_prepare = lambda order: (_ for _ in ()).throw(InvalidRecord()) if order.credits else None
        rig.run()
        credit = Transfer.objects.get(kind="credit")
        assert credit.state == "stopped"
        rig.world.on_prepare = lambda _: None
        from flows import services

        services.retry(Transfer.objects.filter(pk=credit.pk), actor="anna")
        rig.run()
        assert totals(rig) == [Decimal("125.00"), Decimal("-25.00")]


def one_rate(order: Order) -> bool:
    return len({line.vat_rate for line in order.lines if line.gross}) == 1 and all(line.gross >= 0 for line in order.lines)


class TestAmounts:
    @settings(max_examples=30)
    @given(order=orders(largest=20), share=st.integers(1, 100))
    def test_an_amount_on_an_order_of_one_rate_comes_out_exactly(self, order: Order, share: int) -> None:
        amount = (order.lines_total * share / 100).quantize(Decimal("0.01"))
        if amount <= 0 or not one_rate(order) or next(line.vat_rate for line in order.lines if line.gross) is None:
            return
        credit = credit_of(order, Refund(source_id="7", gross=amount))
        assert (credit.total, credit.lines_total) == (-amount, -amount)
        assert credit.total_vat == sum((line.vat for line in credit.lines), ZERO)
        assert credit.credits == order.source_id
        assert credit.source_id != order.source_id

    @settings(max_examples=30)
    @given(order=orders(largest=20))
    def test_rows_that_were_given_back_come_out_exactly(self, order: Order) -> None:
        back: list[OrderLine] = [
            replace(each, quantity=-each.quantity, net=-each.net, vat=-each.vat, net_before_discount=-each.net_before_discount)
            for each in order.lines
        ]
        gross = sum((each.gross for each in order.lines), ZERO)
        if gross <= 0:
            return
        credit = credit_of(order, Refund(source_id="7", gross=gross, lines=tuple(back)))
        assert credit.total == -gross

    @settings(max_examples=30)
    @given(order=orders(largest=20))
    def test_the_whole_order_is_taken_back_exactly(self, order: Order) -> None:
        credit = credit_of_all(replace(order, refunds=()))
        assert (credit.total, credit.total_vat) == (-order.total, -order.total_vat)
        assert credit.lines_total == -order.lines_total

    def test_rows_that_do_not_add_up_are_not_credited(self) -> None:
        order = order_of("1001")
        wrong = Refund(
            source_id="7", gross=Decimal("30.00"), lines=(replace(order.lines[0], net=Decimal(-20), vat=Decimal(-5)),)
        )
        with pytest.raises(InvalidRecord):
            credit_of(order, wrong)
