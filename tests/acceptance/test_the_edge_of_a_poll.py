"""Orders that come while the shop is being read: none slips through between two polls, and none comes twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from connectors.economic.sandbox import Simulator as Erp
from connectors.sandbox import Request, Response
from connectors.woocommerce.sandbox import Simulator as Shop
from sharespine.lib.clock import utcnow
from tests.acceptance.conftest import Rig, before_each_call, rig_of

pytestmark = pytest.mark.django_db

LISTS = "/wp-json/wc/v3/orders"


class Clock:
    """The shop's, ten minutes behind at first: signed calls must not be further off."""

    def __init__(self) -> None:
        self.moment = utcnow().replace(microsecond=0) - timedelta(minutes=10)

    def __call__(self) -> datetime:
        return self.moment

    def tick(self) -> None:
        self.moment += timedelta(seconds=1)


def all_read(rig: Rig) -> set[str]:
    answers = [call.answer for call in rig.shop.history.calls("GET", f"{LISTS}$")]
    return {str(order["id"]) for answer in answers if isinstance(answer, list) for order in answer}


def test_orders_placed_in_each_second_while_the_shop_is_polled_arrive_once_each(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One order just before each list is made up, one just after, in the same second and in the next one."""
    clock = Clock()
    with rig_of(Shop(clock=clock), Erp(token_limit=10**9)) as rig:
        handle = rig.shop.handle

        def busy(request: Request) -> Response:
            if request.path != LISTS or len(rig.placed) >= 75:
                return handle(request)
            rig.place()
            answer = handle(request)
            rig.place()
            clock.tick()
            rig.place()
            return answer

        monkeypatch.setattr(rig.shop, "handle", busy)
        while len(rig.placed) < 75:
            rig.run()
        rig.settle()
        assert all_read(rig) >= set(rig.placed)
        assert rig.everything_arrived_once()


def test_an_order_that_is_saved_late_with_an_earlier_time_is_not_lost(rig: Rig) -> None:
    """A slow transaction in the shop: the order is stamped first and seen last."""
    rig.place()
    rig.settle()
    rig.age = timedelta(seconds=90)
    rig.place()
    rig.settle()
    assert rig.everything_arrived_once()


def test_an_order_that_changes_while_its_page_is_read_arrives_once_as_it_is_then(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for second in range(130):
        rig.place(at=utcnow() - timedelta(seconds=600 - second))
    touched: list[str] = []

    def touch(request: Request) -> None:
        if request.path == LISTS and len(touched) < 3:
            touched.append(rig.placed[len(touched)])
            rig.shop.touch_order(touched[-1])

    before_each_call(monkeypatch, rig.shop, touch)
    rig.settle()
    assert len(touched) >= 2
    assert rig.everything_arrived_once()
