from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import simplejson
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connectors.base import Draft, Register, Writes
from connectors.errors import ConnectorError, RejectedError
from connectors.records import Order, to_json
from connectors.sandbox import Call, Fault
from connectors.targets import Kind
from tests.connectors.contract import samples
from tests.connectors.contract.stage import Stage
from tests.factories import orders


def writes(erp: Stage) -> Writes:
    return erp.cls.capabilities.writes[Register.ORDERS]


def wait_for_index(erp: Stage) -> None:
    erp.clock.tick(writes(erp).index_delay.total_seconds() + 1)


def assert_one_document(erp: Stage, record: Order, reference: str) -> None:
    (document,) = erp.erp.documents()
    assert document.reference == reference
    assert (document.total, document.total_vat, document.currency) == (record.total, record.total_vat, record.currency)


class TestPrepare:
    def test_it_reads_only(self, erp: Stage) -> None:
        erp.connector().prepare(samples.plain(), reference="SO-1042")
        assert erp.changes() == []
        assert erp.erp.documents() == []

    def test_the_draft_says_what_would_be_sent_and_what_it_will_come_to(self, erp: Stage) -> None:
        record = samples.plain()
        draft = erp.connector().prepare(record, reference="SO-1042")
        assert (draft.register, draft.reference) == (Register.ORDERS, "SO-1042")
        assert (draft.total, draft.total_vat, draft.currency) == (record.total, record.total_vat, record.currency)
        assert draft.steps
        assert all(step.purpose and step.method and step.path for step in draft.steps)
        assert json.dumps(to_json(draft))
        assert simplejson.dumps([dict(step.body) for step in draft.steps], use_decimal=True)

    def test_no_secret_is_in_the_draft(self, erp: Stage) -> None:
        shown = json.dumps(to_json(erp.connector().prepare(samples.plain(), reference="SO-1042")))
        assert [secret for secret in erp.secrets if secret in shown] == []

    def test_each_field_that_a_mapping_may_fill_is_filled_and_nothing_that_the_document_is_worth(self, erp: Stage) -> None:
        record = samples.plain()
        plain = erp.connector().prepare(record, reference="SO-1042")
        for target in writes(erp).target_fields:
            value = {Kind.TIME: "2031-02-03", Kind.NUMBER: "987654"}.get(target.kind, "Fylld av en regel")
            filled = ((target.key, value),)
            if target.per_line:
                order = replace(record, lines=tuple(replace(line, mapped=filled) for line in record.lines))
            else:
                order = replace(record, mapped=filled)
            draft = erp.connector().prepare(order, reference="SO-1042")
            assert value in json.dumps(to_json(draft), ensure_ascii=False), target.key
            assert (draft.reference, draft.total, draft.total_vat, draft.currency) == (
                *(plain.reference, plain.total),
                *(plain.total_vat, plain.currency),
            )

    def test_two_drafts_of_the_same_order_agree(self, erp: Stage) -> None:
        drafts: list[Draft] = [erp.connector().prepare(samples.plain(), reference="SO-1042") for _ in range(2)]
        assert to_json(drafts[0]) == to_json(drafts[1])


class TestWrite:
    def test_one_order_becomes_one_document_of_the_same_total(self, erp: Stage) -> None:
        record = samples.plain()
        written = samples.carry_out(erp.connector(), record, "SO-1042")
        assert_one_document(erp, record, "SO-1042")
        (seen,) = erp.erp.documents()
        assert (written.kind, written.target_id, written.reference) == (seen.kind, seen.target_id, seen.reference)
        assert (written.total, written.total_vat, written.currency) == (seen.total, seen.total_vat, seen.currency)
        assert written.kind in {choice.value for choice in writes(erp).document_kinds}

    def test_the_same_key_again_has_no_second_effect(self, erp: Stage) -> None:
        if not writes(erp).idempotency_window:
            pytest.skip("this system takes no key")
        record = samples.plain()
        connector = erp.connector()
        draft = connector.prepare(record, reference="SO-1042")
        first = connector.write(draft, key="key-1042")
        erp.clock.tick(writes(erp).idempotency_window.total_seconds() - 60)
        second = connector.write(draft, key="key-1042")
        assert second.target_id == first.target_id
        assert_one_document(erp, record, "SO-1042")

    def test_the_same_key_from_a_new_process_has_no_second_effect(self, erp: Stage) -> None:
        if not writes(erp).idempotency_window:
            pytest.skip("this system takes no key")
        record = samples.plain()
        first = samples.carry_out(erp.connector(), record, "SO-1042")
        second = samples.carry_out(erp.connector(), record, "SO-1042")
        assert second.target_id == first.target_id
        assert_one_document(erp, record, "SO-1042")

    def test_two_orders_become_two_documents(self, erp: Stage) -> None:
        connector = erp.connector()
        targets = {samples.carry_out(connector, samples.plain(number), f"SO-{number}").target_id for number in (1, 2)}
        assert len(targets) == len(erp.erp.documents()) == 2

    def test_two_orders_of_one_buyer_become_two_documents(self, erp: Stage) -> None:
        connector = erp.connector()
        for reference in ("SO-1", "SO-2"):
            samples.carry_out(connector, samples.plain(), reference)
        assert sorted(document.reference for document in erp.erp.documents()) == ["SO-1", "SO-2"]

    def test_threads_share_a_connector_and_every_order_arrives_once(self, erp: Stage) -> None:
        connector = erp.connector()
        with ThreadPoolExecutor(erp.cls.capabilities.max_in_flight) as pool:
            list(pool.map(lambda n: samples.carry_out(connector, samples.plain(n), f"SO-{n}"), range(1, 13)))
        assert sorted(document.reference for document in erp.erp.documents()) == sorted(f"SO-{n}" for n in range(1, 13))
        assert {document.total for document in erp.erp.documents()} == {samples.plain().total}

    def test_whatever_a_shop_sells_is_written_to_the_ore_or_not_at_all(self, erp: Stage) -> None:
        connector = erp.connector()
        written: dict[str, Order] = {}

        # Not made smaller: by then the ERP holds what the first attempt left there.
        @settings(suppress_health_check=list(HealthCheck), phases=[Phase.generate], database=None)
        @given(record=st.sampled_from(samples.all_kinds()) | orders(largest=60))
        def check(record: Order) -> None:
            reference = f"SO-{len(written)}-{record.source_id}"
            before = len(erp.changes())
            try:
                draft = connector.prepare(record, reference=reference)
            except RejectedError:
                assert len(erp.changes()) == before
                return
            assert draft.total == record.total
            connector.write(draft, key=reference)
            written[reference] = record

        check()
        documents = {document.reference: document for document in erp.erp.documents()}
        assert {reference: document.total for reference, document in documents.items()} == {
            reference: record.total for reference, record in written.items()
        }
        assert {reference: document.currency for reference, document in documents.items()} == {
            reference: record.currency for reference, record in written.items()
        }
        assert len(written) >= 5


class TestCredits:
    @pytest.fixture(autouse=True)
    def of_credits(self, erp: Stage) -> None:
        if not writes(erp).credits:
            pytest.skip("this system takes no credit notes")

    def test_an_order_below_zero_becomes_a_document_below_zero_to_the_ore(self, erp: Stage) -> None:
        record = samples.credited()
        draft = erp.connector().prepare(record, reference="SO-1042-1")
        assert (draft.total, draft.total_vat) == (record.total, record.total_vat)
        assert draft.total < 0
        written = erp.connector().write(draft, key="key-1042-1")
        assert (written.total, written.total_vat) == (record.total, record.total_vat)
        assert_one_document(erp, record, "SO-1042-1")

    def test_it_takes_back_as_many_as_came_back(self, erp: Stage) -> None:
        record = samples.credited()
        samples.carry_out(erp.connector(), record, "SO-1042-1")
        (document,) = erp.erp.documents()
        returned = [row for row in document.lines if row.article_number == "KAFFE-1"]
        assert (sum(row.quantity for row in returned), sum(row.net for row in returned)) == (-2, record.lines[0].net)

    def test_it_is_found_by_its_own_reference_beside_its_order(self, erp: Stage) -> None:
        connector = erp.connector()
        order = samples.carry_out(connector, samples.plain(), "SO-1042")
        credit = samples.carry_out(connector, samples.credited(), "SO-1042-1")
        wait_for_index(erp)
        found = erp.connector().find(Register.ORDERS, ["SO-1042", "SO-1042-1"])
        assert {reference: [(one.target_id, one.total) for one in documents] for reference, documents in found.items()} == {
            "SO-1042": [(order.target_id, order.total)],
            "SO-1042-1": [(credit.target_id, credit.total)],
        }

    def test_whichever_answer_is_lost_there_is_one(self, erp: Stage, impatient: None) -> None:
        record = samples.credited()
        for call in changing_calls(erp.key, record):
            with Stage(erp.key).up() as stage:
                stage.sandbox.faults.add(Fault("drop_after", method=call.method, path=f"^{re.escape(call.path)}$"))
                with pytest.raises(ConnectorError):
                    samples.carry_out(stage.connector(), record, "SO-1042-1")
                stage.clock.tick(timedelta(minutes=3).total_seconds())
                samples.carry_out(stage.connector(), record, "SO-1042-1")
                assert_one_document(stage, record, "SO-1042-1")


class TestFind:
    def test_a_document_is_found_by_its_reference_and_no_other_is(self, erp: Stage) -> None:
        connector = erp.connector()
        written = {number: samples.carry_out(connector, samples.plain(number), f"SO-{number}") for number in (1, 11, 111)}
        wait_for_index(erp)
        found = erp.connector().find(Register.ORDERS, ["SO-11", "SO-12", "SO-1"])
        assert {reference: [document.target_id for document in documents] for reference, documents in found.items()} == {
            "SO-1": [written[1].target_id],
            "SO-11": [written[11].target_id],
        }
        (document,) = found["SO-11"]
        assert (document.total, document.total_vat, document.currency, document.kind) == (
            written[11].total,
            written[11].total_vat,
            written[11].currency,
            written[11].kind,
        )

    def test_a_reference_that_differs_in_case_is_another_one(self, erp: Stage) -> None:
        samples.carry_out(erp.connector(), samples.plain(), "SO-a1")
        wait_for_index(erp)
        assert dict(erp.connector().find(Register.ORDERS, ["SO-A1", "so-a1"])) == {}

    def test_it_changes_nothing(self, erp: Stage) -> None:
        assert dict(erp.connector().find(Register.ORDERS, ["SO-1"])) == {}
        assert dict(erp.connector().find(Register.ORDERS, [])) == {}
        assert erp.changes() == []

    def test_many_references_are_looked_up_at_once(self, erp: Stage) -> None:
        connector = erp.connector()
        for number in range(3):
            samples.carry_out(connector, samples.plain(number + 1), f"SO-{number * 70}")
        wait_for_index(erp)
        found = connector.find(Register.ORDERS, [f"SO-{number}" for number in range(230)])
        assert found.keys() == {"SO-0", "SO-70", "SO-140"}

    @pytest.mark.parametrize("reference", ["SO 1,2", "SO-(1)", "SO$1*", "SO'1\"", "SO-åäö", "so[1]&x=%20#", "null", "SO\\1"])
    def test_a_reference_with_signs_in_it_is_found_too(self, erp: Stage, reference: str) -> None:
        connector = erp.connector()
        samples.carry_out(connector, samples.plain(1), reference)
        samples.carry_out(connector, samples.plain(2), "SO-2")
        wait_for_index(erp)
        assert connector.find(Register.ORDERS, [reference, "SO-3"]).keys() == {reference}


def changing_calls(key: str, record: Order) -> list[Call]:
    """The changing calls that writing `record` takes in a simulator of its own, in their order."""
    with Stage(key).up() as twin:
        samples.carry_out(twin.connector(), record, "SO-1042")
        return twin.changes()


class TestLostAnswers:
    def test_a_lost_answer_is_an_unknown_outcome_that_find_settles(self, erp: Stage, impatient: None) -> None:
        record = samples.plain()
        creates = changing_calls(erp.key, record)[-1]
        erp.sandbox.faults.add(Fault("drop_after", method=creates.method, path=f"^{re.escape(creates.path)}$"))
        with pytest.raises(ConnectorError) as caught:
            samples.carry_out(erp.connector(), record, "SO-1042")
        assert caught.value.outcome_unknown
        wait_for_index(erp)
        (found,) = erp.connector().find(Register.ORDERS, ["SO-1042"])["SO-1042"]
        assert found.total == record.total
        assert_one_document(erp, record, "SO-1042")

    def test_whichever_answer_is_lost_the_next_attempt_ends_with_one_document(self, erp: Stage, impatient: None) -> None:
        record = samples.plain()
        calls = changing_calls(erp.key, record)
        assert calls
        for call in calls:
            with Stage(erp.key).up() as stage:
                stage.sandbox.faults.add(Fault("drop_after", method=call.method, path=f"^{re.escape(call.path)}$"))
                with pytest.raises(ConnectorError):
                    samples.carry_out(stage.connector(), record, "SO-1042")
                stage.clock.tick(timedelta(minutes=3).total_seconds())
                samples.carry_out(stage.connector(), record, "SO-1042")
                assert_one_document(stage, record, "SO-1042")
