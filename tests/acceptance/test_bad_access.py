"""Systems that do not let us in, or that are not there: nothing is lost, and who acts is told what to do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from billing.refusals import Refused
from connectors.capabilities import Register
from connectors.sandbox import Fault, Request, Response, Sandbox
from flows import services
from flows.models import Connection, Endpoint, Run
from sharespine.lib.clock import utcnow
from tests.acceptance.conftest import ACTOR, Rig, before_each_call

pytestmark = pytest.mark.django_db

ROLES = ["shop", "erp"]
WRONG = {
    "shop": {"consumer_secret": "cs_9999999999999999999999999999999999999999"},
    "erp": {"agreement_grant_token": "revoked-grant"},
}


def simulator_of(rig: Rig, role: str) -> Sandbox:
    return rig.shop if role == "shop" else rig.erp


def start(rig: Rig, role: str) -> None:
    if role == "shop":
        services.resume_flow(rig.flow, actor=ACTOR)
    else:
        services.activate_connection(rig.connection, actor=ACTOR)


@pytest.mark.parametrize("role", ROLES)
def test_wrong_credentials_are_said_at_the_check_and_nothing_can_be_started_with_them(rig: Rig, role: str) -> None:
    services.pause_flow(rig.flow, actor=ACTOR)
    endpoint = rig.configure(rig.endpoint(simulator_of(rig, role)), **WRONG[role])
    assert endpoint.health == Endpoint.Health.DENIED
    assert ("keys" if role == "shop" else "tokens") in str(endpoint.trouble)
    assert next(iter(WRONG[role].values())) not in str(endpoint.trouble)
    rig.flow.refresh_from_db()
    with pytest.raises(Refused, match=endpoint.name):
        start(rig, role)


@pytest.mark.parametrize("role", ROLES)
def test_credentials_revoked_in_mid_run_pause_the_connection_and_stop_no_order(
    rig: Rig, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # From the shop more than a page, so that the keys are revoked between two of them.
    for number in range(12 if role == "erp" else 105):
        rig.place(at=utcnow() - timedelta(seconds=110 - number))
    is_revoked = True

    def revoke(request: Request) -> Response | None:
        if role == "erp" and is_revoked and len(rig.erp.documents()) >= 4:
            return Response(401, {"errorCode": "E02250", "message": "AppSecretToken does not correspond to the token"})
        # The check and the first page went well.
        if role == "shop" and is_revoked and len(rig.shop.history.calls(path="/orders$")) >= 2:
            return Response(401, {"code": "woocommerce_rest_cannot_view", "message": "Sorry", "data": {"status": 401}})
        return None

    simulator = simulator_of(rig, role)
    before_each_call(monkeypatch, simulator, revoke)
    rig.run()
    assert 0 < len(rig.states()) <= 100
    rig.place()
    connection = rig.connection
    assert connection.state == Connection.State.PAUSED
    endpoint = rig.endpoint(simulator)
    assert endpoint.health == Endpoint.Health.DENIED
    assert endpoint.name in str(connection.pause_reason)
    assert ("keys" if role == "shop" else "tokens") in str(connection.pause_reason)
    assert set(rig.states().values()) <= {"sent", "waiting", "retrying"}
    assert len(rig.arrived()) == len(set(rig.arrived())) < len(rig.placed)
    # The merchant makes new ones, and saves them.
    is_revoked = False
    assert rig.set_right(endpoint).health == Endpoint.Health.WORKING
    rig.resume()
    rig.settle()
    assert rig.everything_arrived_once()


@pytest.mark.parametrize("role", ROLES)
def test_credentials_with_spaces_and_line_ends_around_them_work(rig: Rig, role: str) -> None:
    simulator = simulator_of(rig, role)
    given = simulator.endpoint_options(rig.shop_address if role == "shop" else rig.erp_address)
    endpoint = rig.configure(rig.endpoint(simulator), **{key: f" \t{value} \r\n" for key, value in given.items()})
    assert endpoint.health == Endpoint.Health.WORKING
    rig.place()
    rig.settle()
    assert rig.everything_arrived_once()


class Website(Sandbox):
    """Something else than a shop or an ERP: a page for everything, with status 200 or 404."""

    key = "website"
    status = 200

    def handle(self, request: Request) -> Response:
        return Response(self.status, "<!DOCTYPE html><html><body>Välkommen till Ullbutiken</body></html>")

    def endpoint_options(self, address: str) -> dict[str, str]:
        return {"address": address}

    def flow_options(self, register: Register = Register.ORDERS) -> dict[str, Any]:
        return {}


@pytest.fixture
def website() -> Iterator[Website]:
    made = Website()
    with made.serve():
        yield made


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("a website", "%(address)s"),
        ("a website without the page", "%(address)s"),
        ("a closed port", "No connection to %(address)s"),
        ("an unknown host", "No connection to %(address)s"),
        ("no address", "“%(address)s"),
    ],
)
def test_a_wrong_address_is_named_and_once_it_is_right_everything_arrives(
    rig: Rig, website: Website, role: str, where: str, words: str, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    website.status = 404 if where == "a website without the page" else 200
    addresses = {
        "a website": website.address,
        "a website without the page": website.address,
        "a closed port": closed_port(),
        "an unknown host": "http://no-such-shop.invalid",
        "no address": "ftp://butiken",
    }
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
        if host == "no-such-shop.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    endpoint = rig.configure(rig.endpoint(simulator_of(rig, role)), address=addresses[where])
    assert endpoint.health == Endpoint.Health.DOWN
    assert words % {"address": addresses[where]} in str(endpoint.trouble)
    rig.place()
    run = rig.run()
    if role == "shop":
        assert run.state == Run.State.FAILED
        assert addresses[where] in str(run.error)
    assert rig.arrived() == []
    assert "stopped" not in rig.states().values()
    rig.set_right(endpoint)
    rig.let_time_pass()
    rig.settle()
    assert rig.everything_arrived_once()


@pytest.mark.parametrize("role", ROLES)
def test_a_redirect_is_not_followed_and_says_where_it_led(rig: Rig, role: str) -> None:
    elsewhere = {"Location": "https://www.elsewhere.example/login?key=1"}
    simulator = simulator_of(rig, role)
    simulator.faults.add(Fault("status", status=301, headers=elsewhere, times=None))
    endpoint = services.check_endpoint(rig.endpoint(simulator), actor=ACTOR)
    assert "https://www.elsewhere.example/login" in str(endpoint.trouble)
    assert "key=1" not in str(endpoint.trouble)
    rig.place()
    assert "https://www.elsewhere.example/login" in str(rig.run().error)
    assert "stopped" not in rig.states().values()
    simulator.faults.clear()
    rig.let_time_pass()
    rig.settle()
    assert rig.everything_arrived_once()
