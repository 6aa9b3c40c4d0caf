"""Waking flows: each due one once, however many workers look."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django.fixtures import Settings

from flows import tasks
from flows.models import Connection, Flow, Transfer
from tests.flows.conftest import Rig

pytestmark = pytest.mark.django_db


def test_a_due_flow_is_woken_once(rig: Rig) -> None:
    assert tasks.tick() == 1
    assert tasks.tick() == 0
    assert OrmQ.objects.count() == 1


def test_a_flow_whose_task_was_lost_is_woken_again(rig: Rig) -> None:
    tasks.tick()
    OrmQ.objects.all().delete()
    Flow.objects.update(queued_at=timezone.now() - timedelta(minutes=5))
    assert tasks.tick() == 1


def test_a_flow_whose_task_died_with_its_worker_is_woken_again(rig: Rig, settings: Settings) -> None:
    """The moment it was woken is told by the database's clock, which on SQLite writes fewer digits than ours."""
    settings.LEASE_SECONDS = -1
    assert tasks.tick() == 1
    assert tasks.tick() == 1


def test_a_flow_that_is_not_due_or_not_live_is_left_alone(rig: Rig) -> None:
    Flow.objects.update(next_run_at=timezone.now() + timedelta(minutes=1))
    assert tasks.tick() == 0
    Flow.objects.update(next_run_at=None)
    Connection.objects.update(state=Connection.State.PAUSED)
    assert tasks.tick() == 0


def test_the_task_carries_out_a_run_and_the_flow_is_due_again_after_its_interval(rig: Rig) -> None:
    rig.world.place("1")
    tasks.tick()
    tasks.run_flow(rig.flow.pk)
    assert rig.transfer("1").state == Transfer.State.SENT
    flow = Flow.objects.get()
    assert flow.queued_at is None
    assert flow.next_run_at is not None
    assert timedelta(minutes=4) < flow.next_run_at - timezone.now() <= timedelta(minutes=5)


def test_a_flow_is_due_again_as_soon_as_one_of_its_retries_is(rig: Rig) -> None:
    from connectors.errors import ServerFailed
    from tests.flows.test_engine import raising

    rig.world.place("1")
    rig.world.on_prepare = raising(ServerFailed())
    tasks.run_flow(rig.flow.pk)
    flow = Flow.objects.get()
    assert flow.next_run_at == rig.transfer("1").due_at


def test_a_doubled_task_does_no_harm(rig: Rig) -> None:
    rig.world.place("1")
    tasks.run_flow(rig.flow.pk)
    tasks.run_flow(rig.flow.pk)
    assert len(rig.world.documents) == 1
