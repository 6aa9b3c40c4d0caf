"""Many workers and one cap: exactly as many orders are sent and counted as the package has, and none is lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.conftest import Processes

pytestmark = [pytest.mark.thorough, pytest.mark.slow]


@pytest.mark.parametrize(
    ("workers", "orders", "cap"),
    [(6, 300, 40), pytest.param(16, 10_000, 800, marks=pytest.mark.deep)],
    ids=["a few", "all"],
)
def test_many_workers_send_and_count_exactly_what_the_package_has_and_the_oldest_go_when_the_month_turns(
    processes: Processes, workers: int, orders: int, cap: int
) -> None:
    answer: Any = processes.carry_out("tests.faults.cap.send", {"workers": workers, "orders": orders, "cap": cap})
    november, december = answer["november"], answer["december"]
    assert november["states"] == {"sent": cap, "held": orders - cap}
    assert november["documents"] == november["references"] == cap
    assert november["used"] == [cap]
    assert november["counted"] == cap
    # Else nothing was proved.
    assert answer["failures"] > cap // 40

    assert december["states"] == {"sent": 2 * cap, "held": orders - 2 * cap}
    assert december["documents"] == december["references"] == 2 * cap
    assert december["used"] == [cap, cap]
    # All that went then is older than all that waits on.
    assert december["last_in_december"] < december["first_held"]
