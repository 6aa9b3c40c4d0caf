"""Lists that change, repeat or never end while they are read: no order is lost, and no list is read for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connectors.sandbox import Request, Response
from connectors.woocommerce import paging
from flows.models import Run
from tests.acceptance.conftest import Rig
from tests.faults.remote.conftest import Worker, place

pytestmark = [pytest.mark.thorough, pytest.mark.django_db]

LIST = "/wp-json/wc/v3/orders"
#: Orders per page, so that few make many.
SIZE = 5
#: A list that is asked for more often than this in a test is read for ever.
ENOUGH = 200


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE_SIZE", SIZE)


def answer_lists_with(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, change: Callable[[int, Request, Callable[[Request], Response]], Response]
) -> None:
    """Have `change` answer every list of orders; it is given its number, from 1, and what answers properly."""
    handle, count = rig.shop.handle, [0]

    def look(request: Request) -> Response:
        if request.path != LIST:
            return handle(request)
        count[0] += 1
        if count[0] > ENOUGH:
            return Response(410)
        return change(count[0], request, handle)

    monkeypatch.setattr(rig.shop, "handle", look)


def same_second(rig: Rig, count: int) -> None:
    """So many orders in one second, as a bulk edit leaves them: there, only ids tell the pages apart."""
    moment = timezone.now() - timedelta(minutes=1)
    for _ in range(count):
        rig.place(at=moment)


@pytest.mark.parametrize("arrange", [place, same_second])
def test_a_list_that_ends_in_the_middle_of_a_page_loses_nothing(
    rig: Rig, worker: Worker, arrange: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first pages have fewer orders than were asked for, although the shop has more."""

    def cut(number: int, request: Request, handle: Any) -> Response:
        answer: Response = handle(request)
        return Response(answer.status, answer.body[: 1 + number % (SIZE - 1)] if number <= 9 else answer.body, answer.headers)

    arrange(rig, 17)
    answer_lists_with(rig, monkeypatch, cut)
    worker.live(timedelta(minutes=15))
    assert rig.everything_arrived_once()


@pytest.mark.parametrize("arrange", [place, same_second])
def test_orders_that_leave_and_move_between_two_pages_hide_none(
    rig: Rig, worker: Worker, arrange: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrange(rig, 23)
    binned = rig.placed[1:4]

    def shift(number: int, request: Request, handle: Any) -> Response:
        answer: Response = handle(request)
        if number in (2, 3, 4):
            # One is thrown away, which pulls all behind it forward; one changes, and moves to the end.
            rig.shop.change_order(binned[number - 2], status="trash")
            rig.shop.touch_order(rig.placed[8 + number])
        return answer

    answer_lists_with(rig, monkeypatch, shift)
    worker.live(timedelta(minutes=15))
    arrived = rig.arrived()
    assert len(arrived) == len(set(arrived))
    assert set(arrived) >= set(rig.placed) - set(binned)


@pytest.mark.parametrize("arrange", [place, same_second])
def test_a_page_that_comes_twice_is_taken_once(rig: Rig, worker: Worker, arrange: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arrange(rig, 17)
    kept: list[Response] = []

    def repeat(number: int, request: Request, handle: Any) -> Response:
        # A cache in front of the shop answers the third question with the answer to the second.
        if number == 3:
            return kept[-1]
        kept.append(handle(request))
        return kept[-1]

    answer_lists_with(rig, monkeypatch, repeat)
    worker.live(timedelta(minutes=15))
    assert rig.everything_arrived_once()


@pytest.mark.parametrize("period", [1, 2])
@pytest.mark.parametrize("arrange", [place, same_second])
def test_a_list_that_goes_round_in_a_circle_is_noticed_within_three_pages(
    rig: Rig, worker: Worker, arrange: Any, period: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrange(rig, 24)
    kept: list[Response] = []
    is_broken = True

    def circle(number: int, request: Request, handle: Any) -> Response:
        if not is_broken or len(kept) < period + 1:
            kept.append(handle(request))
            return kept[-1]
        return kept[-period:][(number - 1) % period]

    answer_lists_with(rig, monkeypatch, circle)
    run = rig.run()
    # The pages up to where the circle begins, the circle itself, and three more.
    assert len(rig.shop.history.calls("GET", f"{LIST}$")) <= period + 1 + period + 3
    assert (run.state, run.error_code) == (Run.State.FAILED, "ContractChanged")
    assert "WooCommerce" in str(run.error)
    is_broken = False
    worker.live(timedelta(minutes=15))
    assert rig.everything_arrived_once()


def test_a_search_of_the_erp_that_goes_round_in_a_circle_is_noticed_within_three_pages(
    rig: Rig, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = rig.erp.handle
    is_broken = True

    def circle(request: Request) -> Response:
        if request.path == "/customers" and request.method == "GET" and is_broken:
            row = {"customerNumber": 1, "name": "Någon", "email": "kund1@kund.example"}
            return Response(200, {"collection": [row], "pagination": {"nextPage": f"{rig.erp.address}/customers?skippages=1"}})
        return handle(request)

    rig.place()
    monkeypatch.setattr(rig.erp, "handle", circle)
    run = rig.run()
    # Searched twice: together with others, and when that told nothing, for this order alone.
    assert len(rig.erp.history.calls("GET", "^/customers$")) <= 2 * 3
    assert (run.state, run.error_code) == (Run.State.FAILED, "ContractChanged")
    is_broken = False
    worker.live(timedelta(minutes=15))
    assert rig.everything_arrived_once()
