"""`/healthz`: what it says of the installation, and that it always answers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoAssertNumQueries

from flows.models import Connection, Endpoint, Flow, Run, Transfer, Worker
from flows.workers import Presence
from tests.customers import subscribed

ROOT = Path(__file__).resolve().parents[2]
WELL = {"ok": True, "workers": 1, "oldest_due_seconds": 0, "queue_seconds": 0, "endpoints_down": 0, "wrong": []}
LONG_AGO = timedelta(minutes=11)

pytestmark = pytest.mark.django_db


@pytest.fixture
def flow() -> Flow:
    customer = subscribed("Ullbutiken AB")
    shop, erp = (
        Endpoint.objects.create(customer=customer, system=system, name=system, health=Endpoint.Health.WORKING)
        for system in ("woocommerce", "economic")
    )
    connection = Connection.objects.create(customer=customer, name="Ull", erp=erp, state=Connection.State.ACTIVE)
    flow = Flow.objects.create(connection=connection, shop=shop, state=Flow.State.ACTIVE, next_run_at=timezone.now())
    Transfer.objects.create(
        flow=flow, customer=customer, erp=erp, source_id="7", reference="U-7", due_at=timezone.now() - LONG_AGO
    )
    return flow


def asked() -> tuple[int, dict[str, Any]]:
    response = Client().get("/healthz")
    return response.status_code, response.json()


def wrong() -> list[str]:
    status, said = asked()
    assert status == (503 if said["wrong"] else 200)
    assert said["ok"] is (status == 200)
    names: list[str] = said["wrong"]
    return names


def test_an_installation_with_a_live_worker_and_no_work_is_well() -> None:
    Presence().beat()
    assert asked() == (200, WELL)


def test_without_a_live_worker_it_is_not() -> None:
    assert wrong() == ["workers"]
    presence = Presence()
    presence.beat()
    assert wrong() == []
    Worker.objects.update(beat_at=timezone.now() - timedelta(minutes=1))
    assert wrong() == ["workers"]
    presence.beat()
    presence.leave()
    assert wrong() == ["workers"]


def test_an_order_that_nobody_takes_is_told_by_its_age(flow: Flow) -> None:
    Presence().beat()
    status, said = asked()
    assert status == 503
    assert said["wrong"] == ["oldest_due_seconds"]
    assert 660 <= said["oldest_due_seconds"] < 700
    Transfer.objects.update(due_at=timezone.now())
    assert wrong() == []


def test_so_is_a_flow_that_nobody_runs(flow: Flow) -> None:
    Presence().beat()
    Transfer.objects.update(due_at=None)
    assert wrong() == []
    Flow.objects.update(next_run_at=timezone.now() - LONG_AGO)
    assert wrong() == ["oldest_due_seconds"]


@pytest.mark.parametrize("reason", ["a run is live", "flow paused", "connection paused", "ERP left alone", "order claimed"])
def test_work_that_is_being_done_or_must_wait_is_not_held_against_the_workers(flow: Flow, reason: str) -> None:
    Presence().beat()
    soon, now = timezone.now() + timedelta(minutes=1), timezone.now()
    match reason:
        case "a run is live":
            Run.objects.create(flow=flow, started_at=now, lease_until=soon)
        case "flow paused":
            Flow.objects.update(state=Flow.State.PAUSED)
        case "connection paused":
            Connection.objects.update(state=Connection.State.PAUSED)
        case "ERP left alone":
            Endpoint.objects.filter(pk=flow.connection.erp_id).update(open_until=soon)
        case "order claimed":
            Transfer.objects.update(lease_until=soon)
    assert wrong() == []


def test_a_run_whose_worker_vanished_hides_nothing(flow: Flow) -> None:
    Presence().beat()
    ago = timezone.now() - timedelta(minutes=1)
    Run.objects.create(flow=flow, started_at=ago, lease_until=ago)
    assert wrong() == ["oldest_due_seconds"]


def test_a_queue_from_which_nobody_takes_is_told_by_its_age() -> None:
    Presence().beat()
    OrmQ.objects.create(key="engine", payload="", lock=timezone.now() - LONG_AGO)
    assert wrong() == ["queue_seconds"]
    OrmQ.objects.update(lock=timezone.now() + timedelta(minutes=10))
    assert wrong() == []


def test_endpoints_in_trouble_are_counted_and_do_not_make_the_installation_ill(flow: Flow) -> None:
    Presence().beat()
    Transfer.objects.update(due_at=None)
    Endpoint.objects.update(health=Endpoint.Health.DOWN)
    assert asked() == (200, {**WELL, "endpoints_down": 2})


def test_it_costs_four_queries_and_no_session_and_is_not_kept_by_anybody(
    flow: Flow, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):
        response = Client().get("/healthz")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.cookies == {}


def test_whoever_asks_need_not_know_the_name_of_the_host_nor_speak_https(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    Presence().beat()
    for path in ("/healthz", "/healthz/web"):
        assert Client().get(path, headers={"host": "10.0.0.7:8000"}).status_code == 200


def test_a_load_balancer_is_told_of_the_web_server_alone() -> None:
    response = Client().get("/healthz/web")
    assert (response.status_code, response.json()) == (200, {"ok": True})
    assert Client().post("/healthz/web").status_code == 405


@pytest.mark.slow
@pytest.mark.parametrize("gone", ["refuses", "is silent"])
def test_a_database_that_is_gone_makes_it_503_within_seconds(gone: str) -> None:
    asking = "from django.test import Client; r = Client().get('/healthz'); print(r.status_code, r.content.decode())"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if gone == "refuses":
            server.close()
        environment = {
            **os.environ,
            "DATABASE_URL": f"postgres://nobody:x@127.0.0.1:{port}/nothing?connect_timeout=2",
            "SECRET_KEY": "only-for-tests",
            "SHARESPINE_KEYS": Fernet.generate_key().decode(),
        }
        command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", asking]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=True)
    status, said = done.stdout.split(maxsplit=1)
    assert (status, json.loads(said)) == ("503", {"ok": False, "database": "does not answer"})
