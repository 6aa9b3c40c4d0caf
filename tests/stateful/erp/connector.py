"""An ERP in memory: keeps idempotency keys for an hour, is searched by reference, has one card per customer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from connectors.base import (
    Capabilities,
    CheckReport,
    Connector,
    Document,
    Draft,
    Manifest,
    Option,
    Page,
    Query,
    Reads,
    Register,
    Role,
    Step,
    Writes,
)
from connectors.records import Order, Party, to_json
from sharespine.lib.checkpoints import reach
from tests.stateful.remote import HIDES_FOR, KEYS_LAST, REMOTES, ErpWorld
from tests.twins.goods import ABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(Draft):
    """What is to be written, and for whom."""

    buyer: Party


class System(Connector):
    manifest: ClassVar[Manifest] = Manifest(
        key="stateful_erp",
        name="ERP in memory",
        role=Role.ERP,
        editions=("cloud",),
        api="none",
        options=(Option(key="address", label="Address"),),
    )
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads={**ABLE, Register.STATUS: Reads(by_key_only=True, incremental=False)},
        writes={
            Register.ORDERS: Writes(
                idempotency_window=KEYS_LAST, finds_by_reference=True, index_delay=HIDES_FOR, reserving_kinds=("order",)
            )
        },
        max_in_flight=2,
    )

    @property
    def world(self) -> ErpWorld:
        world = REMOTES[self.options["address"]]
        assert isinstance(world, ErpWorld)
        return world

    def check(self) -> CheckReport:
        self.world.called("check")
        return CheckReport(name=self.world.name)

    def read(self, query: Query) -> Iterator[Page]:
        if query.register is not Register.STATUS:
            yield from self.world.shelf.read(query)
            return
        self.world.called("status")
        yield Page(records=tuple(self.world.progress[key] for key in query.keys if key in self.world.progress))

    def prepare(self, record: Order, *, reference: str) -> Draft:
        self.world.called("prepare", reference)
        reach("erp:prepared")
        step = Step(purpose="Create the order", method="POST", path="/orders", body={"buyer": to_json(record.buyer)})
        return Drawn(
            register=Register.ORDERS,
            reference=reference,
            steps=(step,),
            total=record.total,
            total_vat=record.total_vat,
            currency=record.currency,
            buyer=record.buyer,
        )

    def write(self, draft: Draft, *, key: str) -> Document:
        assert isinstance(draft, Drawn)
        document = Document(
            kind=self.world.kind,
            target_id="",
            reference=draft.reference,
            total=draft.total,
            total_vat=draft.total_vat,
            currency=draft.currency,
        )
        return self.world.write(document, draft.buyer, key=key)

    def find(self, register: Register, references: Sequence[str]) -> Mapping[str, tuple[Document, ...]]:
        self.world.called("find", ",".join(references))
        found = {reference: self.world.find(reference) for reference in references}
        reach("erp:found")
        return {reference: documents for reference, documents in found.items() if documents}
