"""Who may call the simulated shop: Basic and keys in the query over TLS, a one-legged OAuth 1.0a signature over plain http.

Every refusal as recorded 2026-11-21. Over plain http Basic and query keys are ignored without a word.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import parse_qsl, quote

from connectors.sandbox import Request
from connectors.woocommerce.simulator.refusals import Refusal

_WINDOW = 15 * 60
_DIGESTS = {"HMAC-SHA256": hashlib.sha256, "HMAC-SHA1": hashlib.sha1}
_OAUTH = ("oauth_consumer_key", "oauth_timestamp", "oauth_nonce", "oauth_signature_method", "oauth_signature")


class Access:
    """The one key of the shop. `permissions` is read, write or read_write."""

    def __init__(self, key: str, secret: str) -> None:
        self.key = key
        self.secret = secret
        self.permissions = "read_write"
        self._nonces: dict[str, int] = {}

    def admit(self, request: Request, *, address: str, is_tls: bool, now: datetime) -> None:
        """Raises `Refusal` unless the call is signed in with the key and may do what it asks for."""
        signed = self._signed(request)
        if signed.get("oauth_consumer_key") or signed.get("oauth_signature"):
            self._check_signature(request, signed, address=address, now=now)
        elif is_tls:
            self._check_keys(request)
        else:
            raise _nobody()
        needed = "read" if request.method in ("GET", "HEAD") else "write"
        if needed not in self.permissions.split("_"):
            raise _denied(f"The API key provided does not have {needed} permissions.")

    def _check_keys(self, request: Request) -> None:
        key, secret = request.param("consumer_key"), request.param("consumer_secret")
        scheme, _, word = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                key, _, secret = base64.b64decode(word).decode().partition(":")
            except ValueError:
                raise _nobody() from None
        if key != self.key:
            raise _nobody()
        if not hmac.compare_digest(secret.encode(), self.secret.encode()):
            raise _denied("Consumer secret is invalid.")

    def _signed(self, request: Request) -> dict[str, str]:
        scheme, _, words = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "oauth":
            return dict(request.query)
        pairs = parse_qsl(words.replace('"', "").replace(", ", "&").replace(",", "&"), keep_blank_values=True)
        return {**dict(request.query), **dict(pairs)}

    def _check_signature(self, request: Request, signed: dict[str, str], *, address: str, now: datetime) -> None:
        for name in _OAUTH:
            if not signed.get(name):
                message = f"Missing OAuth parameter {name}"
                raise Refusal(401, "woocommerce_rest_authentication_missing_parameter", message)
        if signed["oauth_consumer_key"] != self.key:
            raise _denied("Consumer key is invalid.")
        digest = _DIGESTS.get(signed["oauth_signature_method"])
        if digest is None:
            raise _denied("Invalid signature - signature method is invalid.")
        pairs = sorted((_enc(name), _enc(value)) for name, value in signed.items() if name != "oauth_signature")
        base = "&".join((request.method, _enc(address + request.path), _enc("&".join(f"{k}={v}" for k, v in pairs))))
        right = base64.b64encode(hmac.new(f"{self.secret}&".encode(), base.encode(), digest).digest())
        if not hmac.compare_digest(right, signed["oauth_signature"].encode()):
            raise _denied("Invalid signature - provided signature does not match.")
        self._check_once(signed, int(now.timestamp()))

    def _check_once(self, signed: dict[str, str], now: int) -> None:
        given = signed["oauth_timestamp"]
        if not given.isdigit() or abs(int(given) - now) > _WINDOW:
            raise _denied("Invalid timestamp.")
        self._nonces = {nonce: at for nonce, at in self._nonces.items() if at > now - _WINDOW}
        if signed["oauth_nonce"] in self._nonces:
            raise _denied("Invalid nonce - nonce has already been used.")
        self._nonces[signed["oauth_nonce"]] = int(given)


def _enc(value: str) -> str:
    return quote(value, safe="-._~")


def _nobody() -> Refusal:
    return Refusal(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")


def _denied(message: str) -> Refusal:
    return Refusal(401, "woocommerce_rest_authentication_error", message)
