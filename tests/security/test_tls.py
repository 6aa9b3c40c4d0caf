"""Whoever cannot prove to be the system gets nothing from us, and no second call."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from connectors import connections
from connectors.errors import AccessError, ConnectorError, Unreachable, Untrusted
from connectors.http import Limits, Transport
from sharespine.lib.clock import utcnow

DAY = timedelta(days=1)
LIMITS = Limits(connect=5, read=5, total=8, retries=2)


class Authority:
    """One that vouches for servers."""

    def __init__(self, name: str, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.path = folder / f"{name}.pem"
        signed = self._sign(self._name, self._key, -365 * DAY, 365 * DAY, x509.BasicConstraints(ca=True, path_length=0))
        self.path.write_bytes(signed.public_bytes(Encoding.PEM))

    def vouch(self, host: str = "127.0.0.1", begins: timedelta = -DAY, ends: timedelta = DAY, *, itself: bool = False) -> Path:
        """A certificate with its key, valid from and until so far from now. `itself`: the server vouches for itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        try:
            name: x509.GeneralName = x509.IPAddress(ip_address(host))
        except ValueError:
            name = x509.DNSName(host)
        signed = self._sign(subject, key, begins, ends, x509.SubjectAlternativeName([name]), by_itself=itself)
        path = self._folder / f"{signed.serial_number}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + signed.public_bytes(Encoding.PEM))
        return path

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        begins: timedelta,
        ends: timedelta,
        extension: x509.ExtensionType,
        *,
        by_itself: bool = False,
    ) -> x509.Certificate:
        issuer, signing = (subject, key) if by_itself else (self._name, self._key)
        builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(utcnow() + begins).not_valid_after(utcnow() + ends)
        return builder.add_extension(extension, critical=False).sign(signing, SHA256())


@dataclass
class Server:
    """What a TLS server saw: how many connections, and every byte that came through them in clear."""

    address: str
    connections: int = 0
    received: list[bytes] = field(default_factory=list)


@contextmanager
def serving(certificate: Path, settle: Callable[[ssl.SSLContext], None] = lambda context: None) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    settle(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(f"https://127.0.0.1:{listener.getsockname()[1]}")

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                server.connections += 1
                with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
                    server.received.append(secure.recv(65536))
                    secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def known(folder: Path) -> Authority:
    return Authority("known", folder)


@pytest.fixture(autouse=True)
def _trusted(known: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The authority is one of those that the world trusts; all else is as in production."""
    monkeypatch.setattr(certifi, "where", lambda: str(known.path))
    connections.tls.cache_clear()
    yield
    connections.tls.cache_clear()


def call(address: str, method: str = "POST") -> ConnectorError | int:
    transport = Transport(address, limits=LIMITS, headers={"X-Key": "hemlig"})
    try:
        return transport.request(method, "/orders").status
    except ConnectorError as error:
        return error
    finally:
        transport.close()


def test_a_server_that_proves_who_it_is_is_called(known: Authority) -> None:
    with serving(known.vouch()) as server:
        assert call(server.address) == 200
    assert b"hemlig" in server.received[0]


#: What is wrong with a certificate → what makes one, and the words that say so.
WRONG: dict[str, tuple[Callable[[Authority, Authority], Path], str]] = {
    "expired": (lambda known, other: known.vouch(begins=-9 * DAY, ends=-DAY), "has expired"),
    "not valid yet": (lambda known, other: known.vouch(begins=DAY, ends=9 * DAY), "not valid yet"),
    "of another host": (lambda known, other: known.vouch("shop.example.se"), "another"),
    "of another address": (lambda known, other: known.vouch("127.0.0.2"), "another address"),
    "self-signed": (lambda known, other: known.vouch(itself=True), "nobody but itself"),
    "of an unknown authority": (lambda known, other: other.vouch(), "an authority that we do not know"),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_certificate_is_refused_once_and_nothing_is_sent(
    known: Authority, folder: Path, name: str, method: str
) -> None:
    make, words = WRONG[name]
    with serving(make(known, Authority("other", folder))) as server:
        error = call(server.address, method)
    _refused(error, server, words)


def test_a_certificate_of_another_name_is_refused(known: Authority) -> None:
    with serving(known.vouch("shop.example.se")) as server:
        server.address = server.address.replace("127.0.0.1", "localhost")
        _refused(call(server.address), server, "made out to another name")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_tls_before_1_2_is_refused_and_nothing_is_sent(known: Authority, version: str) -> None:
    def outdated(context: ssl.SSLContext) -> None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]

    with serving(known.vouch(), outdated) as server:
        if not _speaks(server, known, outdated):
            pytest.skip(f"this machine's OpenSSL has no {version}")
        server.connections, server.received = 0, []
        error = call(server.address, "GET")
    _refused(error, server, "TLS 1.2")


def test_tls_1_2_is_the_least_and_certificates_are_always_checked() -> None:
    context = connections.tls()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_a_handshake_that_only_breaks_off_is_tried_again(known: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        count = 0

        def hang_up() -> None:
            nonlocal count
            with suppress(OSError):
                while True:
                    listener.accept()[0].close()
                    count += 1

        thread = threading.Thread(target=hang_up)
        thread.start()
        error = call(f"https://127.0.0.1:{listener.getsockname()[1]}", "GET")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert type(error) is Unreachable
    assert count == 3


def _refused(error: ConnectorError | int, server: Server, words: str) -> None:
    assert type(error) is Untrusted
    assert isinstance(error, AccessError)
    assert not error.outcome_unknown
    assert words in str(error.text)
    assert server.address in str(error.text)
    assert "hemlig" not in str(error)
    assert server.connections == 1
    assert server.received == []


def _speaks(server: Server, known: Authority, settle: Callable[[ssl.SSLContext], None]) -> bool:
    """Whether a client that is content with it gets through to the server: only then does a refusal show anything."""
    context = ssl.create_default_context(cafile=known.path)
    settle(context)
    address = server.address.removeprefix("https://").split(":")
    try:
        with (
            socket.create_connection((address[0], int(address[1])), 5) as connection,
            context.wrap_socket(connection, server_hostname=address[0]) as secure,
        ):
            secure.sendall(b"GET / HTTP/1.1\r\n\r\n")
            return secure.recv(99).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
