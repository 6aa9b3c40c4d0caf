"""Which error a failed HTTP call is: the one place where failures of the network and of HTTP become ours."""

from __future__ import annotations

import ssl
from http.client import HTTPException
from urllib.parse import urlsplit

from urllib3.exceptions import DecodeError, HTTPError, LocationValueError, ReadTimeoutError

from connectors.addresses import Inside
from connectors.answers import SAFE_METHODS, Answer
from connectors.deadlines import Attempt
from connectors.errors import (
    AddressRefused,
    BadCredentials,
    Conflict,
    ConnectorError,
    Evidence,
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
from sharespine.lib.text import N_, Text, TextValue

#: What sending a request and reading its answer may raise. urllib3 passes some errors of http.client and of the socket through.
FAILURES = (OSError, HTTPError, HTTPException, UnicodeError)

_REFUSALS: dict[int, type[ConnectorError]] = {
    401: BadCredentials,
    403: Forbidden,
    404: Missing,
    409: Conflict,
    410: Missing,
}


_NO_CONNECTION = N_("No connection to %(address)s could be made. We try again by ourselves.")
_INSIDE = N_(
    "%(address)s leads to %(ip)s, %(kind)s, so nothing was sent. Correct the address on the endpoint. If the system really "
    "stands there, whoever runs this installation has to allow its network (ALLOWED_NETWORKS)."
)
_CERTIFICATE = N_(
    "The certificate at %(address)s cannot be trusted, so nothing was sent: %(reason)s. Have it mended, and then test the "
    "endpoint."
)
_OLD_TLS = N_(
    "%(address)s only offers an encryption that is out of date (older than TLS 1.2), so nothing was sent. Have its server "
    "updated, and then test the endpoint."
)
#: OpenSSL's verify codes → why a certificate is not trusted.
_CERTIFICATES = {
    9: N_("it is not valid yet"),
    10: N_("it has expired"),
    18: N_("nobody but itself vouches for it"),
    19: N_("it is vouched for by an authority that we do not know"),
    20: N_("it is vouched for by an authority that we do not know, or a certificate in between is missing"),
    62: N_("it is made out to another name"),
    64: N_("it is made out to another address"),
}
_OUTDATED = ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION", "VERSION_TOO_LOW")


def shown(address: str) -> str:
    """`address` without query, fragment and user name: all three may hold keys."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def not_an_address(address: str) -> UnexpectedResponse:
    text = Text(N_("“%(address)s” is not a web address. Correct the address on the endpoint."), {"address": address})
    return UnexpectedResponse(text)


def user_in_address(address: str) -> UnexpectedResponse:
    """A user name in an address would be sent along, and would stand in plain sight wherever the address is shown."""
    text = N_("The address %(address)s holds a user name. Remove it, and what else stands before the @, on the endpoint.")
    return UnexpectedResponse(Text(text, {"address": address}))


def lost(error: Exception, attempt: Attempt, *, method: str, address: str) -> ConnectorError:
    """No answer, or not a whole one. Nothing of `error` is shown: its words hold the query."""
    values: dict[str, TextValue] = {"address": address}
    evidence = Evidence(method=method, address=address, body=type(error).__name__)
    unknown = attempt.sent and method not in SAFE_METHODS
    if isinstance(error, LocationValueError | UnicodeError):
        return not_an_address(address)
    if isinstance(error, Inside):
        return AddressRefused(Text(_INSIDE, {**values, "ip": error.ip, "kind": Text(error.kind)}), evidence=evidence)
    if not attempt.sent:
        return _untrusted(error, values, evidence) or Unreachable(Text(_NO_CONNECTION, values), evidence=evidence)
    if attempt.expired or isinstance(error, ReadTimeoutError | TimeoutError):
        return timed_out(method=method, address=address)
    if isinstance(error, DecodeError):
        text = Text(N_("The answer from %(address)s was packed in a broken way. Our staff look into it."), values)
        return UnexpectedResponse(text, evidence=evidence, outcome_unknown=unknown)
    text = Text(N_("%(address)s closed the connection before its answer was complete. We try again by ourselves."), values)
    return ServerFailed(text, evidence=evidence, outcome_unknown=unknown)


def _untrusted(error: Exception, values: dict[str, TextValue], evidence: Evidence) -> Untrusted | None:
    """The error for a handshake that showed that the other side must not be trusted; None for one that only broke off."""
    cause = error.args[0] if isinstance(error, HTTPError) and error.args else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = _CERTIFICATES.get(cause.verify_code)
        values = {**values, "reason": Text(reason) if reason else cause.verify_message}
        return Untrusted(Text(_CERTIFICATE, values), evidence=evidence)
    if isinstance(cause, ssl.SSLError) and cause.reason in _OUTDATED:
        return Untrusted(Text(_OLD_TLS, values), evidence=evidence)
    return None


def timed_out(*, method: str, address: str) -> TimedOut:
    """A deadline passed after something was sent."""
    text = Text(N_("%(address)s did not answer in time. We try again by ourselves."), {"address": address})
    return TimedOut(text, evidence=Evidence(method=method, address=address), outcome_unknown=method not in SAFE_METHODS)


def too_large(max_bytes: int, *, method: str, address: str, status: int) -> TooLarge:
    text = Text(
        N_("The answer from %(address)s was larger than %(limit)s bytes and was not read. Our staff look into it."),
        {"address": address, "limit": str(max_bytes)},
    )
    evidence = Evidence(method=method, address=address, status=status)
    return TooLarge(text, evidence=evidence, outcome_unknown=method not in SAFE_METHODS)


def refusal(answer: Answer) -> ConnectorError:
    """What a status outside 2xx means when the system has no words of its own for it."""
    status, evidence = answer.status, answer.evidence()
    unknown = answer.method not in SAFE_METHODS
    if status == 429:
        return RateLimited(evidence=evidence, retry_after=answer.retry_after)
    if status == 408 or status >= 500:
        return ServerFailed(evidence=evidence, retry_after=answer.retry_after, outcome_unknown=unknown)
    if status in (404, 410) and answer.is_markup:
        # The page of a web server that is not the system at all: no record is to stop for it.
        return answer.unexpected("a web page that says that nothing is there")
    if 400 <= status < 500:
        return _REFUSALS.get(status, InvalidRecord)(evidence=evidence)
    if 300 <= status < 400:
        target = shown(answer.headers.get("Location", "")) or "–"
        text = Text(
            N_("%(address)s sent us on to %(target)s instead of answering. Enter the address that answers on the endpoint."),
            {"address": answer.address, "target": answer.mask(target)},
        )
        return UnexpectedResponse(text, evidence=evidence, outcome_unknown=unknown)
    return answer.unexpected(f"status {status}")
