"""A backup is put back: orders went to the ERP that the database knows nothing of. The ERP's own history is what counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conftest import Stage
from tests.faults.storage.backups import Backup, can_back_up
from tests.faults.storage.conftest import wait_until, working

pytestmark = [pytest.mark.thorough, pytest.mark.slow, pytest.mark.skipif(not can_back_up(), reason="no pg_dump")]


@pytest.fixture
def orders_of_the_hour(stage: Stage, database: dict[str, str], tmp_path: Path) -> list[str]:
    """Orders before the backup, orders after it, among them one in doubt; then the backup is put back, two hours later.

    By then the ERP has forgotten the keys that writes carry. Returns all orders.
    """
    orders = [stage.shop.place_order() for _ in range(6)]
    stage.until_settled()
    orders += [stage.shop.place_order() for _ in range(4)]
    stage.run(crash_at="claimed")
    backup = Backup(database, tmp_path)
    orders += [stage.shop.place_order() for _ in range(8)]
    stage.until_settled()
    stage.processes.carry_out("notice", None)
    orders += [stage.shop.place_order() for _ in range(3)]
    stage.run(crash_at="after_write:2")
    stage.wait_hours(2)
    backup.put_back()
    return sorted(orders)


def test_what_was_sent_after_the_backup_is_found_in_the_erp_and_not_sent_again(
    stage: Stage, orders_of_the_hour: list[str]
) -> None:
    answer = stage.processes.carry_out("command", "restored")
    assert answer is not None
    assert "looked up before anything is sent" in answer["said"]
    orders = sorted([*orders_of_the_hour, stage.shop.place_order()])
    stage.until_settled()
    assert stage.references() == orders
    assert set(stage.last["states"].values()) == {"sent"}
    stage.until_settled()
    assert stage.references() == orders


def test_a_worker_notices_by_itself_that_a_backup_was_put_back(
    stage: Stage, database: dict[str, str], orders_of_the_hour: list[str], tmp_path: Path
) -> None:
    """Nobody thought of the command."""
    orders = sorted([*orders_of_the_hour, stage.shop.place_order()])
    with working(database, tmp_path / "log") as worker:
        wait_until(lambda: stage.references() == orders, "what is new arrived")
        worker.end()
    assert "a backup was put back" in worker.said
    stage.until_settled()
    assert stage.references() == orders
