"""A shop in memory, read by modification time in pages of three."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import ClassVar

from connectors.base import (
    Capabilities,
    Change,
    CheckReport,
    Choice,
    Connector,
    Manifest,
    Option,
    Page,
    Put,
    Query,
    Reads,
    Register,
    Role,
    Writes,
)
from connectors.errors import Missing
from connectors.progress import OrderStatus
from sharespine.lib.text import Text
from tests.twins.goods import ABLE, able_to_write
from tests.twins.world import WORLDS, World


class System(Connector):
    manifest: ClassVar[Manifest] = Manifest(
        key="twin_shop",
        name="Twin shop",
        role=Role.SHOP,
        editions=("cloud",),
        api="none",
        options=(Option(key="address", label="Address"),),
    )
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads={Register.ORDERS: Reads(page_size=3, overlap=timedelta(seconds=10), extra_fields=True), **ABLE},
        writes={**able_to_write(), Register.STATUS: Writes(batch_size=3)},
        max_in_flight=2,
    )

    @property
    def world(self) -> World:
        return WORLDS[self.options["address"]]

    def check(self) -> CheckReport:
        self.world.on_read()
        statuses = (Choice("processing", "Processing"), Choice("completed", "Completed"))
        return CheckReport(name="Twin shop", choices={"statuses": statuses})

    def read(self, query: Query) -> Iterator[Page]:
        if query.register is not Register.ORDERS:
            yield from self.world.in_shop.read(query)
            return
        self.world.reads.append(query.modified_since)
        orders = sorted(self.world.orders.values(), key=lambda order: (order.modified_at, order.source_id))
        orders = [o for o in orders if query.modified_since is None or o.modified_at >= query.modified_since]
        orders = [o for o in orders if not query.source_ids or o.source_id in query.source_ids]
        for start in range(0, len(orders), 3):
            self.world.on_read()
            records = tuple(orders[start : start + 3])
            yield Page(records=records, reached=None if query.source_ids else records[-1].modified_at)
        if not orders:
            self.world.on_read()

    def put(self, register: Register, changes: Sequence[Change]) -> Sequence[Put]:
        if register is not Register.STATUS:
            return self.world.in_shop.put(register, changes)
        return [self._moved(change) for change in changes]

    def _moved(self, change: Change) -> Put:
        self.world.before_write(change.key)
        wanted, order = change.record, self.world.orders.get(change.key)
        assert isinstance(wanted, OrderStatus)
        if order is None:
            return Put(key=change.key, error=Missing())
        if order.status not in (*wanted.replaces, wanted.status):
            return Put(key=change.key, target_id=change.key, written=False, notices=(Text("It was moved elsewhere."),))
        entry = (change.key, wanted.status, wanted.message)
        if entry in self.world.told:
            return Put(key=change.key, target_id=change.key, written=False)
        self.world.told.append(entry)
        if wanted.status:
            self.world.change(change.key, status=wanted.status, cancelled=wanted.status == "cancelled")
        self.world.after_write(change.key)
        return Put(key=change.key, target_id=change.key)
