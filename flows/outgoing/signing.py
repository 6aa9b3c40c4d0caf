"""Signatures as Standard Webhooks has them (https://www.standardwebhooks.com). Plain Python.

A receiver works out the HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>` with the secret that it was given, and
compares it with those in `webhook-signature`, separated by spaces. While a secret is being changed there are two of them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from requests import PreparedRequest
from requests.auth import AuthBase

PREFIX = "whsec_"
#: Bytes of a secret.
LENGTH = 32
#: So long the secret before signs beside a new one.
OVERLAP = timedelta(days=1)


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(LENGTH)).decode()


def changed(kept: Mapping[str, str], *, at: datetime) -> dict[str, str]:
    """What is kept when a new secret takes the place of the one in `kept`, which signs beside it for a day."""
    made = {"secret": new_secret()}
    if before := kept.get("secret", ""):
        made |= {"before": before, "before_until": (at + OVERLAP).astimezone(UTC).isoformat()}
    return made


def valid(kept: Mapping[str, str], *, at: datetime) -> list[str]:
    """The secrets that sign at the moment `at`, the newest first."""
    found = [kept["secret"]] if kept.get("secret") else []
    until = kept.get("before_until")
    if until and at < datetime.fromisoformat(until):
        found.append(kept["before"])
    return found


def signature(secret: str, *, uid: str, stamp: int, body: bytes) -> str:
    """One signature. `stamp` is in seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    content = f"{uid}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


class Signed(AuthBase):
    """Signs the message `uid` as it is sent: the body that goes out, and the moment at which it does."""

    def __init__(self, kept: Mapping[str, str], uid: str, *, at: datetime) -> None:
        self._secrets, self._uid, self._stamp = valid(kept, at=at), uid, int(at.timestamp())

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
        signed = (signature(secret, uid=self._uid, stamp=self._stamp, body=body) for secret in self._secrets)
        request.headers["webhook-id"] = self._uid
        request.headers["webhook-timestamp"] = str(self._stamp)
        request.headers["webhook-signature"] = " ".join(signed)
        return request
