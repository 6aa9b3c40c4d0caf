"""A shop in memory, read by modification time in pages of three."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

from connectors.base import Capabilities, CheckReport, Choice, Connector, Manifest, Option, Page, Query, Reads, Register, Role
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
        reads={Register.ORDERS: Reads(page_size=3, overlap=timedelta(seconds=10))}, max_in_flight=2
    )

    @property
    def world(self) -> World:
        return WORLDS[self.options["address"]]

    def check(self) -> CheckReport:
        self.world.on_read()
        statuses = (Choice("processing", "Processing"), Choice("completed", "Completed"))
        return CheckReport(name="Twin shop", choices={"statuses": statuses})

    def read(self, query: Query) -> Iterator[Page]:
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
