"""Channels: a shop that tags its orders is several shops, and no order stays unseen."""

from __future__ import annotations

import pytest

from connectors.base import Page, Unreadable
from connectors.errors import InvalidRecord
from flows.models import Connection, Flow, Transfer
from sharespine.lib.text import Text
from tests.flows.conftest import Rig
from tests.twins.shop.connector import System as Shop

pytestmark = pytest.mark.django_db


def channel(rig: Rig, name: str) -> Rig:
    flow = Flow.objects.create(
        connection=Connection.objects.get(pk=rig.flow.connection_id),
        shop=rig.flow.shop,
        channel=name,
        state=Flow.State.ACTIVE,
        trigger_statuses=["processing"],
    )
    return Rig(flow, rig.world)


def place(rig: Rig) -> None:
    for source_id, name in (("1001", ""), ("1002", "b2b"), ("1003", "norge")):
        rig.world.place(source_id, channel=name)


def test_each_flow_takes_its_channel_and_the_other_one_the_rest(rig: Rig) -> None:
    b2b = channel(rig, "b2b")
    place(rig)
    for each in (rig, b2b):
        each.run()
    assert rig.states() == {"1001": "sent", "1003": "sent"}
    assert b2b.states() == {"1002": "sent"}
    assert len(rig.world.documents) == 3


def test_what_no_flow_takes_is_shown_as_skipped_once(rig: Rig) -> None:
    Flow.objects.filter(pk=rig.flow.pk).update(channel="norge")
    rig.flow.refresh_from_db()
    b2b = channel(rig, "b2b")
    place(rig)
    for each in (rig, b2b):
        each.run()
    assert rig.states() == {"1001": "skipped", "1003": "sent"}
    assert b2b.states() == {"1002": "sent"}
    assert "channel" in str(Transfer.objects.get(source_id="1001").message)


def test_a_channel_that_gets_a_flow_of_its_own_later_sends_nothing_twice(rig: Rig) -> None:
    place(rig)
    rig.run()
    b2b = channel(rig, "b2b")
    rig.world.place("1004", channel="b2b")
    for each in (rig, b2b, rig, b2b):
        each.run()
    assert sorted(rig.world.references()) == sorted(f"{rig.flow.shop.code}-{n}" for n in (1001, 1002, 1003, 1004))


def test_the_flow_that_has_an_order_keeps_it_when_its_channel_gets_another_flow(rig: Rig) -> None:
    place(rig)
    rig.run()
    b2b = channel(rig, "b2b")
    rig.world.change("1002", cancelled=True, status="cancelled")
    for each in (rig, b2b):
        each.run()
    assert rig.transfer("1002").attention
    assert b2b.states() == {}


def test_an_order_that_cannot_be_read_is_shown_by_one_flow_only(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    b2b = channel(rig, "b2b")
    bad = Unreadable("1001", "1001", InvalidRecord(Text("Its rows are poems.")))
    monkeypatch.setattr(Shop, "read", lambda self, query: iter([Page(records=(), unreadable=(bad,))]))
    for each in (rig, b2b):
        each.run()
    assert (rig.states(), b2b.states()) == ({"1001": "stopped"}, {})
