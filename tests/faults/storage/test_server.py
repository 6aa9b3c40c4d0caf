"""PostgreSQL is restarted, crashes or loses its sessions in the middle of a run. The ERP's own history is what counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conftest import Stage
from tests.faults.storage.conftest import goes_on, needs_server, wait_until, working
from tests.faults.storage.servers import Server

pytestmark = [pytest.mark.slow, pytest.mark.deep, needs_server]


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_worker_whose_database_is_restarted_goes_on_by_itself_and_doubles_nothing(
    private_stage: Stage, private: Server, private_database: dict[str, str], tmp_path: Path, mode: str
) -> None:
    stage = private_stage
    stage.erp.latency = 0.03
    orders = sorted(stage.shop.place_order() for _ in range(30))
    with working(private_database, tmp_path / "log") as worker:
        wait_until(lambda: len(stage.references()) >= 4, "work has begun")
        private.stop(mode)
        private.start()
        assert len(stage.references()) < len(orders)
        goes_on(stage, orders)
        worker.end()
    assert "Traceback" not in worker.said
    stage.until_settled()
    assert set(stage.last["states"].values()) == {"sent"}
    assert stage.references() == orders


def test_a_worker_that_loses_its_sessions_again_and_again_doubles_nothing(
    private_stage: Stage, private: Server, private_database: dict[str, str], tmp_path: Path
) -> None:
    stage = private_stage
    stage.erp.latency = 0.02
    orders = sorted(stage.shop.place_order() for _ in range(40))
    with working(private_database, tmp_path / "log") as worker:
        for seen in range(2, 40, 6):
            wait_until(lambda seen=seen: len(stage.references()) >= seen, f"{seen} orders arrived")  # type: ignore[misc]
            private.end_sessions()
        goes_on(stage, orders)
        worker.end()
    assert "Traceback" not in worker.said
    stage.until_settled()
    assert stage.references() == orders
