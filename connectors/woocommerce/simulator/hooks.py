"""Webhooks of the simulated shop. They are queued, and go out only when `deliver` is called: like WP-cron, which runs only
when someone visits the shop.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
import simplejson

_MAX_FAILURES = 5
_TIMEOUT = 60
_AGENT = "WooCommerce/10.5.0 Hookshot (WordPress/6.9.7)"


@dataclass
class Hook:
    """One webhook. Its secret is never shown again."""

    id: int
    name: str
    topic: str
    delivery_url: str
    secret: str
    status: str = "active"
    failures: int = 0

    def wire(self) -> dict[str, Any]:
        resource, _, event = self.topic.partition(".")
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "topic": self.topic,
            "resource": resource,
            "event": event,
            "delivery_url": self.delivery_url,
        }


@dataclass(frozen=True)
class Delivery:
    """One call that is due: a ping has no headers of WooCommerce's own and no signature (measured 2026-11-21)."""

    hook: Hook
    headers: Mapping[str, str]
    body: bytes


def ping(hook: Hook) -> Delivery:
    """What goes out when a webhook is made."""
    return Delivery(hook, {"Content-Type": "application/x-www-form-urlencoded"}, f"webhook_id={hook.id}".encode())


def event(hook: Hook, wire: Mapping[str, Any], *, source: str) -> Delivery:
    """What goes out for a change, with the record as it is when delivered. The delivery id is not unique (measured)."""
    body = simplejson.dumps(wire, use_decimal=True).encode()
    resource, _, word = hook.topic.partition(".")
    headers = {
        "Content-Type": "application/json",
        "X-WC-Webhook-Source": f"{source}/",
        "X-WC-Webhook-Topic": hook.topic,
        "X-WC-Webhook-Resource": resource,
        "X-WC-Webhook-Event": word,
        "X-WC-Webhook-Signature": base64.b64encode(hmac.new(hook.secret.encode(), body, hashlib.sha256).digest()).decode(),
        "X-WC-Webhook-ID": str(hook.id),
        "X-WC-Webhook-Delivery-ID": hashlib.sha256(f"{hook.id}".encode()).hexdigest()[:32],
    }
    return Delivery(hook, headers, body)


def send(delivery: Delivery) -> bool:
    """Whether it was taken. Never sent again; after more than five failures in a row the webhook is disabled for good."""
    try:
        status = requests.post(
            delivery.hook.delivery_url,
            data=delivery.body,
            headers={"User-Agent": _AGENT, **delivery.headers},
            timeout=_TIMEOUT,
            allow_redirects=False,
        ).status_code
    except requests.RequestException:
        status = 0
    taken = 200 <= status <= 302
    delivery.hook.failures = 0 if taken else delivery.hook.failures + 1
    if delivery.hook.failures > _MAX_FAILURES:
        delivery.hook.status = "disabled"
    return taken
