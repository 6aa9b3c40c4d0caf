"""Nobody can have us call an inside network: not by an address, not by a name that leads there, not by a redirect."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django.fixtures import Settings

from connectors import addresses
from connectors.errors import AccessError, AddressRefused, ConnectorError, UnexpectedResponse, Unreachable
from connectors.http import Limits, Transport
from connectors.sandbox import Response
from flows.models import Connection, Endpoint, Run, Transfer
from tests.acceptance.conftest import Rig, rig
from tests.browser import seed
from tests.connectors.echo import Echo
from tests.flows.test_admin_actions import CONFIRM

__all__ = ["rig"]

LIMITS = Limits(connect=10, read=10, total=10, retries=0)
QUICK = Limits(connect=1, read=1, total=1, retries=0)


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in production: not even loopback is allowed."""
    monkeypatch.setattr(addresses, "_allowed", ())


@pytest.fixture
def echo() -> Iterator[Echo]:
    sandbox = Echo()
    with sandbox.serve():
        yield sandbox


def refused(address: str, limits: Limits = LIMITS, **options: Any) -> ConnectorError:
    transport = Transport(address, limits=limits)
    try:
        with pytest.raises(ConnectorError) as caught:
            transport.request("POST", "/", **options)
    finally:
        transport.close()
    return caught.value


Names = dict[str, list[list[str]]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """What names lead to, one list of addresses per look-up in turn (the last one for ever). Other names do not exist."""
    leads: Names = {}
    original = socket.getaddrinfo

    def resolver(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host not in leads:
            return original(host, port, *args, **{**kwargs, "flags": socket.AI_NUMERICHOST})
        if kwargs.get("flags", 0) & socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "a name")
        found = leads[host].pop(0) if len(leads[host]) > 1 else leads[host][0]
        families = [(socket.AF_INET6 if ":" in address else socket.AF_INET, address) for address in found]
        return [(family, socket.SOCK_STREAM, 6, "", (address, port or 0)) for family, address in families]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    return leads


INSIDE = [
    # This machine
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "::1", "::",  # noqa: S104 - called, not listened on
    # Private networks
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255", "fc00::1", "fd12:3456::1",
    "fec0::1",
    # Link-local, and what clouds keep secrets in
    "169.254.0.1", "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fe80::1",
    "fe80::1%1", "fd00:ec2::254",
    # Multicast and broadcast
    "224.0.0.1", "239.255.255.250", "255.255.255.255", "ff02::1", "ff05::1:3",
    # Reserved, for documentation, for measurements
    "192.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "240.0.0.1", "192.88.99.1", "2001:db8::1",
    "2001:2::1", "3fff::1", "100::1", "4000::1", "5f00::1",
    # IPv6 that hides IPv4: mapped, compatible, translated, NAT64, local NAT64, 6to4, Teredo
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::10.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254", "64:ff9b:1::10.0.0.1", "2002:a00:1::1", "2002:7f00:1::", "2001:0:a00:1::",
    # No address at all
    "", "shop.example.se", "10.0.0",
]  # fmt: skip
OUTSIDE = [
    "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.255.255", "172.32.0.1", "169.253.0.1", "192.167.1.1",
    "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:400f::1", "2001:200::1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1",
]  # fmt: skip


@pytest.mark.usefixtures("strict")
class TestJudging:
    @pytest.mark.parametrize("address", INSIDE)
    def test_inside(self, address: str) -> None:
        assert addresses.what_is_inside(address)

    @pytest.mark.parametrize("address", OUTSIDE)
    def test_outside(self, address: str) -> None:
        assert addresses.what_is_inside(address) == ""

    def test_what_is_allowed_is_allowed_in_every_spelling_and_nothing_else_is(self) -> None:
        addresses.allow(["10.1.2.0/24", " fd00:1::/64 "])
        for address in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd00:1::5"):
            assert addresses.what_is_inside(address) == "", address
        for address in ("10.1.3.3", "fd00:1:0:1::5", "127.0.0.1", "2002:a01:203::1"):
            assert addresses.what_is_inside(address), address

    def test_a_network_that_is_none_is_not_taken_for_one(self) -> None:
        for network in ("10.1.2.3/24", "10.0.0.0/33", "erp.example.se", ""):
            with pytest.raises(ValueError):
                addresses.allow([network])


# What may be typed as an address, all of it leading inside; the machine's own resolver reads the odd spellings.
TYPED = [
    "http://127.0.0.1", "https://127.0.0.1:8443", "http://127.1", "http://2130706433", "http://0x7f000001", "http://0x7f.1",
    "http://0177.0.0.1", "http://017700000001", "http://127.0.0.1.", "http://0", "http://[::1]", "http://[::]",
    "http://[::ffff:127.0.0.1]", "http://[::ffff:7f00:1]", "http://[0:0:0:0:0:ffff:a00:1]",
    "http://[64:ff9b::7f00:1]", "http://169.254.169.254", "http://169.254.169.254.", "http://0xa9fea9fe",
    "http://[fd00:ec2::254]", "http://10.0.0.1", "HTTP://10.0.0.1:80", "http://192.168.0.1/shop", "http://localhost",
    "http://LOCALHOST:80",
]  # fmt: skip
#: What is no address to begin with.
NONSENSE = [
    "http://[fe80::1%251]",
    "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO", "ftp://127.0.0.1", "dict://127.0.0.1:11211", "unix:///run/d.sock",
    "http+unix://%2Frun%2Fd.sock", "httpx://1.1.1.1", "//127.0.0.1", "javascript:alert(1)", "http://", "http:///etc/passwd",
    "http://[fe80::1%251]", "http://1.1.1.1@127.0.0.1", "http://user:word@127.0.0.1", "http://127.0.0.1\\@1.1.1.1",
]  # fmt: skip


@pytest.mark.usefixtures("strict")
class TestCalling:
    @pytest.mark.parametrize("address", TYPED)
    def test_an_inside_address_is_refused_in_whatever_way_it_is_written(self, address: str) -> None:
        error = refused(address)
        assert type(error) is AddressRefused
        assert not error.outcome_unknown

    @pytest.mark.parametrize("address", NONSENSE)
    def test_only_web_addresses_without_a_user_are_called(self, address: str) -> None:
        error = refused(address)
        assert isinstance(error, UnexpectedResponse | AddressRefused)
        assert "word" not in str(error)

    def test_nothing_reaches_a_server_on_this_machine(self, echo: Echo) -> None:
        assert type(refused(echo.address)) is AddressRefused
        assert type(refused(echo.address.replace("127.0.0.1", "[::ffff:127.0.0.1]"))) is AddressRefused
        assert len(echo.history) == 0

    def test_the_refusal_says_what_leads_where_and_what_to_do_and_is_not_retried(self, names: Names) -> None:
        names["shop.example.se"] = [["169.254.169.254"]]
        error = refused("https://shop.example.se/butik", params={"consumer_secret": "cs_hemlig"})
        assert isinstance(error, AccessError)
        for word in (
            "https://shop.example.se/butik",
            "169.254.169.254",
            "cloud provider",
            "on the endpoint",
            "ALLOWED_NETWORKS",
        ):
            assert word in str(error.text)
        assert "hemlig" not in str(error)

    @pytest.mark.parametrize(
        "found",
        [["10.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["10.0.0.1", "1.1.1.1"], ["2606:4700::1", "::1"], ["::ffff:192.168.0.1"]],
        ids=" ".join,
    )
    def test_a_name_of_which_one_address_is_inside_is_refused_as_a_whole(self, names: Names, found: list[str]) -> None:
        names["shop.example.se"] = [found]
        assert type(refused("https://shop.example.se")) is AddressRefused

    def test_a_name_that_does_not_exist_is_only_unreachable(self, names: Names) -> None:
        assert type(refused("https://gone.example.se")) is Unreachable


class TestRebinding:
    """A name server that tells us an address that may be called first, and an inside one a moment later."""

    def test_what_was_judged_is_what_is_called(self, echo: Echo, names: Names) -> None:
        names["shop.example.se"] = [["127.0.0.1"], ["10.0.0.1"]]
        transport = Transport(echo.address.replace("127.0.0.1", "shop.example.se"), limits=LIMITS)
        for _ in range(3):
            assert transport.request("GET", "/").status == 200
        transport.close()
        assert echo.headers[0]["Host"].startswith("shop.example.se:")
        # One look-up for three calls: what is open stays where it was judged to lead.
        assert names["shop.example.se"] == [["10.0.0.1"]]

    def test_a_new_connection_is_judged_anew(self, echo: Echo, names: Names) -> None:
        names["shop.example.se"] = [["127.0.0.1"], ["10.0.0.1"]]
        transport = Transport(echo.address.replace("127.0.0.1", "shop.example.se"), limits=LIMITS)
        echo.responses = [Response(200, {}, {"Connection": "close"})]
        assert transport.request("GET", "/").status == 200
        with pytest.raises(AddressRefused):
            transport.request("GET", "/")
        transport.close()
        assert len(echo.history) == 1

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize("target", ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "file:///etc/passwd"])
    def test_a_redirect_is_not_followed_inside_or_anywhere(self, echo: Echo, target: str, status: int) -> None:
        looked_up: list[str] = []
        echo.responses = [Response(status, None, {"Location": target})]
        original = socket.getaddrinfo

        def watched(host: Any, *args: Any, **kwargs: Any) -> Any:
            looked_up.append(host)
            return original(host, *args, **kwargs)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", watched)
            error = refused(echo.address)
        assert type(error) is UnexpectedResponse
        assert set(looked_up) == {"127.0.0.1"}
        assert len(echo.history) == 1


class TestLookingUp:
    def test_the_next_address_is_tried_when_one_does_not_answer(self, echo: Echo, names: Names) -> None:
        names["shop.example.se"] = [["::1", "127.0.0.1"]]
        transport = Transport(echo.address.replace("127.0.0.1", "shop.example.se"), limits=LIMITS)
        assert transport.request("GET", "/").status == 200
        transport.close()

    def test_a_name_server_that_does_not_answer_holds_no_call_beyond_its_time_and_one_thread_in_all(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        silent, asked = threading.Event(), []
        original = socket.getaddrinfo

        def resolver(host: Any, *args: Any, **kwargs: Any) -> Any:
            if host == "shop.example.se" and not kwargs.get("flags"):
                asked.append(host)
                silent.wait(30)
                raise socket.gaierror(socket.EAI_AGAIN, "no answer")
            return original(host, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", resolver)
        started = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            errors = list(pool.map(refused, ["https://shop.example.se"] * 8, [QUICK] * 8))
        assert {type(error) for error in errors} == {Unreachable}
        assert time.monotonic() - started < 10
        assert asked == ["shop.example.se"]
        silent.set()
        # Whoever asks for the same name before it has ended is given its answer.
        for thread in threading.enumerate():
            if thread.name == "look-up":
                thread.join()

    def test_a_name_is_looked_up_again_after_it_could_not_be(self, echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
        answers: list[Callable[[], Any]] = [_no_such_name, lambda: [(2, 1, 6, "", ("127.0.0.1", 0))]]
        original = socket.getaddrinfo

        def resolver(host: Any, *args: Any, **kwargs: Any) -> Any:
            if host != "shop.example.se" or kwargs.get("flags"):
                return original(host, *args, **{**kwargs, "flags": socket.AI_NUMERICHOST})
            return answers.pop(0)()

        monkeypatch.setattr(socket, "getaddrinfo", resolver)
        transport = Transport(echo.address.replace("127.0.0.1", "shop.example.se"), limits=LIMITS)
        with pytest.raises(Unreachable):
            transport.request("GET", "/")
        assert transport.request("GET", "/").status == 200
        transport.close()


def _no_such_name() -> Any:
    raise socket.gaierror(socket.EAI_NONAME, "no such name")


class TestInTheProduct:
    def test_a_test_in_the_back_office_says_why_an_address_is_not_called(
        self, strict: None, db: None, client: Client, names: Names
    ) -> None:
        names["shop.example.se"] = [["10.0.0.5"]]
        seeded = seed.seed(orders=1)
        client.force_login(seeded.user)
        shop = seeded.flows[0].shop
        shop.options |= {"address": "https://shop.example.se"}
        shop.save()
        page = f"/admin/flows/endpoint/{shop.pk}/"
        answer = client.post(f"{page}test/", CONFIRM, follow=True)
        html = answer.content.decode() + client.get(f"{page}change/").content.decode()
        assert "leder till 10.0.0.5" in html
        assert "ALLOWED_NETWORKS" in html
        shop.refresh_from_db()
        assert shop.health == Endpoint.Health.DENIED

    def test_a_shop_that_moves_inside_pauses_its_connection_and_keeps_its_orders(
        self, rig: Rig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rig.place()
        before = len(rig.shop.history)
        monkeypatch.setattr(addresses, "_allowed", ())
        run = rig.run()
        assert run.state == Run.State.FAILED
        assert rig.connection.state == Connection.State.PAUSED
        assert "127.0.0.1" in str(rig.connection.pause_reason)
        assert len(rig.shop.history) == before
        monkeypatch.undo()
        rig.resume()
        rig.settle()
        assert rig.everything_arrived_once()
        assert set(rig.states().values()) == {Transfer.State.SENT}

    @pytest.mark.usefixtures("strict")
    def test_the_settings_decide_what_is_allowed(self, settings: Settings) -> None:
        def allowed(*networks: str, sandbox: bool) -> tuple[str, ...]:
            settings.ALLOWED_NETWORKS, settings.SANDBOX = list(networks), sandbox
            apps.get_app_config("sharespine").ready()
            return addresses.allowed()

        assert allowed(sandbox=False) == ()
        assert allowed(sandbox=True) == ("127.0.0.0/8", "::1/128")
        assert allowed("10.1.2.0/24", " fd00:1::/64", sandbox=False) == ("10.1.2.0/24", "fd00:1::/64")
        with pytest.raises(ImproperlyConfigured, match="ALLOWED_NETWORKS must hold networks"):
            allowed("10.1.2.3/24", sandbox=False)
