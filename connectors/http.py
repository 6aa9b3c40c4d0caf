"""The HTTP transport that connectors share. Every failure becomes a `ConnectorError`, here and nowhere else.

=====================================  ===========================  ==============================
what happened                          error                        `outcome_unknown` for a write
=====================================  ===========================  ==============================
no connection                          Unreachable                  False: nothing was sent
no valid certificate, TLS before 1.2   Untrusted                    False: nothing was sent
an address in an inside network        AddressRefused               False: nothing was sent
a deadline passed                      TimedOut                     True
reset, cut off, 5xx, 408               ServerFailed                 True
429                                    RateLimited                  False
401; 403                               BadCredentials; Forbidden    False
404, 410; 409                          Missing; Conflict            False
404, 410 with a web page               UnexpectedResponse           False
other 4xx                              InvalidRecord                False
3xx, unreadable; too large             UnexpectedResponse; TooLarge True
=====================================  ===========================  ==============================
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import simplejson
from requests.auth import AuthBase
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Retry, Timeout
from urllib3.connection import port_by_scheme

from connectors.answers import MAX_RETRY_AFTER, SAFE_METHODS, Answer, Mask
from connectors.connections import open_pool
from connectors.deadlines import Attempt
from connectors.errors import BadCredentials, ConnectorError, Evidence, RateLimited, TemporaryError, UnexpectedResponse
from connectors.http_failures import FAILURES, lost, not_an_address, refusal, shown, timed_out, too_large, user_in_address
from sharespine.lib.text import N_, Text

__all__ = ["Answer", "Limits", "Transport"]

log = logging.getLogger(__name__)
# Below these levels urllib3 logs addresses with their query, where some systems want their keys.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)

Params = Mapping[str, Any] | Sequence[tuple[str, Any]]

_DEFAULT_HEADERS = {"User-Agent": "Sharespine", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
_LONGEST_PAUSE = 5.0
#: Seconds without a call after a 429 that does not say how long.
_NOT_SAID = 10.0
_CHUNK = 64 * 1024
#: Of each value that a system's own words consist of, so much is kept.
_LONGEST_VALUE = 1000
#: Neither sent again nor sent on by urllib3: that is decided here.
_ONCE = Retry(False, redirect=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much: seconds to connect, per read and for the whole call with its retries; bytes when unpacked.

    `retries` is how many times a GET or HEAD is sent again; other methods are never sent twice.
    """

    connect: float = 5
    read: float = 15
    total: float = 20
    max_bytes: int = 25_000_000
    retries: int = 2


class Transport:
    """Calls to one system at the address `base`. Used by several threads at once, which share its open connections.

    `secrets` are masked wherever they turn up in an error. `explain` turns an answer of 400 and above into the system's own
    error; where it returns None, the table above decides. `pace` tells from an answer how many seconds further calls have to
    wait before they are sent. Redirects are not followed, and nothing is taken from the environment (proxies, `.netrc`).
    """

    def __init__(
        self,
        base: str,
        *,
        auth: AuthBase | None = None,
        headers: Mapping[str, str] | None = None,
        secrets: Collection[str] = (),
        limits: Limits = Limits(),
        explain: Callable[[Answer], ConnectorError | None] | None = None,
        pace: Callable[[Answer], float] | None = None,
    ) -> None:
        self.base = base.strip().rstrip("/")
        self._auth = auth
        self._headers = {**_DEFAULT_HEADERS, **(headers or {})}
        self._secrets = tuple(secrets)
        self._mask = Mask(self._secrets)
        self._limits = limits
        self._explain = explain
        self._pace = pace
        self._pools: dict[tuple[str, str], HTTPConnectionPool] = {}
        self._lock = threading.Lock()
        self._resume_at = 0.0
        self._away_until = 0.0

    def __repr__(self) -> str:
        return f"<Transport {shown(self.base)}>"

    def close(self) -> None:
        """Give back the open connections."""
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        limits: Limits | None = None,
        ok: Collection[int] = (),
    ) -> Answer:
        """The answer, if its status is 2xx or in `ok`. Raises `ConnectorError`.

        `path` is appended to the base as it is (percent-encoded by the caller); `json` may hold `Decimal`.
        """
        limits = limits or self._limits
        ends = time.monotonic() + limits.total
        left = limits.retries if method in SAFE_METHODS else 0
        pause = 0.25
        while True:
            self._await_turn(limits.total)
            # Prepared anew for each attempt: a one-time signature (OAuth 1.0a) is refused the second time.
            request, mask = self._prepared(method, path, params=params, json=json, headers=headers)
            try:
                return self._attempt(request, mask, limits=limits, ends=ends, ok=ok)
            except TemporaryError as error:
                wait = random.uniform(0, pause) if error.retry_after is None else error.retry_after
                if isinstance(error, RateLimited) and error.retry_after is None:
                    raise
                if not left or wait > _LONGEST_PAUSE or time.monotonic() + wait >= ends:
                    raise
            time.sleep(wait)
            left -= 1
            pause *= 2

    def refusal(self, answer: Answer) -> ConnectorError:
        """The error that an answer of 300 or above is, for a caller that took it as `ok` and finds that it is not."""
        usual = refusal(answer)
        if self._explain is None or answer.status < 400:
            return usual
        try:
            error = self._explain(answer)
        except (UnexpectedResponse, RecursionError):
            # A proxy in front of the system answered, with a page of its own: the status is all there is to go by.
            return usual
        if error is None:
            return usual
        error.text = answer.mask.text(error.text, longest=_LONGEST_VALUE)
        error.args = (str(error.text),)
        error.evidence = error.evidence if error.evidence.method else usual.evidence
        if isinstance(error, TemporaryError):
            error.retry_after = usual.retry_after if error.retry_after is None else error.retry_after
            error.outcome_unknown = error.outcome_unknown or usual.outcome_unknown
        return error

    def _prepared(
        self, method: str, path: str, *, params: Params | None, json: Any, headers: Mapping[str, str] | None
    ) -> tuple[requests.PreparedRequest, Mask]:
        request = requests.PreparedRequest()
        given = {**self._headers, **(headers or {})}
        body = None
        if json is not None:
            body = simplejson.dumps(json, use_decimal=True, allow_nan=False).encode()
            given.setdefault("Content-Type", "application/json")
        failure: ConnectorError | None = None
        try:
            # The parts of `prepare` that matter here: there are no cookies, files or hooks.
            request.prepare_method(method)
            request.prepare_url(self.base + path, params)
            request.prepare_headers(given)
            request.prepare_body(body, None)
            if self._auth is not None:
                request.prepare_auth(self._auth)
            for value in request.headers.values():
                _ = value.encode("latin-1") if isinstance(value, str) else value
            failure = self._misleading(request.url or "")
        except (requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL):
            failure = not_an_address(self._mask(shown(self.base)))
        except (requests.exceptions.InvalidHeader, UnicodeError):
            text = Text(N_("The credentials hold characters that cannot be sent. Paste them on the endpoint once more."))
            failure = BadCredentials(text, evidence=Evidence(method=method, address=self._mask(shown(self.base))))
        if failure is not None:
            raise failure
        return request, Mask((*self._secrets, *_proofs(request)))

    def _misleading(self, address: str) -> ConnectorError | None:
        """What is wrong with an address that could be parsed, if anything."""
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https"):
            return not_an_address(self._mask(shown(self.base)))
        return user_in_address(self._mask(shown(self.base))) if "@" in parts.netloc else None

    def _attempt(
        self, request: requests.PreparedRequest, mask: Mask, *, limits: Limits, ends: float, ok: Collection[int]
    ) -> Answer:
        method, address = request.method or "", self._mask(shown(request.url or ""))
        left = max(ends - time.monotonic(), 0.001)
        timeout = Timeout(connect=min(limits.connect, left), read=min(limits.read, left))
        outcome: Answer | ConnectorError
        with Attempt(left) as attempt:
            try:
                response = self._send(request, timeout)
                body = _body(response, limits.max_bytes)
            except FAILURES as error:
                outcome = lost(error, attempt, method=method, address=address)
            else:
                status = response.status
                if attempt.expired:
                    # The head was cut by our own deadline: http.client takes that for an answer with an empty body.
                    outcome = timed_out(method=method, address=address)
                elif body is None:
                    outcome = too_large(limits.max_bytes, method=method, address=address, status=status)
                else:
                    outcome = Answer(status, response.headers, body, method, address, mask)
        # Raised out here: chained to its cause, the error would carry the query, and keys with it, into every traceback.
        if isinstance(outcome, ConnectorError):
            raise outcome
        self._keep_pace(outcome)
        if outcome.status == 429:
            self._keep_away(outcome)
        if not (200 <= outcome.status < 300 or outcome.status in ok):
            raise self.refusal(outcome)
        return outcome

    def _send(self, request: requests.PreparedRequest, timeout: Timeout) -> BaseHTTPResponse:
        parts = urlsplit(request.url or "")
        return self._pool(parts.scheme, parts.netloc).urlopen(
            request.method or "",
            request.path_url,
            body=request.body,
            headers=request.headers,
            retries=_ONCE,
            redirect=False,
            assert_same_host=False,
            timeout=timeout,
            preload_content=False,
        )

    def _pool(self, scheme: str, netloc: str) -> HTTPConnectionPool:
        """The connections to the host of a call: the host of `base`, unless the call's path was no path."""
        with self._lock:
            found = self._pools.get((scheme, netloc))
            if found is None:
                parts = urlsplit(f"{scheme}://{netloc}")
                found = self._pools[scheme, netloc] = open_pool(
                    scheme, parts.hostname or "", parts.port or port_by_scheme[scheme]
                )
            return found

    def _keep_pace(self, answer: Answer) -> None:
        if self._pace is None:
            return
        seconds = min(self._pace(answer), MAX_RETRY_AFTER)
        if seconds > 0:
            with self._lock:
                self._resume_at = max(self._resume_at, time.monotonic() + seconds)

    def _keep_away(self, answer: Answer) -> None:
        """The system asked for time: what other threads are about to send waits as well."""
        asked = answer.pause_asked_for
        if asked is not None and asked > MAX_RETRY_AFTER:
            log.warning(
                "%s asked us to wait until further notice (Retry-After: %s); we wait an hour",
                answer.address,
                answer.headers.get("Retry-After", "")[:40],
            )
        seconds = _NOT_SAID if answer.retry_after is None else answer.retry_after
        with self._lock:
            self._away_until = max(self._away_until, time.monotonic() + seconds)

    def _await_turn(self, longest: float) -> None:
        """Wait until the system wants to hear from us again. Raises `RateLimited` if that is not soon."""
        now = time.monotonic()
        with self._lock:
            away = self._away_until - now
            wait = max(self._resume_at - now, away)
        if away > _LONGEST_PAUSE or wait > longest:
            raise RateLimited(retry_after=wait)
        if wait > 0:
            time.sleep(wait)


def _body(response: BaseHTTPResponse, max_bytes: int) -> bytes | None:
    """The unpacked body, or None when it is larger than `max_bytes`. What is not read to its end is closed."""
    received = bytearray()
    try:
        for chunk in response.stream(_CHUNK, decode_content=True):
            received += chunk
            if len(received) > max_bytes:
                return None
    finally:
        response.close()
        response.release_conn()
    return bytes(received)


def _proofs(request: requests.PreparedRequest) -> list[str]:
    """What the request proves itself by, which a system may echo: the credentials part of its `Authorization` header."""
    # oauthlib puts bytes where requests promises text.
    value: Any = request.headers.get("Authorization", "")
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return [text.partition(" ")[2]] if " " in text else []
