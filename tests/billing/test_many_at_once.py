"""Several processes at the same moment, on a database as it is in production: each of them counts right."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.conftest import Processes, database, processes

__all__ = ["database", "processes"]

pytestmark = [pytest.mark.thorough, pytest.mark.slow]
WORKERS = 6


def carry_out(processes: Processes, step: str, **given: int) -> Any:
    answer = processes.carry_out(f"tests.billing.steps.{step}", {"workers": WORKERS, **given})
    assert answer is not None
    return answer


def test_exactly_as_many_orders_count_as_there_is_room_for(processes: Processes) -> None:
    answer = carry_out(processes, "reserve_and_release", cap=60, orders=30, rounds=12)
    held, counted, most = zip(*answer["answers"], strict=True)
    assert answer["used"] == answer["uses"] == sum(held) == 60
    # What each believes to have is what it has, and at no moment did more count.
    assert held == counted
    assert max(most) <= 60
    assert sum(number > 0 for number in held) > 1


def test_an_order_counts_in_one_month_when_two_give_it_room_at_once(processes: Processes) -> None:
    answer = carry_out(processes, "reserve_as_the_month_turns", orders=200)
    assert answer["answers"] == [[200]] * WORKERS
    assert answer["used"] == answer["uses"] == 200
    assert all(used == uses for used, uses in answer["by_month"])


def test_a_balance_is_right_whoever_draws_at_the_same_time(processes: Processes) -> None:
    answer = carry_out(processes, "draw_hours", times=10, short=5)
    assert (answer["refused"], answer["balance"], answer["sum"]) == (5, 0, 0)
    # One entry for each act, though each was entered twice; and the start package.
    assert (answer["entries"], answer["chained"]) == (WORKERS * 10 - 5 + 1, True)


def test_a_month_is_closed_once(processes: Processes) -> None:
    answer = carry_out(processes, "close_months", customers=3)
    assert answer["done"] == answer["bases"] == 9
    assert answer["rows"] == [2, 2, 2, 1, 1, 1, 1, 1, 1]
    assert answer["net"] == "9255.00"  # 3 × (3 × 295 + 2200)


def test_a_package_is_sold_once_and_a_notice_sent_once(processes: Processes) -> None:
    answer = carry_out(processes, "start_and_notice")
    assert answer == {"sold": 1, "subscriptions": 1, "terms": 1, "balance": 240, "told": [1, 1], "notices": 1}


def test_an_invitation_makes_one_account_and_an_administrator_is_left(processes: Processes) -> None:
    answer = carry_out(processes, "let_in", rounds=6)
    assert answer == {"joined": 1, "accounts": 1, "left": [1] * 6}
