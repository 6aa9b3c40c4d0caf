"""Which error a failed HTTP call is: the one place where failures of the network and of HTTP become ours."""

from __future__ import annotations

from http.client import HTTPException
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import DecodeError, HTTPError, LocationValueError, ReadTimeoutError

from connectors.answers import SAFE_METHODS, Answer
from connectors.deadlines import Attempt
from connectors.errors import (
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
    UnexpectedResponse,
    Unreachable,
)
from sharespine.lib.text import N_, Text

#: What sending a request and reading its answer may raise. `requests` passes some of urllib3's own errors through.
FAILURES = (OSError, HTTPError, HTTPException, UnicodeError)

_REFUSALS: dict[int, type[ConnectorError]] = {
    401: BadCredentials,
    403: Forbidden,
    404: Missing,
    409: Conflict,
    410: Missing,
}


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


def lost(error: Exception, attempt: Attempt, *, method: str, address: str) -> ConnectorError:
    """No answer, or not a whole one. Nothing of `error` is shown: its words hold the query."""
    values = {"address": address}
    evidence = Evidence(method=method, address=address, body=type(error).__name__)
    unknown = attempt.sent and method not in SAFE_METHODS
    if isinstance(error, requests.exceptions.InvalidURL | LocationValueError | UnicodeError):
        return not_an_address(address)
    if not attempt.sent:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            text = Text(
                N_("The certificate at %(address)s is not valid, so nothing was sent. We try again by ourselves."), values
            )
        else:
            text = Text(N_("No connection to %(address)s could be made. We try again by ourselves."), values)
        return Unreachable(text, evidence=evidence)
    if attempt.expired or isinstance(error, requests.Timeout | ReadTimeoutError | TimeoutError):
        return timed_out(method=method, address=address)
    if isinstance(error, DecodeError):
        text = Text(N_("The answer from %(address)s was packed in a broken way. Our staff look into it."), values)
        return UnexpectedResponse(text, evidence=evidence, outcome_unknown=unknown)
    text = Text(N_("%(address)s closed the connection before its answer was complete. We try again by ourselves."), values)
    return ServerFailed(text, evidence=evidence, outcome_unknown=unknown)


def timed_out(*, method: str, address: str) -> TimedOut:
    """A deadline passed after something was sent."""
    text = Text(N_("%(address)s did not answer in time. We try again by ourselves."), {"address": address})
    return TimedOut(text, evidence=Evidence(method=method, address=address), outcome_unknown=method not in SAFE_METHODS)


def too_large(max_bytes: int, *, method: str, address: str, status: int) -> UnexpectedResponse:
    text = Text(
        N_("The answer from %(address)s was larger than %(limit)s bytes and was not read. Our staff look into it."),
        {"address": address, "limit": str(max_bytes)},
    )
    evidence = Evidence(method=method, address=address, status=status)
    return UnexpectedResponse(text, evidence=evidence, outcome_unknown=method not in SAFE_METHODS)


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
