"""A shop in memory: read by modification time in pages of three, or by id; signs its webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import ClassVar

from connectors.base import (
    Capabilities,
    CheckReport,
    Connector,
    Hint,
    Manifest,
    Option,
    Page,
    Query,
    Reads,
    Register,
    Role,
    Unreadable,
)
from connectors.errors import ContractChanged, Forged
from connectors.records import Order
from sharespine.lib.checkpoints import reach
from tests.stateful.remote import REMOTES, ShopWorld

SIZE = 3
OVERLAP = timedelta(seconds=10)


class System(Connector):
    manifest: ClassVar[Manifest] = Manifest(
        key="stateful_shop",
        name="Shop in memory",
        role=Role.SHOP,
        editions=("cloud",),
        api="none",
        options=(Option(key="address", label="Address"),),
    )
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads={Register.ORDERS: Reads(page_size=SIZE, overlap=OVERLAP)}, max_in_flight=2, webhooks=True
    )

    @property
    def world(self) -> ShopWorld:
        world = REMOTES[self.options["address"]]
        assert isinstance(world, ShopWorld)
        return world

    def check(self) -> CheckReport:
        self.world.called("check")
        return CheckReport(name=self.world.name)

    def read(self, query: Query) -> Iterator[Page]:
        """Each page is asked for anew, after the last order of the one before: the shop goes on living meanwhile."""
        last = None
        while True:
            self.world.called("read")
            found = self.world.visible(query)
            page = [order for order in found if last is None or (order.modified_at, order.source_id) > last][:SIZE]
            reach("shop:read")
            if not page:
                return
            last = (page[-1].modified_at, page[-1].source_id)
            yield self._page(page, None if query.source_ids else page[-1])
            if len(page) < SIZE:
                return

    def _page(self, orders: list[Order], last: Order | None) -> Page:
        spoilt = self.world.unreadable
        return Page(
            records=tuple(order for order in orders if order.source_id not in spoilt),
            unreadable=tuple(
                Unreadable(order.source_id, order.number, ContractChanged("The order has no rows."))
                for order in orders
                if order.source_id in spoilt
            ),
            reached=last.modified_at if last else None,
        )

    def receive(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        if not hmac.compare_digest(signature(self.world.secret, body), headers.get("X-Signature", "")):
            raise Forged
        return Hint(Register.ORDERS, (str(json.loads(body)["id"]),))


def signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
