"""How to reach a WooCommerce shop: its address as people write it, and the ways to sign in."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth
from requests_oauthlib import OAuth1

from connectors.errors import UnexpectedResponse
from connectors.http import Transport
from connectors.woocommerce.problems import explain
from sharespine.lib.text import N_, Text

#: Below this the keys are valid, and nowhere else: not with ?rest_route=, not on /wp-json/wp (measured 2026-11-21).
API = "/wp-json/wc/v3"

# At these levels they log signed addresses and the headers of every call.
for _name in ("oauthlib", "requests_oauthlib"):
    logging.getLogger(_name).setLevel(logging.INFO)

_TAIL = re.compile(r"/(wp-json|wp-admin|wp-login\.php|my-account|shop)\b.*$", re.IGNORECASE)


def shop_address(text: str) -> str:
    """The shop's own address in what was pasted: with or without scheme, trailing slash, /wp-json, spaces.

    Raises `UnexpectedResponse` for what is no web address.
    """
    address = re.sub(r"\s+", "", text)
    if address and "://" not in address:
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and parts.username is None
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        usable = False
        parts, port = urlsplit(""), ""
    if not usable:
        raise UnexpectedResponse(
            Text(
                N_("“%(address)s” is not the address of a shop. Enter it as https://shop.example on the endpoint."),
                {"address": text.strip()},
            )
        )
    path = _TAIL.sub("", parts.path).rstrip("/")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme.lower()}://{host}{port}{path}"


def open_api(options: Mapping[str, Any]) -> Transport:
    """A transport that signs in, with the shop's address as base."""
    address = shop_address(str(options["address"] or ""))
    key, secret = str(options["consumer_key"] or ""), str(options["consumer_secret"] or "")
    return Transport(
        address,
        auth=_auth(str(options["sign_in"] or "automatic"), address, key, secret),
        # Basic sends both as one word in base64.
        secrets=[value for value in (secret, f"{key}:{secret}", str(options["webhook_secret"] or "")) if secret and value],
        explain=explain,
    )


def open_index(options: Mapping[str, Any]) -> Transport:
    """A transport without keys. `/wp-json/` is open, and WordPress itself would refuse a WooCommerce key as an unknown user."""
    return Transport(shop_address(str(options["address"] or "")), explain=explain)


class _KeysInQuery(AuthBase):
    """For hosts that drop the Authorization header. The shop echoes the secret in its Link header (measured 2026-11-21)."""

    def __init__(self, key: str, secret: str) -> None:
        self._keys = {"consumer_key": key, "consumer_secret": secret}

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.prepare_url(request.url, self._keys)
        return request


def _auth(way: str, address: str, key: str, secret: str) -> AuthBase:
    """Over plain http the shop ignores Basic and keys in the query without a word; only a signature works there."""
    if way == "automatic":
        way = "oauth" if address.startswith("http://") else "basic"
    if way == "oauth":
        # In the query, since hosts that drop the Authorization header are common (general knowledge). Signed anew for each
        # attempt: a nonce is good for one call in 15 minutes.
        return OAuth1(key, client_secret=secret, signature_method="HMAC-SHA256", signature_type="query")
    if way == "query":
        return _KeysInQuery(key, secret)
    return HTTPBasicAuth(key.encode(), secret.encode())
