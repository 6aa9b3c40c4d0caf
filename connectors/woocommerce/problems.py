"""Which error an answer of 400 and above from WooCommerce is: the one place where its codes become ours.

`code` decides, since messages are translated and hold entities. Only `woocommerce_rest_authentication_error` stands for
several things, told apart by their English words; in another language it is taken for the most common one, wrong keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.answers import SAFE_METHODS, Answer
from connectors.errors import (
    AccessError,
    BadCredentials,
    Conflict,
    ConnectorError,
    ContractChanged,
    Forbidden,
    InvalidRecord,
    Missing,
    ServerFailed,
    UnexpectedResponse,
    Unsupported,
)
from connectors.woocommerce import wording
from sharespine.lib.text import N_, Text

_REASON_LENGTH = 200

_NO_ACCESS = N_(
    "WooCommerce does not accept the keys. Either they are wrong or revoked, or the shop never saw them: some web hosts take "
    "away the sign-in, and some shops behind https believe that they are on http. Make new keys in WooCommerce under Settings, "
    "Advanced, REST API and save them on the endpoint; if that does not help, choose another way to sign in."
)
_WRONG_KEYS = N_("WooCommerce does not accept the keys: %(reason)s Make new keys in WooCommerce and save them on the endpoint.")
_NO_PERMISSION = N_(
    "The keys lack a permission: %(reason)s Give the key Read/Write in WooCommerce and press Test the connection."
)
_CLOCK = N_(
    "The clock of the shop's server differs from ours by more than 15 minutes, so it refuses every signature. "
    "Ask the web host to set the clock, then press Test the connection."
)
_NONCE = N_("The shop had already seen the signature of the call. We sign anew and try again by ourselves.")
_CLOSED = N_(
    "The shop's API is closed to us (%(reason)s), by a security plugin or by the web host. "
    "Ask whoever runs the shop to let us use /wp-json/wc/v3, then press Test the connection."
)
_WALL = N_(
    "A firewall or a password page in front of the shop turned us away before WooCommerce was asked. "
    "Ask whoever runs the shop to let us in, then press Test the connection."
)
_NO_SHOP = N_(
    "No WooCommerce API answers at %(address)s. Check the address on the endpoint, that WooCommerce is active there, and that "
    "the permalinks in WordPress are not set to Plain."
)
_NOT_FOUND = N_("WooCommerce no longer has what was asked for: %(reason)s It has been deleted for good.")
_TAKEN = N_("Something else in WooCommerce already has that number: %(reason)s Correct one of the two and press Retry.")
_REFUSED = N_("WooCommerce refused: %(reason)s Correct it and press Retry.")
_NOT_OFFERED = N_("WooCommerce cannot do this: %(reason)s")
_MISUNDERSTOOD = N_("WooCommerce no longer understands what we ask (%(reason)s). Our staff look into it.")
_ARTICLE_GONE = N_(
    "Article %(article)s is not in WooCommerce. Add it there, or give it the same article number there, then press Retry."
)
_ARTICLE_TAKEN = N_(
    "WooCommerce did not take article %(article)s, since something else there has its article number or its EAN: %(reason)s "
    "Correct one of the two and press Retry."
)
_ARTICLE_REFUSED = N_("WooCommerce did not take article %(article)s: %(reason)s Correct it and press Retry.")
_ARTICLE_FAILED = N_("WooCommerce failed at article %(article)s: %(reason)s We try again by ourselves.")
_TAKEN_CODES = frozenset({"product_invalid_sku", "product_invalid_global_unique_id"})
_GONE_CODES = frozenset(
    {
        "woocommerce_rest_product_invalid_id",
        "woocommerce_rest_product_variation_invalid_id",
        "woocommerce_rest_invalid_product_id",
        "woocommerce_rest_product_variation_invalid_parent",
    }
)


class Unsortable(ContractChanged):
    """The shop does not know the order that was asked for: older ones cannot sort by modification."""


def explain(answer: Answer) -> ConnectorError | None:
    """The error for `answer`, or None where its HTTP status says enough (429, and 5xx without a word from WooCommerce)."""
    try:
        body = answer.json()
    except UnexpectedResponse:
        return _of_a_page(answer)
    if not isinstance(body, dict) or not isinstance(body.get("code"), str):
        return None
    return _of_code(answer, body["code"], body)


def _of_a_page(answer: Answer) -> ConnectorError | None:
    """HTML instead of JSON: something else than WooCommerce answered. Hosts and firewalls do so (general knowledge)."""
    if answer.status in (401, 403):
        return Forbidden(Text(_WALL))
    if answer.status in (404, 410):
        return UnexpectedResponse(Text(_NO_SHOP, {"address": answer.address}))
    return None


def _of_code(answer: Answer, code: str, body: Mapping[str, Any]) -> ConnectorError | None:
    values = {"reason": _reason(body, code), "address": answer.address}
    if code == "woocommerce_rest_authentication_error":
        return _of_sign_in(values)
    if answer.status == 401 and code.startswith("woocommerce_rest_"):
        # The same code for an unknown key, a dropped header and no credentials at all (measured 2026-11-21).
        return BadCredentials(Text(_NO_ACCESS))
    if answer.status in (401, 403):
        return Forbidden(Text(_NO_PERMISSION if code.startswith("woocommerce_rest_") else _CLOSED, values))
    if code == "rest_no_route":
        return UnexpectedResponse(Text(_NO_SHOP, values))
    if answer.status == 410 or code.endswith("_invalid_id") or code == "woocommerce_rest_invalid_product_id":
        # 404 for a GET and 400 for a PUT of the same unknown id (measured 2026-11-21).
        return Missing(Text(_NOT_FOUND, values))
    if code in _TAKEN_CODES:
        return Conflict(Text(_TAKEN, values))
    if answer.status == 501:
        return Unsupported(Text(_NOT_OFFERED, values))
    if answer.status == 500 and code.startswith("woocommerce_rest_"):
        # Refused, not broken: a refund too large gives 500, and asking again never helps (measured 2026-11-21).
        return InvalidRecord(Text(_REFUSED, values))
    if answer.status in (400, 413):
        if answer.method in SAFE_METHODS:
            error = Unsortable if "orderby" in _params(body) else ContractChanged
            return error(Text(_MISUNDERSTOOD, values))
        return InvalidRecord(Text(_REFUSED, values))
    return None


def _of_sign_in(values: Mapping[str, str]) -> ConnectorError:
    words = values["reason"].lower()
    if "timestamp" in words:
        return AccessError(Text(_CLOCK))
    if "nonce" in words:
        return ServerFailed(Text(_NONCE))
    if "permission" in words:
        return Forbidden(Text(_NO_PERMISSION, values))
    return BadCredentials(Text(_WRONG_KEYS, values))


def _reason(body: Mapping[str, Any], code: str) -> str:
    """The shop's own words, with those on each parameter."""
    said = [wording.one_line(body.get("message"))]
    said += [wording.one_line(value) for value in _params(body).values()]
    return " ".join(filter(None, said))[:_REASON_LENGTH] or code


def _params(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is wrong, by parameter. `data` is an object, but a bare number on refunds, and `params` may be a list of names."""
    data = body.get("data")
    params = data.get("params") if isinstance(data, dict) else None
    return params if isinstance(params, dict) else {}


def not_there(article: str) -> Missing:
    """The shop has no such article."""
    return Missing(Text(_ARTICLE_GONE, {"article": article}))


def is_gone(error: Mapping[str, Any]) -> bool:
    """Whether one item of a batch was refused since there is nothing at the id that was sent."""
    return error.get("code") in _GONE_CODES


def of_item(error: Mapping[str, Any], article: str, answer: Answer) -> ConnectorError:
    """The error for one item of a batch, which is answered with 200 whatever became of its items (measured 2026-11-21)."""
    code = str(error.get("code") or "")
    values = {"article": article, "reason": answer.mask(_reason(error, code))}
    data = error.get("data")
    if is_gone(error):
        return not_there(article)
    if code in _TAKEN_CODES:
        return Conflict(Text(_ARTICLE_TAKEN, values), evidence=answer.evidence())
    if isinstance(data, dict) and isinstance(data.get("status"), int) and data["status"] >= 500:
        return ServerFailed(Text(_ARTICLE_FAILED, values), evidence=answer.evidence())
    return InvalidRecord(Text(_ARTICLE_REFUSED, values), evidence=answer.evidence())
