"""Which worker commands live: their rows, and the page that shows them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.utils import timezone

from flows import workers
from flows.admin.workers import WorkerAdmin
from flows.models import Worker

pytestmark = pytest.mark.django_db


def states() -> dict[int, str]:
    page = WorkerAdmin(Worker, admin.site)
    return {row.pid: page.state_label(row)[0] for row in page.get_queryset(RequestFactory().get("/"))}


def test_a_worker_is_live_until_it_stops_and_gone_when_nothing_is_seen_of_it() -> None:
    presence = workers.Presence()
    presence.beat()
    row = Worker.objects.get()
    assert states() == {row.pid: "live"}
    Worker.objects.update(beat_at=timezone.now() - 2 * workers.GONE)
    assert states() == {row.pid: "gone"}
    assert (workers.live().count(), workers.gone().count()) == (0, 1)
    presence.restarts = 3
    presence.beat()
    assert Worker.objects.get().restarts == 3
    assert states() == {row.pid: "live"}
    presence.leave()
    assert states() == {row.pid: "ended"}
    assert (workers.live().count(), workers.gone().count()) == (0, 0)


def test_the_rows_of_workers_that_are_no_more_are_removed_after_a_day() -> None:
    now = timezone.now()
    for pid, hours in ((1, 23), (2, 25)):
        Worker.objects.create(machine="m", pid=pid, processes=2, started_at=now, beat_at=now - timedelta(hours=hours))
    presence = workers.Presence()
    presence.beat()
    assert sorted(Worker.objects.values_list("pid", flat=True)[1:]) == [1]


def test_a_worker_whose_row_was_removed_makes_another() -> None:
    presence = workers.Presence()
    presence.beat()
    Worker.objects.all().delete()
    presence.beat()
    assert workers.live().count() == 1
