"""The connector for WooCommerce: what it is, what it can do, and the verbs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property

from connectors.base import (
    Capabilities,
    CheckReport,
    Choice,
    Connector,
    Hint,
    Manifest,
    Option,
    OptionKind,
    Page,
    Query,
    Reads,
    Register,
    Role,
)
from connectors.http import Transport
from connectors.woocommerce import webhooks, wording
from connectors.woocommerce.checking import check_shop
from connectors.woocommerce.client import open_api, open_index
from connectors.woocommerce.mapping import Rules
from connectors.woocommerce.paging import PAGE_SIZE
from connectors.woocommerce.reading import Orders
from sharespine.lib.text import N_

_OPTIONS = (
    Option(
        key="address",
        label=N_("Address of the shop"),
        kind=OptionKind.URL,
        help=N_("As in the browser, for instance https://shop.example."),
        required=True,
    ),
    Option(
        key="consumer_key",
        label=N_("Consumer key"),
        help=N_("Begins with ck_. Made in WooCommerce under Settings, Advanced, REST API."),
        required=True,
    ),
    Option(
        key="consumer_secret",
        label=N_("Consumer secret"),
        kind=OptionKind.SECRET,
        help=N_("Begins with cs_. Shown once, when the key is made."),
        required=True,
    ),
    Option(
        key="sign_in",
        label=N_("Way to sign in"),
        kind=OptionKind.CHOICE,
        help=N_(
            "Leave it at Automatic unless the shop refuses keys that are right. Keys in the address end up in the shop's logs."
        ),
        default="automatic",
        choices=(
            Choice("automatic", N_("Automatic")),
            Choice("basic", "Basic"),
            Choice("oauth", "OAuth 1.0a"),
            Choice("query", N_("Keys in the address")),
        ),
    ),
    Option(
        key="webhook_secret",
        label=N_("Webhook secret"),
        kind=OptionKind.SECRET,
        help=N_("The secret of the shop's webhooks for orders. Without webhooks, orders come with the next scheduled read."),
    ),
    Option(
        key="home_country",
        label=N_("The shop's own country"),
        help=N_("Two letters. Tells which VAT an article has at home that was sold abroad without VAT."),
        default="SE",
    ),
    Option(
        key="organisation_number_field",
        label=N_("Order field with the organisation number"),
        help=N_("WooCommerce has none of its own: enter the name of the field that your checkout plugin saves it in."),
        group=N_("Fields of plugins"),
    ),
    Option(
        key="vat_number_field",
        label=N_("Order field with the VAT number"),
        help=N_("The name of the field that your checkout plugin saves it in."),
        group=N_("Fields of plugins"),
    ),
    Option(
        key="gift_card_fees",
        label=N_("Fees that are gift cards"),
        help=N_(
            "Names of fees below zero that stand for a gift card, with commas between. Other fees below zero are discounts."
        ),
        group=N_("Fields of plugins"),
    ),
)


class System(Connector):
    """One WooCommerce shop."""

    manifest = Manifest(
        key="woocommerce",
        name="WooCommerce",
        role=Role.SHOP,
        editions=("cloud", "client"),
        api="REST wc/v3",
        options=_OPTIONS,
    )
    capabilities = Capabilities(
        reads={Register.ORDERS: Reads(incremental=True, page_size=PAGE_SIZE, overlap=timedelta(minutes=2))},
        max_in_flight=4,
        webhooks=True,
    )

    def close(self) -> None:
        for name in ("_api", "_index"):
            transport = self.__dict__.pop(name, None)
            if transport is not None:
                transport.close()

    def check(self) -> CheckReport:
        return check_shop(self._index, self._api, expects_webhooks=bool(self.options["webhook_secret"]))

    def read(self, query: Query) -> Iterator[Page]:
        """Orders in all statuses but drafts and the bin; which of them count is for the caller to say."""
        orders = Orders(self._api, self._rules, home_country=str(self.options["home_country"]).upper())
        return orders.by_id(query.source_ids) if query.source_ids else orders.since(query.modified_since)

    def receive(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        return webhooks.verify(str(self.options["webhook_secret"] or ""), headers, body)

    @cached_property
    def _api(self) -> Transport:
        return open_api(self.options)

    @cached_property
    def _index(self) -> Transport:
        return open_index(self.options)

    @cached_property
    def _rules(self) -> Rules:
        fees = str(self.options["gift_card_fees"] or "").split(",")
        return Rules(
            organisation_number_field=str(self.options["organisation_number_field"] or ""),
            vat_number_field=str(self.options["vat_number_field"] or ""),
            gift_card_fee_names=frozenset(filter(None, (wording.one_line(name).casefold() for name in fees))),
        )
