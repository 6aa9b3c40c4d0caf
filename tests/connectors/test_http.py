from __future__ import annotations

import gzip
import logging
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from requests.auth import AuthBase, HTTPBasicAuth

from connectors import connections
from connectors.errors import (
    BadCredentials,
    Conflict,
    ConnectorError,
    Forbidden,
    InvalidRecord,
    Missing,
    RateLimited,
    ServerFailed,
    TimedOut,
    TooLarge,
    UnexpectedResponse,
    Unreachable,
    Untrusted,
)
from connectors.http import Answer, Limits, Transport
from connectors.sandbox import Fault, Response
from sharespine.lib.clock import utcnow
from tests.connectors.echo import Echo, saying

QUICK = Limits(connect=0.4, read=0.4, total=0.4, max_bytes=200_000, retries=0)

Opening = Callable[..., Transport]


@pytest.fixture
def echo() -> Iterator[Echo]:
    sandbox = Echo()
    with sandbox.serve():
        yield sandbox


@pytest.fixture
def opening(echo: Echo) -> Iterator[Opening]:
    """Opens transports to the echo, or to another address, and closes them afterwards."""
    made: list[Transport] = []

    def opened(base: str = "", **options: Any) -> Transport:
        transport = Transport(base or echo.address, **{"limits": QUICK, **options})
        made.append(transport)
        return transport

    yield opened
    for transport in made:
        transport.close()


def raised(call: Callable[[], object]) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        call()
    return caught.value


class TestSending:
    def test_path_query_and_amounts_arrive_as_they_were_given(self, opening: Opening) -> None:
        answer = opening().request("POST", "/a%2Fb", params={"q": "å&b"}, json={"total": Decimal("0.10")})
        assert answer.json() == {"method": "POST", "path": "/a%2Fb", "query": [["q", "å&b"]], "body": '{"total": 0.10}'}

    def test_numbers_come_back_exact(self, echo: Echo, opening: Opening) -> None:
        echo.responses = [Response(200, '{"total": 71.33928566666667, "n": 1}')]
        assert opening().request("GET", "/").json() == {"total": Decimal("71.33928566666667"), "n": 1}

    def test_headers_of_the_transport_and_of_the_call_are_sent(self, echo: Echo, opening: Opening) -> None:
        opening(headers={"X-A": "1"}).request("GET", "/", headers={"X-B": "2"})
        assert (echo.headers[0]["X-A"], echo.headers[0]["X-B"]) == ("1", "2")

    def test_calls_in_a_row_share_one_connection(self, opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
        opened: list[object] = []
        original = connections._Connection._new_conn

        def counted(connection: connections._Connection) -> socket.socket:
            opened.append(connection)
            return original(connection)

        monkeypatch.setattr(connections._Connection, "_new_conn", counted)
        transport = opening()
        for _ in range(5):
            transport.request("POST", "/", json={})
        assert len(opened) == 1

    def test_threads_share_a_transport_and_each_gets_its_own_answer(self, opening: Opening) -> None:
        transport = opening(limits=Limits())
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: transport.request("GET", f"/{n}").json()["path"], range(80)))
        assert answers == [f"/{n}" for n in range(80)]

    def test_a_proxy_named_in_the_environment_is_not_used(self, opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        assert opening().request("GET", "/").status == 200

    @pytest.mark.parametrize("base", ["", "shop.example.se", "ftp://127.0.0.1", "http://", "http://[", "https://å..se"])
    def test_an_address_that_is_none_is_explained(self, opening: Opening, base: str) -> None:
        transport = Transport(base, limits=QUICK)
        assert isinstance(raised(lambda: transport.request("POST", "/")), UnexpectedResponse)

    def test_credentials_that_cannot_be_sent_are_said_to_be_wrong(self, echo: Echo, opening: Opening) -> None:
        assert isinstance(raised(lambda: opening(headers={"X-Token": "a\nb"}).request("GET", "/")), BadCredentials)
        assert isinstance(raised(lambda: opening(headers={"X-Token": "nyckel–"}).request("GET", "/")), BadCredentials)
        assert isinstance(raised(lambda: opening(auth=HTTPBasicAuth("ck", "–")).request("GET", "/")), BadCredentials)
        assert len(echo.history) == 0


#: fault → the error, and whether a POST hit by it may have taken effect.
FAULTS: dict[str, tuple[Fault, type[ConnectorError], bool]] = {
    "drop_before": (Fault("drop_before"), ServerFailed, True),
    "drop_after": (Fault("drop_after"), ServerFailed, True),
    "truncate": (Fault("truncate"), ServerFailed, True),
    "delay": (Fault("delay", seconds=3), TimedOut, True),
    "delay_before": (Fault("delay_before", seconds=3), TimedOut, True),
    "slow": (Fault("slow", seconds=0.05), TimedOut, True),
    "huge": (Fault("huge"), TooLarge, True),
    "status_after": (Fault("status_after", status=502, body="<h1>Bad gateway"), ServerFailed, True),
    "500": (Fault("status", status=500), ServerFailed, True),
    "503": (Fault("status", status=503), ServerFailed, True),
    "408": (Fault("status", status=408), ServerFailed, True),
    "301": (Fault("status", status=301, headers={"Location": "https://b.se/x?key=1"}), UnexpectedResponse, True),
    "304": (Fault("status", status=304), UnexpectedResponse, True),
    "400": (Fault("status", status=400), InvalidRecord, False),
    "401": (Fault("status", status=401), BadCredentials, False),
    "403": (Fault("status", status=403), Forbidden, False),
    "404": (Fault("status", status=404), Missing, False),
    "404 page": (Fault("status", status=404, body="<html>Not here</html>"), UnexpectedResponse, False),
    "409": (Fault("status", status=409), Conflict, False),
    "410": (Fault("status", status=410), Missing, False),
    "413": (Fault("status", status=413), InvalidRecord, False),
    "418": (Fault("status", status=418), InvalidRecord, False),
    "422": (Fault("status", status=422), InvalidRecord, False),
    "429": (Fault("status", status=429), RateLimited, False),
}


class TestFailures:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize("name", FAULTS)
    def test_each_fault_is_its_own_error_and_says_whether_it_may_have_had_effect(
        self, echo: Echo, opening: Opening, name: str, method: str
    ) -> None:
        fault, expected, unknown = FAULTS[name]
        echo.faults.add(fault)
        started = time.monotonic()
        error = raised(lambda: opening().request(method, "/orders", json={"n": 1} if method == "POST" else None))
        assert type(error) is expected
        assert error.outcome_unknown is (unknown and method == "POST")
        assert error.evidence.method == method
        assert error.evidence.address == f"{echo.address}/orders"
        assert time.monotonic() - started < 2

    def test_a_html_page_is_no_answer(self, echo: Echo, opening: Opening) -> None:
        echo.faults.add(Fault("html", times=2))
        error = raised(lambda: opening().request("POST", "/").json())
        assert type(error) is UnexpectedResponse
        assert error.outcome_unknown
        assert "HTML" in str(error)
        assert not raised(lambda: opening().request("GET", "/").json()).outcome_unknown

    def test_nothing_listens(self, opening: Opening) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        error = raised(lambda: opening(f"http://127.0.0.1:{port}").request("POST", "/"))
        assert type(error) is Unreachable
        assert not error.outcome_unknown

    def test_a_server_without_tls_gets_nothing_of_a_https_call(self, echo: Echo, opening: Opening) -> None:
        error = raised(lambda: opening(echo.address.replace("http:", "https:")).request("POST", "/"))
        assert type(error) is Unreachable
        assert not error.outcome_unknown
        assert len(echo.history) == 0

    def test_a_tls_handshake_that_stalls_ends_at_the_deadline(self, opening: Opening) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            started = time.monotonic()
            error = raised(lambda: opening(f"https://127.0.0.1:{listener.getsockname()[1]}").request("POST", "/"))
        assert type(error) is Unreachable
        assert not error.outcome_unknown
        assert time.monotonic() - started < 2

    def test_a_status_that_the_caller_expects_is_an_answer(self, echo: Echo, opening: Opening) -> None:
        echo.responses = [Response(404, {"code": "gone"})]
        assert opening().request("GET", "/", ok=[404]).status == 404

    def test_a_redirect_is_not_followed_and_names_its_target_without_query(self, echo: Echo, opening: Opening) -> None:
        echo.responses = [Response(302, None, {"Location": f"{echo.address}/login?token=1"})]
        error = raised(lambda: opening().request("GET", "/"))
        assert f"{echo.address}/login" in str(error.text)
        assert "token" not in str(error)
        assert len(echo.history) == 1

    def test_nothing_but_a_connector_error_leaves_whatever_the_server_says(self) -> None:
        @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(content=st.one_of(st.binary(max_size=200), st.sampled_from(NONSENSE), st.binary(max_size=80).map(_with_head)))
        def check(content: bytes) -> None:
            with saying(content) as address:
                transport = Transport(address, limits=QUICK)
                try:
                    transport.request("POST", "/").json()
                except ConnectorError as error:
                    # Refused with 4xx is the only certain answer that such bytes could hold.
                    assert error.outcome_unknown or 400 <= error.evidence.status < 500  # noqa: PT017
                finally:
                    transport.close()

        check()


def _with_head(rest: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + rest


NONSENSE = [
    b"",
    b"220 smtp.example.se ESMTP\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Ty",
    b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=ebcdic-nordic\r\n\r\n{}",
    b"HTTP/1.1 999 ?\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n{}",
    b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n{}",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
]


class TestDeadline:
    def test_bytes_that_trickle_in_do_not_stretch_the_whole_call(self, echo: Echo, opening: Opening) -> None:
        echo.responses = [Response(200, [0] * 1000)]
        echo.faults.add(Fault("slow", seconds=0.01))
        started = time.monotonic()
        error = raised(lambda: opening().request("GET", "/"))
        assert type(error) is TimedOut
        assert time.monotonic() - started < 1

    def test_the_total_counts_the_retries_too(self, echo: Echo, opening: Opening) -> None:
        echo.faults.add(Fault("delay", seconds=3, times=None))
        started = time.monotonic()
        limits = Limits(read=0.2, total=0.7, retries=50)
        assert type(raised(lambda: opening(limits=limits).request("GET", "/"))) is TimedOut
        assert time.monotonic() - started < 1.5

    def test_a_connection_is_usable_again_after_a_deadline(self, echo: Echo, opening: Opening) -> None:
        echo.faults.add(Fault("delay", seconds=3))
        transport = opening()
        assert type(raised(lambda: transport.request("POST", "/"))) is TimedOut
        assert transport.request("GET", "/").status == 200

    def test_no_thread_and_no_file_stays_behind(self, opening: Opening) -> None:
        transport = opening()
        transport.request("GET", "/")
        before = (threading.active_count(), open_files())
        for _ in range(20):
            transport.request("GET", "/")
        patience = time.monotonic() + 2
        while (threading.active_count(), open_files()) > before and time.monotonic() < patience:
            # A watchdog that was called off takes a moment to wake and end.
            time.sleep(0.01)
        assert (threading.active_count(), open_files()) <= before


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class TestTls:
    """A server with a certificate of its own, which is not to be trusted unless a test says so."""

    def test_nothing_is_sent_to_a_server_without_a_valid_certificate(self, tls: str, opening: Opening) -> None:
        error = raised(lambda: opening(tls).request("POST", "/"))
        assert type(error) is Untrusted
        assert not error.outcome_unknown
        assert "certificate" in str(error.text)

    def test_a_deadline_holds_over_tls_too(
        self, tls: str, certificate: Path, opening: Opening, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connections, "tls", lambda: ssl.create_default_context(cafile=certificate))
        started = time.monotonic()
        error = raised(lambda: opening(tls).request("POST", "/"))
        assert type(error) is TimedOut
        assert error.outcome_unknown
        assert time.monotonic() - started < 2


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of 127.0.0.1, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1)
    builder = builder.not_valid_before(utcnow() - timedelta(days=1)).not_valid_after(utcnow() + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate: Path) -> Iterator[str]:
    """The address of a server that, once trusted, sends a byte of its head now and then."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection, context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(65536)
                for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 90:
                    secure.sendall(bytes([byte]))
                    time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


class TestRetries:
    def test_a_read_is_tried_again_and_a_write_never(self, echo: Echo, opening: Opening) -> None:
        transport = opening(limits=Limits(retries=2))
        echo.faults.add(Fault("drop_before", times=2))
        assert transport.request("GET", "/").status == 200
        assert len(echo.history) == 3
        echo.faults.add(Fault("drop_after"))
        assert raised(lambda: transport.request("POST", "/")).outcome_unknown
        assert echo.count == 1

    def test_a_read_that_fails_every_time_raises_the_last_error(self, echo: Echo, opening: Opening) -> None:
        echo.faults.add(Fault("status", status=503, times=None))
        assert type(raised(lambda: opening(limits=Limits(retries=1)).request("GET", "/"))) is ServerFailed
        assert len(echo.history) == 2

    def test_a_refusal_is_not_tried_again(self, echo: Echo, opening: Opening) -> None:
        echo.faults.add(Fault("status", status=404))
        raised(lambda: opening(limits=Limits()).request("GET", "/"))
        assert len(echo.history) == 1

    def test_each_attempt_is_signed_anew(self, echo: Echo, opening: Opening) -> None:
        class Signature(AuthBase):
            number = 0

            def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
                self.number += 1
                request.headers["X-Nonce"] = str(self.number)
                return request

        echo.responses = [Response(500), Response(200, {})]
        opening(auth=Signature(), limits=Limits(retries=1)).request("GET", "/")
        assert [headers["X-Nonce"] for headers in echo.headers] == ["1", "2"]

    def test_a_short_wait_that_the_system_asks_for_is_waited(self, echo: Echo, opening: Opening) -> None:
        echo.faults.add(Fault("status", status=429, headers={"Retry-After": "0.3"}))
        started = time.monotonic()
        assert opening(limits=Limits(retries=1)).request("GET", "/").status == 200
        assert time.monotonic() - started >= 0.3

    def test_a_long_wait_is_left_to_the_caller(self, echo: Echo, opening: Opening) -> None:
        echo.faults.add(Fault("status", status=429, headers={"Retry-After": "30"}))
        error = raised(lambda: opening(limits=Limits()).request("GET", "/"))
        assert error.retry_after == 30
        assert len(echo.history) == 1

    def test_retry_after_may_be_a_date(self, echo: Echo, opening: Opening) -> None:
        date = format_datetime(utcnow() + timedelta(seconds=90), usegmt=True)
        echo.faults.add(Fault("status", status=503, headers={"Retry-After": date}))
        after = raised(lambda: opening().request("POST", "/")).retry_after
        assert after is not None
        assert 80 < after <= 90

    @pytest.mark.parametrize(
        ("given", "expected"),
        [("99999", 3600.0), ("soon", None), ("", None), ("-5", None), ("Sat, 21 Nov 1998 10:00:00 GMT", 0.0)],
    )
    def test_retry_after_is_never_absurd(self, echo: Echo, opening: Opening, given: str, expected: float | None) -> None:
        echo.faults.add(Fault("status", status=429, headers={"Retry-After": given}))
        assert raised(lambda: opening().request("POST", "/")).retry_after == expected


class TestPace:
    def test_further_calls_wait_as_long_as_the_system_wants(self, opening: Opening) -> None:
        waits = iter([0.3, 0.0])
        transport = opening(pace=lambda answer: next(waits))
        started = time.monotonic()
        transport.request("POST", "/")
        assert time.monotonic() - started < 0.25
        transport.request("POST", "/")
        assert time.monotonic() - started >= 0.3

    def test_a_wait_longer_than_the_call_may_take_is_raised_and_nothing_is_sent(self, echo: Echo, opening: Opening) -> None:
        transport = opening(pace=lambda answer: 60.0)
        transport.request("GET", "/")
        error = raised(lambda: transport.request("POST", "/"))
        assert type(error) is RateLimited
        assert error.retry_after is not None
        assert 50 < error.retry_after <= 60
        assert len(echo.history) == 1


class TestExplaining:
    def test_the_systems_own_words_come_first(self, echo: Echo, opening: Opening) -> None:
        def explain(answer: Answer) -> ConnectorError | None:
            return Conflict(answer.json()["message"])

        echo.responses = [Response(400, {"message": "Number 7 is taken."})]
        error = raised(lambda: opening(explain=explain).request("POST", "/"))
        assert type(error) is Conflict
        assert str(error.text) == "Number 7 is taken."
        assert error.evidence.status == 400

    def test_without_words_of_its_own_the_status_decides(self, echo: Echo, opening: Opening) -> None:
        echo.responses = [Response(403, {})]
        assert type(raised(lambda: opening(explain=lambda answer: None).request("POST", "/"))) is Forbidden

    def test_a_page_of_a_proxy_is_judged_by_its_status(self, echo: Echo, opening: Opening) -> None:
        def explain(answer: Answer) -> ConnectorError | None:
            return Conflict(answer.json()["message"])

        echo.responses = [Response(403, "<html>Blocked</html>")]
        assert type(raised(lambda: opening(explain=explain).request("POST", "/"))) is Forbidden

    def test_a_server_error_in_the_systems_words_still_has_an_unknown_outcome(self, echo: Echo, opening: Opening) -> None:
        echo.responses = [Response(500, {}), Response(500, {})]
        assert raised(lambda: opening(explain=lambda answer: ServerFailed("Down.")).request("POST", "/")).outcome_unknown
        assert not raised(lambda: opening(explain=lambda answer: InvalidRecord("Bad.")).request("POST", "/")).outcome_unknown


JSON = {"Content-Type": "application/json"}


class TestReading:
    @pytest.mark.parametrize(
        ("body", "headers", "expected"),
        [
            (b'\xef\xbb\xbf{"a": "\xc3\xa5"}', JSON, {"a": "å"}),
            (b'{"a": "\xe5"}', {"Content-Type": "application/json; charset=ISO-8859-1"}, {"a": "å"}),
            (b'{"a": 1.10}', {"Content-Type": "text/html"}, {"a": Decimal("1.10")}),
            (gzip.compress(b'{"a": 1}'), {**JSON, "Content-Encoding": "gzip"}, {"a": 1}),
        ],
        ids=["byte order mark", "latin-1", "wrong type", "gzip"],
    )
    def test_what_can_be_read_is_read(
        self, echo: Echo, opening: Opening, body: bytes, headers: dict[str, str], expected: object
    ) -> None:
        echo.responses = [Response(200, body, headers)]
        assert opening().request("GET", "/").json() == expected

    @pytest.mark.parametrize(
        ("body", "headers"),
        [
            (b"", JSON),
            (b"<!DOCTYPE html>", JSON),
            (b'{"a": 1', JSON),
            (b'{"a": 1, "a": 2}', JSON),
            (b'{"a": NaN}', JSON),
            (b'{"a": -Infinity}', JSON),
            (b'{"a": "\xe5"}', JSON),
            (b"{}", {"Content-Type": "application/json; charset=klingon"}),
            (b"[" * 100_000, JSON),
            (b"Notice: undefined index\n{}", JSON),
            (gzip.compress(b'{"a": 1, "b": "' + bytes(500) + b'"}')[:-20], {**JSON, "Content-Encoding": "gzip"}),
            (b"{}", {**JSON, "Content-Encoding": "gzip"}),
        ],
        ids=[
            "empty", "HTML", "cut", "key twice", "NaN", "Infinity", "not UTF-8", "unknown charset", "deep", "PHP notice",
            "cut gzip", "not gzip",
        ],
    )  # fmt: skip
    def test_what_cannot_be_read_is_said_to_be_so(
        self, echo: Echo, opening: Opening, body: bytes, headers: dict[str, str]
    ) -> None:
        echo.responses = [Response(200, body, headers)]
        error = raised(lambda: opening().request("POST", "/").json())
        assert type(error) is UnexpectedResponse
        assert error.outcome_unknown

    def test_a_small_answer_that_unpacks_to_a_huge_one_is_not_read(self, echo: Echo, opening: Opening) -> None:
        echo.responses = [Response(200, gzip.compress(bytes(50_000_000)), {**JSON, "Content-Encoding": "gzip"})]
        error = raised(lambda: opening(limits=Limits(max_bytes=200_000)).request("GET", "/"))
        assert type(error) is TooLarge
        assert "200000" in str(error.text)


class TestSecrets:
    SECRETS = ("cs_hemlig/+å", "ck_nyckel")

    @pytest.mark.parametrize("fault", ["drop_after", "status", "html", "delay", "truncate"])
    def test_no_secret_is_shown_whatever_fails(
        self, echo: Echo, opening: Opening, caplog: pytest.LogCaptureFixture, fault: str
    ) -> None:
        caplog.set_level(logging.DEBUG)
        secret = self.SECRETS[0]
        echo.faults.add(Fault(fault, seconds=1, status=401, body={"key": secret, "echo": f"https://x/?s={secret}"}))
        transport = opening(secrets=self.SECRETS)
        error = raised(lambda: transport.request("POST", "/", params={"consumer_secret": secret}).json())
        trace = "".join(traceback.format_exception(error))
        for text in (str(error), repr(error), str(error.evidence), trace, repr(transport), caplog.text):
            assert "hemlig" not in text

    def test_an_echoed_authorization_is_masked(self, echo: Echo, opening: Opening) -> None:
        transport = opening(auth=HTTPBasicAuth("ck_nyckel", "cs_hemlig"), secrets=self.SECRETS)
        transport.request("GET", "/")
        proof = echo.headers[0]["Authorization"].partition(" ")[2]
        echo.responses = [Response(400, {"you sent": proof})]
        error = raised(lambda: transport.request("GET", "/"))
        assert "you sent" in str(error)
        assert proof not in str(error)

    def test_secrets_in_the_systems_own_words_are_masked(self, echo: Echo, opening: Opening) -> None:
        echo.responses = [Response(400, {})]
        transport = opening(secrets=["hemlig"], explain=lambda answer: InvalidRecord("Key hemlig is not valid"))
        assert str(raised(lambda: transport.request("GET", "/")).text) == "Key ••• is not valid"

    def test_a_refusal_that_was_let_through_is_masked_when_it_becomes_an_error(self, echo: Echo, opening: Opening) -> None:
        echo.responses = [Response(400, {"message": "Key hemlig is not valid"})]
        transport = opening(secrets=["hemlig"], explain=lambda answer: InvalidRecord(answer.json()["message"]))
        error = transport.refusal(transport.request("GET", "/", ok=[400]))
        assert type(error) is InvalidRecord
        assert str(error.text) == "Key ••• is not valid"
        assert error.evidence.status == 400

    def test_a_user_name_in_the_address_is_neither_sent_nor_shown(self, echo: Echo, opening: Opening) -> None:
        transport = opening(echo.address.replace("//", "//ck:hemlig@"))
        error = raised(lambda: transport.request("GET", "/"))
        assert type(error) is UnexpectedResponse
        assert "user name" in str(error.text)
        assert "hemlig" not in f"{error}{transport!r}"
        assert len(echo.history) == 0
