"""Webhooks of WooCommerce: who sent it, and which order or product to look at. Nothing else in them is believed.

They come late or never: only when someone visits the shop, without a retry, and the shop switches a webhook off for good
after some failures (measured 2026-11-21). So they only hasten what polling finds anyway.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping

import simplejson

from connectors.base import Hint, Register
from connectors.errors import Forged
from sharespine.lib.text import N_, Text

_REGISTERS = {"order": Register.ORDERS, "product": Register.PRODUCTS}
_PING = re.compile(rb"webhook_id=\d{1,20}")


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> Hint | None:
    """What the call hints at; None for the ping at creation and for topics of neither orders nor products. Raises `Forged`.

    `body` is the raw body, which is what is signed. The topic is in a header, which is not.
    """
    said = {name.lower(): value for name, value in headers.items()}
    signature = said.get("x-wc-webhook-signature", "")
    if not signature and _PING.fullmatch(body.strip()):
        # Posted when a webhook is made or moved: a form without signature (measured 2026-11-21). It asks for a 200, no more.
        return None
    if not secret:
        raise Forged(
            Text(N_("A webhook arrived, but no webhook secret is saved. Save the secret of the webhook on the endpoint."))
        )
    expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    if not hmac.compare_digest(expected, signature.strip().encode()):
        raise Forged(
            Text(
                N_(
                    "A webhook arrived that is not signed with the webhook secret on the endpoint. "
                    "Save the same secret in WooCommerce under Settings, Advanced, Webhooks."
                )
            )
        )
    register = _REGISTERS.get(said.get("x-wc-webhook-topic", "").partition(".")[0])
    return _hint(register, body) if register else None


def _hint(register: Register, body: bytes) -> Hint | None:
    """Every topic has the id at the top; `order.deleted` has nothing else (measured 2026-11-21).

    A variation comes as product.updated, with the id of its product as `parent_id` (measured 2026-11-21).
    """
    try:
        content = simplejson.loads(body.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    number = content.get("id")
    if register is Register.PRODUCTS and content.get("parent_id"):
        number = content["parent_id"]
    if isinstance(number, bool) or not isinstance(number, int) or number <= 0:
        return None
    return Hint(register, (str(number),))
