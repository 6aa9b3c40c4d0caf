"""The house with articles: two shops that take their range, prices and stock from one ERP, and sell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from connectors.base import Document, Register
from connectors.progress import Milestone, Progress
from flows.models import Flow, Item
from sharespine.lib.money import ZERO
from tests.stateful.house import MACHINES, MINUTE, House, Placed, order_of
from tests.stateful.remote import ErpWorld

#: The shops that sell what the ERP has, and the ERP.
SHOPS, ERP = ("wool", "silk"), "books"
#: Numbers that an article may have or get.
NUMBERS = ("A-1", "A-2", "A-3", "B-1", "ö-4")
REGISTERS = (Register.PRODUCTS, Register.PRICES, Register.STOCK)
#: So long, an order that nobody pays for is counted.
UNPAID = timedelta(days=14)


class Market(House):
    """A house whose orders have articles, and whose articles have flows of their own."""

    def _configure(self) -> dict[str, int]:
        flows = super()._configure()
        Flow.objects.filter(pk=flows["iron"]).update(state=Flow.State.PAUSED)
        self.others: dict[tuple[str, Register], int] = {}
        for name in SHOPS:
            beside = Flow.objects.get(pk=flows[name])
            for register in (*REGISTERS, Register.STATUS):
                self.others[name, register] = Flow.objects.create(
                    connection=beside.connection,
                    shop=beside.shop,
                    register=register,
                    direction=Flow.Direction.TO_SHOP,
                    state=Flow.State.ACTIVE if register is not Register.STATUS else Flow.State.PAUSED,
                ).pk
        self.erp.on_document = self._counted
        for number in NUMBERS[:3]:
            self.erp.shelf.add(number, quantity=Decimal(10), regular=Decimal("80.00"))
        return flows

    @property
    def erp(self) -> ErpWorld:
        return self.erps[ERP]

    def other(self, shop: str, register: Register) -> Flow:
        return Flow.objects.get(pk=self.others[shop, register])

    def only(self, *registers: Register) -> None:
        """Other flows than these and those of orders stay paused for good."""
        for (shop, register), pk in list(self.others.items()):
            if register not in registers:
                Flow.objects.filter(pk=pk).delete()
                del self.others[shop, register]
        for pk in self.others.values():
            Flow.objects.filter(pk=pk).update(state=Flow.State.ACTIVE)

    # --- in the shops -----------------------------------------------------------------------------------------------------

    def sell(self, shop: str, rows: Mapping[str, int], *, status: str = "processing", **changes: str) -> Placed | None:
        """A buyer orders `rows` of what the shop offers; None when there is not so much of it."""
        shelf = self.shops[shop].shelf
        for number, quantity in rows.items():
            held = shelf.find(number)
            if held is None or held.quantity < quantity:
                return None
        plain = order_of(f"{125 * len(rows)}.00")
        line = order_of("125.00").lines[0]
        lines = tuple(
            replace(line, source_id=str(n), article_number=number, quantity=Decimal(quantity))
            for n, (number, quantity) in enumerate(rows.items(), 1)
        )
        order = self.place(shop, total=str(plain.total), status=status, lines=lines, **changes)
        for number, quantity in rows.items():
            shelf.move(number, Decimal(-quantity))
        return order

    def cancel(self, order: Placed) -> None:
        """The buyer cancels, and the shop takes back into stock what it has of it still."""
        world = self.shops[order.shop]
        now = world.orders.get(order.source_id)
        if now is None or now.cancelled:
            return
        world.put(replace(now, status="cancelled", cancelled=True))
        for line in now.lines:
            world.shelf.move(line.article_number, line.quantity)

    # --- in the ERP -------------------------------------------------------------------------------------------------------

    def rows_of(self, reference: str) -> Mapping[str, Decimal]:
        code, _, source_id = reference.partition("-")
        order = self.shops[code.lower()].orders[source_id]
        return {line.article_number: line.quantity for line in order.lines}

    def _counted(self, document: Document) -> None:
        if document.kind == "order":
            self.count(document.reference)

    def count(self, reference: str) -> None:
        """From now on the stock of the ERP counts this document."""
        if reference in self.erp.shelf.counted:
            return
        self.erp.shelf.counted.add(reference)
        for number, quantity in self.rows_of(reference).items():
            self.erp.shelf.move(number, -quantity)

    def pass_(self, reference: str, milestone: Milestone) -> None:
        """The bookkeeper does this to a document. What is invoiced is counted, whatever it was before."""
        before = self.erp.progress.get(reference)
        passed = before.milestones if before else ()
        if milestone in passed:
            return
        document = self.erp.of_reference(reference)[0]
        self.erp.progress[reference] = Progress(
            source_id=document.target_id, reference=reference, milestones=(*passed, milestone)
        )
        if milestone in (Milestone.INVOICED, Milestone.PAID):
            self.count(reference)

    # --- what is to be ----------------------------------------------------------------------------------------------------

    def uncounted(self, number: str) -> Decimal:
        """What is sold and the ERP does not count, of orders that hold: paid, or not yet and placed within a fortnight."""
        sold = ZERO
        for name in SHOPS:
            for order in self.shops[name].orders.values():
                young = order.placed_at > self.clock.true - UNPAID
                if order.cancelled or f"{name.upper()}-{order.source_id}" in self.erp.shelf.counted:
                    continue
                if young or order.status != "pending":
                    sold += sum((ln.quantity for ln in order.lines if ln.article_number.casefold() == number.casefold()), ZERO)
        return sold

    def mend_everything(self) -> None:
        super().mend_everything()
        Flow.objects.filter(pk=self.flows["iron"]).update(state=Flow.State.PAUSED)

    def busy(self) -> bool:
        articles = Item.objects.exclude(flow__register=Register.STATUS).filter(due_at__isnull=False).exists()
        return articles or super().busy()

    def rest(self, *, rounds: int = 4, every: timedelta = 20 * MINUTE) -> None:
        """So many rounds of all workers, and then until nothing is left to do by itself."""
        for _ in range(rounds):
            self.tick(MACHINES[0])
            self.work(MACHINES[0])
            self.clock.advance(every)
        self.settle()
