"""A database that was put back to an older state is noticed, by a file that was not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from flows import services, watermark
from flows.models import Event, Flow, Transfer
from tests.flows.conftest import Rig


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path / "var"
    return tmp_path / "var"


def lose(source_id: str) -> None:
    """What a backup from before the order does."""
    Transfer.objects.filter(source_id=source_id).delete()
    Flow.objects.update(cursor=None)


def test_an_order_that_the_database_forgot_is_found_in_the_erp_and_not_sent_twice(rig: Rig) -> None:
    rig.world.keeps_keys = False
    rig.world.place("1")
    rig.run()
    assert not watermark.notice()
    rig.world.place("2")
    rig.run()
    assert not watermark.notice()
    lose("2")
    assert watermark.notice()
    assert not watermark.notice()
    rig.run()
    assert rig.transfer("2").state == Transfer.State.SENT
    assert len(rig.world.references()) == 2


def test_without_the_notice_the_order_would_be_there_twice(rig: Rig) -> None:
    """What the file is for."""
    rig.world.keeps_keys = False
    rig.world.place("1")
    rig.run()
    lose("1")
    rig.run()
    assert len(rig.world.references()) == 2


def test_an_order_from_a_shop_whose_clock_is_ahead_is_looked_up_too(rig: Rig) -> None:
    rig.world.keeps_keys = False
    rig.world.clock = timezone.now() + timedelta(hours=3)
    rig.world.place("1")
    rig.run()
    lose("1")
    services.look_up_everything()
    rig.run()
    assert len(rig.world.references()) == 1


def test_a_database_that_goes_on_is_never_taken_for_an_older_one(rig: Rig, folder: Path) -> None:
    for number in range(3):
        rig.world.place(str(number))
        rig.run()
        assert not watermark.notice()
    assert int((folder / watermark.FILE).read_text()) > 0


def test_a_file_that_cannot_be_read_or_written_keeps_nobody_from_working(rig: Rig, folder: Path) -> None:
    rig.world.place("1")
    rig.run()
    folder.write_text("not a folder")
    assert not watermark.notice()
    folder.unlink()
    folder.mkdir()
    (folder / watermark.FILE).write_text("nonsense")
    assert not watermark.notice()
    assert (folder / watermark.FILE).read_text() == f"{Event.objects.latest('pk').pk}\n"
