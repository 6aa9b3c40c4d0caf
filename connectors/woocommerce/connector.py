"""The connector for WooCommerce: the verbs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from connectors.base import Change, CheckReport, Connector, Hint, Page, Put, Query, Register
from connectors.errors import Unsupported
from connectors.http import Transport
from connectors.woocommerce import webhooks
from connectors.woocommerce.articles import Articles
from connectors.woocommerce.batches import Batches
from connectors.woocommerce.checking import check_shop
from connectors.woocommerce.client import open_api, open_index
from connectors.woocommerce.forms import Form
from connectors.woocommerce.manifest import CAPABILITIES, MANIFEST
from connectors.woocommerce.products import Products
from connectors.woocommerce.reading import Orders
from connectors.woocommerce.settings import Settings, settings_of
from connectors.woocommerce.statuses import Statuses
from sharespine.lib.text import Text


class System(Connector):
    """One WooCommerce shop."""

    manifest = MANIFEST
    capabilities = CAPABILITIES

    def close(self) -> None:
        for name in ("_api", "_index"):
            transport = self.__dict__.pop(name, None)
            if transport is not None:
                transport.close()

    def check(self) -> CheckReport:
        return check_shop(self._index, self._api, expects_webhooks=bool(self.options["webhook_secret"]))

    def read(self, query: Query) -> Iterator[Page]:
        """Orders in all statuses but drafts and the bin, articles in all but the bin; which count is for the caller to say."""
        if query.register is Register.ORDERS:
            orders = Orders(self._api, self._settings.rules, home_country=self._settings.home_country)
            return orders.by_id(query.source_ids) if query.source_ids else orders.since(query.modified_since)
        if query.register not in self.capabilities.reads:
            raise Unsupported(Text(self.capabilities.cannot_read[query.register]))
        return Articles(self._api, query.register, self._settings).read(query)

    def receive(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        return webhooks.verify(str(self.options["webhook_secret"] or ""), headers, body)

    def put(self, register: Register, changes: Sequence[Change]) -> Sequence[Put]:
        """Articles, or the statuses of orders. Stock is written as it is told, whatever was sold since it was counted."""
        if register not in self.capabilities.writes:
            raise Unsupported(Text(self.capabilities.cannot_write[register]))
        if register is Register.STATUS:
            return self._statuses.put(changes)
        if register is Register.PRODUCTS:
            return self._products.put(changes)
        return Batches(self._api, Form(register, self._settings)).put(changes)

    @cached_property
    def _api(self) -> Transport:
        return open_api(self.options)

    @cached_property
    def _index(self) -> Transport:
        return open_index(self.options)

    @cached_property
    def _products(self) -> Products:
        return Products(self._api, self._settings)

    @cached_property
    def _statuses(self) -> Statuses:
        return Statuses(self._api, parcels_field=self._settings.parcels_field)

    @cached_property
    def _settings(self) -> Settings:
        return settings_of(self.options, self.flow_options)
