"""A shop in memory: read by modification time in pages of three, or by id; signs its webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

from connectors.base import (
    Capabilities,
    Change,
    CheckReport,
    Connector,
    Hint,
    Manifest,
    Option,
    Page,
    Put,
    Query,
    Reads,
    Register,
    Role,
    Unreadable,
    Writes,
)
from connectors.errors import ContractChanged, Forged, Missing
from connectors.progress import OrderStatus
from connectors.records import Order
from sharespine.lib.checkpoints import reach
from sharespine.lib.text import Text
from tests.stateful.remote import REMOTES, ShopWorld
from tests.twins.goods import ABLE, able_to_write

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
        reads={Register.ORDERS: Reads(page_size=SIZE, overlap=OVERLAP), **ABLE},
        writes={**able_to_write(), Register.STATUS: Writes(batch_size=3)},
        max_in_flight=2,
        webhooks=True,
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
        if query.register is not Register.ORDERS:
            yield from self.world.shelf.read(query)
            return
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

    def put(self, register: Register, changes: Sequence[Change]) -> Sequence[Put]:
        if register is not Register.STATUS:
            return self.world.shelf.put(register, changes)
        return self.world.shelf.carried(lambda: [self._moved(change) for change in changes])

    def _moved(self, change: Change) -> Put:
        """As the contract says: only from one of the statuses that are replaced, each message once."""
        wanted, order = change.record, self.world.orders.get(change.key)
        assert isinstance(wanted, OrderStatus)
        if order is None:
            return Put(key=change.key, error=Missing())
        if order.status not in (*wanted.replaces, wanted.status) and wanted.status:
            return Put(key=change.key, target_id=change.key, written=False, notices=(Text("It was moved elsewhere."),))
        mails = len(self.world.mails)
        if wanted.status and wanted.status != order.status:
            self.world.move(order, wanted.status)
        if wanted.message and (change.key, wanted.message) not in self.world.mails:
            self.world.mails.append((change.key, wanted.message))
        return Put(key=change.key, target_id=change.key, written=len(self.world.mails) > mails)

    def receive(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        if not hmac.compare_digest(signature(self.world.secret, body), headers.get("X-Signature", "")):
            raise Forged
        return Hint(Register.ORDERS, (str(json.loads(body)["id"]),))


def signature(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
