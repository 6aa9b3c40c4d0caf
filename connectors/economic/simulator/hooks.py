"""What people do in e-conomic by hand, for tests and for the demo; and what they see there."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from connectors.economic.simulator.agreement import Agreement, Held
from connectors.economic.simulator.documents import held
from connectors.economic.simulator.stock import count
from connectors.economic.simulator.totals import MODES
from connectors.progress import Milestone
from connectors.sandbox import Sandbox, SeenDocument, SeenLine


class Hooks(Sandbox):
    """The bookkeeper's side of the simulator. `agreement` is its whole state."""

    agreement: Agreement

    def add_product(self, number: str, name: str = "", *, group: int = 1, barred: bool = False, price: str = "0") -> None:
        """An article of product group `group` (1: 25 %, 2: 12 %, 3: 6 %, 4: 0 %). `price` is in kronor, without VAT."""
        with self.lock:
            self.agreement.products[number.casefold()] = {
                "productNumber": number,
                "name": name or number,
                "salesPrice": Decimal(price).quantize(Decimal("0.01")),
                "barred": barred,
                "lastUpdated": self.now().strftime("%Y-%m-%dT%H:%M:00Z"),
                "productGroup": {"productGroupNumber": group},
            }

    def add_customer(self, name: str, *, number: int | None = None, **fields: Any) -> int:
        """A customer; `fields` are e-conomic's own (email, corporateIdentificationNumber, barred …). Returns its number."""
        with self.lock:
            number = number or self.agreement.next_customer()
            self.agreement.customers[number] = {
                "customerNumber": number,
                "currency": self.agreement.base_currency,
                "customerGroup": {"customerGroupNumber": 1},
                "vatZone": {"vatZoneNumber": 1},
                "paymentTerms": {"paymentTermsNumber": 1},
                "name": name,
                "lastUpdated": self.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                **fields,
            }
            return number

    def bar_product(self, number: str, *, barred: bool = True) -> None:
        with self.lock:
            products = self.agreement.products
            products[number.casefold()] = {**products[number.casefold()], "barred": barred}

    def bar_customer(self, number: int, *, barred: bool = True) -> None:
        with self.lock:
            self.agreement.customers[number] = {**self.agreement.customers[number], "barred": barred}

    def close_year(self, year: int) -> None:
        with self.lock:
            self.agreement.closed_years.add(year)

    def open_year(self, year: int) -> None:
        with self.lock:
            self.agreement.closed_years.discard(year)

    def round_vat(self, mode: str) -> None:
        """Round VAT another way from now on; one of `totals.MODES`."""
        if mode not in MODES:
            raise ValueError(f"no such way of rounding: {mode!r}")
        with self.lock:
            self.agreement.rounding = mode

    def send_order(self, number: int) -> None:
        """Register an order as sent: it is locked from now on."""
        with self.lock:
            self._one("order", "drafts", number).state = "sent"

    def invoice_order(self, number: int) -> int:
        """Make an invoice draft of an order and return its number. A sent order is archived, an open one is gone."""
        with self.lock:
            order = next(
                d for d in self.agreement.documents if d.kind == "order" and d.number == number and d.state != "archived"
            )
            invoice = held("invoice", order.body, self.agreement, number=self.agreement.next_document("invoice"), at=self.now())
            if order.state == "sent":
                order.state = "archived"
            else:
                self.agreement.documents.remove(order)
            self.agreement.documents.append(invoice)
            count(order, self.agreement, self.now())
            return invoice.number

    def book_invoice(self, number: int) -> int:
        """Book an invoice draft and return the invoice's number. It cannot be undone."""
        with self.lock:
            return self._booked(self._one("invoice", "drafts", number)).number

    def pay_invoice(self, number: int, amount: Decimal | None = None) -> None:
        """A customer pays a booked invoice: `amount` of it, in its currency, or all that remains."""
        with self.lock:
            invoice = self._one("invoice", "booked", number)
            invoice.paid += invoice.totals.gross - invoice.paid if amount is None else amount

    def advance(self, reference: str, milestone: Milestone) -> None:
        """The bookkeeper does this to the document that carries `reference`; what has to come before it is done too.

        There are no deliveries: an order is marked as sent. Cancelled is deleted.
        """
        with self.lock:
            document = [d for d in self.agreement.documents if d.reference == reference][-1]
            if milestone is Milestone.CANCELLED:
                self.delete_document(document.kind, document.number)
            elif milestone is Milestone.DELIVERED and document.kind == "order":
                self.send_order(document.number)
            else:
                draft = self.invoice_order(document.number) if document.kind == "order" else document.number
                booked = self.book_invoice(draft) if document.state != "booked" else document.number
                if milestone is Milestone.PAID:
                    self.pay_invoice(booked)

    def delete_document(self, kind: str, number: int) -> None:
        """Delete a draft, or a sent order (which is archived then)."""
        with self.lock:
            document = next(
                d for d in self.agreement.documents if d.kind == kind and d.number == number and d.state != "booked"
            )
            if document.state == "sent":
                document.state = "archived"
            else:
                self.agreement.documents.remove(document)
            count(document, self.agreement, self.now())

    def documents(self) -> list[SeenDocument]:
        """Every order and invoice there is, in the order they were made."""
        with self.lock:
            return [_seen(document) for document in self.agreement.documents]

    def _booked(self, draft: Held, number: int | None = None) -> Held:
        draft.draft_number, draft.number = draft.number, number or self.agreement.next_document("booked")
        draft.state, draft.changed_at = "booked", self.now()
        count(draft, self.agreement, self.now())
        return draft

    def _one(self, kind: str, state: str, number: int) -> Held:
        return next(d for d in self.agreement.held(kind, state) if d.number == number)

    def _visible(self, document: Held, delay: float) -> bool:
        """Whether collections show the document yet; ASSUMED to be at once, unless a test says otherwise."""
        return self.now() - document.created_at >= timedelta(seconds=delay)


def _seen(document: Held) -> SeenDocument:
    lines = tuple(
        SeenLine(
            article_number=str((line.get("product") or {}).get("productNumber", "")),
            description=str(line.get("description", "")),
            quantity=Decimal(line.get("quantity", 0)),
            net=net,
        )
        for line, (net, _) in zip(document.body.get("lines", []), document.totals.lines, strict=True)
    )
    return SeenDocument(
        kind=document.kind,
        target_id=str(document.number),
        reference=document.reference,
        total=document.totals.gross,
        total_vat=document.totals.vat,
        currency=str(document.body["currency"]).upper(),
        lines=lines,
    )
