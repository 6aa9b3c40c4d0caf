"""An ERP in memory that keeps idempotency keys and finds by reference, unless its world says otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from connectors.base import (
    Capabilities,
    Change,
    CheckReport,
    Connector,
    Document,
    Draft,
    Manifest,
    Option,
    Page,
    Put,
    Query,
    Reads,
    Register,
    Role,
    Step,
    Writes,
)
from connectors.records import Order
from connectors.targets import Kind, TargetField
from tests.twins.goods import ABLE, able_to_write
from tests.twins.world import WORLDS, World

#: What a field mapping may fill.
TARGETS = (
    TargetField(key="heading", label="Heading", longest=250),
    TargetField(key="terms", label="Terms", kind=Kind.NUMBER),
    TargetField(key="line_text", label="Row text", per_line=True),
)


class System(Connector):
    manifest: ClassVar[Manifest] = Manifest(
        key="twin_erp",
        name="Twin ERP",
        role=Role.ERP,
        editions=("cloud",),
        api="none",
        options=(Option(key="address", label="Address"),),
    )
    capabilities: ClassVar[Capabilities] = Capabilities(
        reads={**ABLE, Register.STATUS: Reads(by_key_only=True, incremental=False)},
        writes={
            Register.ORDERS: Writes(
                idempotency_window=timedelta(hours=1),
                finds_by_reference=True,
                credits=True,
                reserving_kinds=("order",),
                target_fields=TARGETS,
            ),
            **able_to_write(0),
        },
        max_in_flight=4,
    )

    @property
    def world(self) -> World:
        return WORLDS[self.options["address"]]

    def check(self) -> CheckReport:
        return CheckReport(name="Twin ERP")

    def read(self, query: Query) -> Iterator[Page]:
        if query.register is not Register.STATUS:
            yield from self.world.in_erp.read(query)
            return
        self.world.on_find()
        yield Page(records=tuple(self.world.progress[key] for key in query.keys if key in self.world.progress))

    def put(self, register: Register, changes: Sequence[Change]) -> Sequence[Put]:
        return self.world.in_erp.put(register, changes)

    def prepare(self, record: Order, *, reference: str) -> Draft:
        self.world.on_prepare(record)
        body: dict[str, Any] = {"reference": reference, **dict(record.mapped)}
        if any(line.mapped for line in record.lines):
            body["lines"] = [dict(line.mapped) for line in record.lines]
        step = Step(purpose="Create the order", method="POST", path="/orders", body=body)
        return Draft(
            register=Register.ORDERS,
            reference=reference,
            steps=(step,),
            total=record.total,
            total_vat=record.total_vat,
            currency=record.currency,
        )

    def write(self, draft: Draft, *, key: str) -> Document:
        self.world.before_write(draft.reference)
        with self.world.lock:
            self.world.writes.append(draft.reference)
            if not (self.world.keeps_keys and key in self.world.keys):
                document = Document(
                    kind="order",
                    target_id=str(len(self.world.documents) + 1),
                    reference=draft.reference,
                    total=draft.total,
                    total_vat=draft.total_vat,
                    currency=draft.currency,
                )
                self.world.documents.append(document)
                self.world.keys[key] = document
            document = self.world.keys[key]
        self.world.after_write(draft.reference)
        return document

    def find(self, register: Register, references: Sequence[str]) -> Mapping[str, tuple[Document, ...]]:
        self.world.on_find()
        self.world.finds.append(list(references))
        found = {r: tuple(d for d in self.world.documents if d.reference == r) for r in references}
        return {reference: documents for reference, documents in found.items() if documents}
