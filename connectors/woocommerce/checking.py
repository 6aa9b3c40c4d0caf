"""Whether a WooCommerce shop can be used, and what it has. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from connectors.base import CheckReport, Choice
from connectors.errors import AccessError, ContractChanged, RejectedError, UnexpectedResponse
from connectors.http import Transport
from connectors.woocommerce import wording
from connectors.woocommerce.client import API
from sharespine.lib.money import decimal
from sharespine.lib.text import N_, Text

# What every shop has, for one that does not tell.
_STATUSES = (
    Choice("pending", "Pending payment"),
    Choice("processing", "Processing"),
    Choice("on-hold", "On hold"),
    Choice("completed", "Completed"),
    Choice("cancelled", "Cancelled"),
    Choice("refunded", "Refunded"),
    Choice("failed", "Failed"),
)


def check_shop(index: Transport, api: Transport, *, expects_webhooks: bool) -> CheckReport:
    """What the shop is. `index` is signed in to nothing, `api` with the keys. Raises the error that says why not."""
    # The one thing that is needed. The rest below is worth having, and some keys may not see it.
    if not isinstance(api.request("GET", f"{API}/orders", params={"per_page": "1", "_fields": "id"}).json(), list):
        raise UnexpectedResponse()
    # Without `_fields` the index weighs 1.2 MB (measured 2026-11-21). Security plugins may close it to strangers.
    site = _object(_ask(index, "/wp-json/", _fields="name,timezone_string,gmt_offset"))
    status = _object(_ask(api, f"{API}/system_status", _fields="environment,settings"))
    environment, settings = _object(status.get("environment")), _object(status.get("settings"))
    currency = wording.one_line(settings.get("currency"))
    if not currency:
        currency = wording.one_line(_object(_ask(api, f"{API}/data/currencies/current", _fields="code")).get("code"))
    facts = {
        N_("Time zone"): _time_zone(site),
        N_("Currency"): currency,
        N_("WooCommerce version"): wording.one_line(environment.get("version")),
    }
    return CheckReport(
        name=wording.one_line(site.get("name")) or index.base,
        facts=tuple((label, value) for label, value in facts.items() if value),
        choices={"statuses": statuses_of(api)},
        warnings=tuple(_warnings(api, settings, expects_webhooks=expects_webhooks)),
    )


def statuses_of(api: Transport) -> tuple[Choice, ...]:
    """The order statuses of the shop, those of plugins too. Drafts are left out: they are not orders yet.

    `/orders/statuses` is in 10.5 (measured 2026-11-21); `/reports/orders/totals` says the same since 3.5.
    """
    for path in ("/orders/statuses", "/reports/orders/totals"):
        rows = _ask(api, API + path)
        if isinstance(rows, list):
            found = (
                Choice(wording.one_line(row.get("slug")), wording.one_line(row.get("name")))
                for row in rows
                if isinstance(row, dict)
            )
            choices = tuple(choice for choice in found if choice.value and choice.value != "checkout-draft")
            if choices:
                return choices
    return _STATUSES


def _warnings(api: Transport, settings: Mapping[str, Any], *, expects_webhooks: bool) -> Iterator[Text]:
    if api.base.startswith("http://"):
        yield Text(N_("The shop is on plain http: what it sends can be read on the way. Ask the web host for https."))
    prices = _object(_ask(api, f"{API}/settings/tax/woocommerce_prices_include_tax", _fields="value"))
    if prices.get("value") == "no":
        yield Text(N_("Prices are entered without VAT in the shop. Say so on the flows that read its prices or write them."))
    decimals = settings.get("number_of_decimals")
    if isinstance(decimals, int) and decimals < 2:
        yield Text(
            N_("The shop rounds to %(decimals)s decimals, so orders may need a rounding row. WooCommerce, Settings, General."),
            {"decimals": str(decimals)},
        )
    if expects_webhooks:
        yield from _webhook_warnings(api)


def _webhook_warnings(api: Transport) -> Iterator[Text]:
    """After some failed calls the shop switches a webhook off for good (measured 2026-11-21)."""
    hooks = _ask(api, f"{API}/webhooks", per_page="100")
    if not isinstance(hooks, list):
        return
    ours = [hook for hook in hooks if isinstance(hook, dict) and str(hook.get("topic", "")).startswith("order.")]
    if not ours:
        yield Text(N_("The shop has no webhooks for orders, so orders come with the next scheduled read."))
    for hook in ours:
        if hook.get("status") != "active":
            yield Text(
                N_(
                    "The webhook “%(name)s” is switched off in WooCommerce. Set it to Active; until then orders come with the "
                    "next scheduled read."
                ),
                {"name": wording.one_line(hook.get("name"))},
            )


def _ask(transport: Transport, path: str, **params: str) -> Any:
    """The answer, or None where the shop does not have it or does not show it to these keys."""
    try:
        return transport.request("GET", path, params=params).json()
    except (AccessError, RejectedError, UnexpectedResponse, ContractChanged):
        return None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _time_zone(site: Mapping[str, Any]) -> str:
    """Shops may have an offset instead of a name."""
    name, offset = wording.one_line(site.get("timezone_string")), site.get("gmt_offset")
    return name or (f"UTC{decimal(offset):+}" if isinstance(offset, int | str | Decimal) else "")
