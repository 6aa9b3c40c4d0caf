"""Order status: what an ERP tells of its documents, and how a shop's orders are moved on, once."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from connectors.base import Change, Connector, Put, Query, Register
from connectors.errors import ConnectorError, RejectedError
from connectors.progress import Milestone, OrderStatus, Parcel, Progress
from connectors.records import from_json, to_json
from connectors.sandbox import Fault
from tests.connectors.contract import samples
from tests.connectors.contract.stage import Stage


def told(stage: Stage, *references: str) -> dict[str, Progress]:
    connector = stage.connector(register=Register.STATUS)
    pages = list(connector.read(Query(register=Register.STATUS, keys=references)))
    assert [unreadable for page in pages for unreadable in page.unreadable] == []
    return {record.reference: record for page in pages for record in page.records}


class TestRead:
    def test_each_milestone_that_the_system_tells_is_told_once_it_is_passed(self, office: Stage) -> None:
        lacks = office.cls.capabilities.reads[Register.STATUS].lacks
        for n, milestone in enumerate(milestone for milestone in Milestone if milestone not in lacks):
            reference = f"SO-{n}"
            samples.carry_out(office.connector(), samples.plain(n + 1), reference)
            office.clock.tick(10)
            assert milestone not in getattr(told(office, reference).get(reference), "milestones", ())
            office.office.advance(reference, milestone)
            office.clock.tick(10)
            record = told(office, reference)[reference]
            assert milestone in record.milestones
            assert record.source_id
            assert from_json(Progress, json.loads(json.dumps(to_json(record)))) == record

    def test_only_what_was_asked_for_is_told(self, office: Stage) -> None:
        for n in (1, 2):
            samples.carry_out(office.connector(), samples.plain(n), f"SO-{n}")
        office.clock.tick(10)
        found = told(office, "SO-1", "SO-3")
        assert set(found) <= {"SO-1", "SO-3"}
        # One that is nowhere may have been deleted, where the system keeps no trace. More may not be said of it.
        assert "SO-3" not in found or found["SO-3"].milestones == (Milestone.CANCELLED,)

    def test_many_are_asked_for_with_few_calls(self, office: Stage) -> None:
        samples.carry_out(office.connector(), samples.plain(1), "SO-1")
        office.clock.tick(10)
        before = len(office.sandbox.history)
        told(office, *(f"SO-{n}" for n in range(200)))
        assert len(office.sandbox.history) - before <= 40

    def test_it_changes_nothing(self, office: Stage) -> None:
        samples.carry_out(office.connector(), samples.plain(1), "SO-1")
        before = office.changes()
        told(office, "SO-1")
        assert office.changes() == before


def moved(source_id: str, **fields: Any) -> Change:
    record = OrderStatus(source_id=source_id, status="completed", replaces=("processing", "on-hold"))
    return Change(key=source_id, record=replace(record, **fields), target_id=source_id)


def put(connector: Connector, *wanted: Change) -> dict[str, Put]:
    return {made.key: made for made in connector.put(Register.STATUS, wanted)}


def status_of(stage: Stage, source_id: str) -> str:
    return next(order.status for order in stage.shop.seen_orders() if order.source_id == source_id)


class TestPut:
    def test_an_order_is_moved_on_once_however_often_it_is_asked_for(self, counter: Stage) -> None:
        source_id = counter.shop.place_order()
        first = put(counter.connector(register=Register.STATUS), moved(source_id))[source_id]
        assert (first.error, first.written, status_of(counter, source_id)) == (None, True, "completed")
        second = put(counter.connector(register=Register.STATUS), moved(source_id))[source_id]
        assert (second.error, second.written) == (None, False)
        assert len(counter.shop.mails(source_id)) == 1

    def test_an_order_in_another_status_is_left_alone_and_said(self, counter: Stage) -> None:
        source_id = counter.shop.place_order(status="cancelled")
        made = put(counter.connector(register=Register.STATUS), moved(source_id))[source_id]
        assert (made.error, made.written, status_of(counter, source_id)) == (None, False, "cancelled")
        assert made.notices

    def test_a_status_that_the_shop_does_not_have_stops_alone(self, counter: Stage) -> None:
        first, second = counter.shop.place_order(), counter.shop.place_order()
        done = put(counter.connector(register=Register.STATUS), moved(first, status="shipped-to-the-moon"), moved(second))
        assert isinstance(done[first].error, RejectedError)
        assert (status_of(counter, first), status_of(counter, second)) == ("processing", "completed")

    def test_an_order_that_is_not_there_stops_alone(self, counter: Stage) -> None:
        source_id = counter.shop.place_order()
        done = put(counter.connector(register=Register.STATUS), moved("999999999"), moved(source_id))
        assert isinstance(done["999999999"].error, RejectedError)
        assert done[source_id].error is None

    def test_a_message_reaches_the_buyer_once_whichever_answer_is_lost(self, counter: Stage, impatient: None) -> None:
        wanted = {"message": "Ditt paket är på väg.", "parcels": (Parcel(carrier="PostNord", number="RR123456785SE"),)}
        calls = _changing_calls(counter.key, wanted)
        assert calls
        for n in range(calls):
            with Stage(counter.key).up() as stage:
                source_id = stage.shop.place_order()
                stage.sandbox.faults.add(Fault("drop_after", method="POST|PUT", skip=n))
                with pytest.raises(ConnectorError):
                    _raised(put(stage.connector(register=Register.STATUS), moved(source_id, **wanted)))
                assert put(stage.connector(register=Register.STATUS), moved(source_id, **wanted))[source_id].error is None
                assert status_of(stage, source_id) == "completed"
                assert sum("Ditt paket" in mail for mail in stage.shop.mails(source_id)) == 1
                assert sum("complete" in mail for mail in stage.shop.mails(source_id)) == 1

    def test_parcels_are_on_the_order(self, counter: Stage) -> None:
        if "tracking" in counter.cls.capabilities.writes[Register.STATUS].lacks:
            pytest.skip("this shop holds no parcels")
        source_id = counter.shop.place_order()
        parcel = Parcel(carrier="PostNord", number="RR123456785SE", url="https://tracking.example/RR123456785SE")
        put(counter.connector(register=Register.STATUS), moved(source_id, parcels=(parcel,)))
        assert "RR123456785SE" in counter.shop.told_of(source_id)


def _changing_calls(key: str, wanted: dict[str, Any]) -> int:
    """How many calls it takes that change something."""
    with Stage(key).up() as twin:
        source_id = twin.shop.place_order()
        put(twin.connector(register=Register.STATUS), moved(source_id, **wanted))
        return len(twin.changes())


def _raised(done: dict[str, Put]) -> None:
    for made in done.values():
        if made.error is not None:
            raise made.error
