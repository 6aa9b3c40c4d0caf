"""A draft carried out: customer, articles, document; then the answer's total is compared with what it has to be."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

from connectors.base import Document, Draft
from connectors.economic.agreement import Agreement, Row, organisation_digits
from connectors.economic.articles import product_body
from connectors.economic.cutting import Cutter
from connectors.economic.finding import document_from, find_documents, missing_field
from connectors.economic.mapping import CREATE_CUSTOMER, CREATE_PRODUCT, PATHS, line_body
from connectors.economic.parties import Identity
from connectors.economic.rows import rounding_row
from connectors.economic.sending import Deadline, Sender, row_of
from connectors.economic.settings import Settings
from connectors.errors import ConnectorError, InvalidRecord, Missing, RejectedError
from connectors.http import Transport
from sharespine.lib.money import ZERO
from sharespine.lib.text import N_, Amount, Text, TextValue

NUMBERS = {"order": "orderNumber", "invoice": "draftInvoiceNumber"}

#: Seconds for a whole write. The engine's claim lasts little longer, and it must know the outcome while it holds it.
_SECONDS = 15.0
#: What the document itself is given at least: below that it is not sent at all.
_FOR_THE_DOCUMENT = 6.0


class Locks:
    """One at a time makes the same customer or article. Striped: two different ones rarely wait for each other."""

    def __init__(self) -> None:
        self._locks = tuple(threading.Lock() for _ in range(64))

    @contextmanager
    def of(self, *names: str) -> Iterator[None]:
        """Hold all of `names`. Taken in one order, so that nobody waits in a circle."""
        with ExitStack() as held:
            for place in sorted({hash(name.casefold()) % len(self._locks) for name in names}):
                held.enter_context(self._locks[place])
            yield


class Writing:
    """One draft on its way. `key` is the same for every attempt at it."""

    def __init__(
        self, draft: Draft, key: str, *, transport: Transport, agreement: Agreement, settings: Settings, locks: Locks
    ) -> None:
        self.draft = draft
        self.key = key
        self.agreement = agreement
        self.settings = settings
        self.locks = locks
        self.transport = transport
        self.deadline = Deadline.after(_SECONDS)
        self.sender = Sender(transport, self.deadline)
        self.notices = list(draft.notices)
        self.kind = next(kind for kind, path in PATHS.items() if path == draft.steps[-1].path)
        #: The document, when an earlier attempt made it and it is no open draft any more.
        self.moved_on: Document | None = None

    def carry_out(self) -> Document:
        """Raises `InvalidRecord` when the total would differ; then nothing remains of the document."""
        body = dict(self.draft.steps[-1].body)
        try:
            for step in self.draft.steps[:-1]:
                if step.purpose == CREATE_CUSTOMER:
                    body["customer"] = {"customerNumber": self._customer(step.body)}
                elif step.purpose == CREATE_PRODUCT:
                    self._product(step.body)
            self.deadline.require(_FOR_THE_DOCUMENT)
        except ConnectorError as error:
            # Whatever became of customer or article: the document was not sent, and either is looked for again next time.
            error.outcome_unknown = False
            raise
        path = PATHS[self.kind]
        try:
            created = self.sender.create(path, body, self.key, still_there=self._document_still_there)
        except RejectedError:
            self.agreement.forget_products(line["product"]["productNumber"] for line in body["lines"])
            self.agreement.forget_customers()
            raise
        return self._settled(created.row, body)

    def complete(self, document: Document) -> Document:
        """Make the rounding row of our own open draft fit, if that is all it lacks. Anything else is left as it is."""
        if document.kind != self.kind or abs(self.draft.total - document.total) > self.settings.tolerance:
            return document
        row = self._get(f"{PATHS[self.kind]}/{document.target_id}")
        if row is None or (row.get("references") or {}).get("other") != self.draft.reference:
            # It has moved on since.
            return document
        return self._settled(row, {**self.draft.steps[-1].body, "customer": row.get("customer")})

    def _customer(self, body: Mapping[str, Any]) -> int:
        """The number of the customer to create. Another order may have created it since the draft was made.

        Only one of this run: the engine never has two orders of one buyer under way at once, so nobody else creates it.
        """
        organisation_number = str(body.get("corporateIdentificationNumber", ""))
        email = str(body.get("email", ""))
        number = str(body.get("customerNumber", ""))
        identity = Identity.of(self.settings, number=number, email=email, organisation_number=organisation_number)
        # Two orders of one buyer may have but one of these in common.
        with self.locks.of(
            *(f"customer {value}" for value in (organisation_digits(organisation_number), email, number) if value)
        ):
            known = self.agreement.known_customer(identity.ways)
            if known is not None:
                return known
            created = self.sender.create(
                "/customers", body, f"{self.key}:customer", still_there=lambda row: self._customer_still_there(row, body)
            )
            number_given = created.row.get("customerNumber")
            if not isinstance(number_given, int):
                raise missing_field("customerNumber")
            self.agreement.remember_customer({**body, **created.row})
        return number_given

    def _customer_still_there(self, row: Row, body: Mapping[str, Any]) -> Row | None:
        """Freed numbers are given out again (verified August 2026), so the number alone proves nothing."""
        current = self._get(f"/customers/{row.get('customerNumber')}")
        same = current is not None and all(current.get(name) == body.get(name) for name in ("name", "email"))
        return current if same else None

    def _product(self, body: Mapping[str, Any]) -> None:
        number = str(body["productNumber"])
        with self.locks.of(f"product {number}"):
            if self.agreement.knows_product(number):
                return
            try:
                created = self.sender.create("/products", body, f"{self.key}:product:{number}", still_there=lambda row: row)
            except RejectedError:
                # Somebody else may have made it in the meantime, and that is as good. The code for it is not recorded.
                if self.agreement.products([number]):
                    return
                raise
            self.agreement.remember_product(created.row)

    def _document_still_there(self, row: Row) -> Row | None:
        """The document as it is now, which e-conomic remembers to have created for this key. None when it is gone."""
        number = NUMBERS[self.kind]
        current = self._get(f"{PATHS[self.kind]}/{row.get(number)}")
        if current is not None and (current.get("references") or {}).get("other") == self.draft.reference:
            return current
        found = find_documents([self.draft.reference], self.agreement).get(self.draft.reference, ())
        # Sent, invoiced or booked: no longer ours to correct. PUT would even make a new draft under the old number.
        self.moved_on = found[0] if found else None
        return row if found else None

    def _get(self, path: str) -> Row | None:
        try:
            return row_of(self.transport.request("GET", path, limits=self.deadline.limits()))
        except Missing:
            return None

    def _settled(self, row: Row, body: Mapping[str, Any]) -> Document:
        """The document, its total being right. Raises `InvalidRecord` when that cannot be, and then it has been deleted."""
        try:
            return self._made_right(row, body)
        except RejectedError:
            raise
        except ConnectorError as error:
            # The document exists, whatever this was.
            error.outcome_unknown = True
            raise

    def _made_right(self, row: Row, body: Mapping[str, Any]) -> Document:
        """ASSUMED: POST answers like GET (recorded for other resources)."""
        document = self.moved_on or document_from(row, self.kind, NUMBERS[self.kind])
        if document.total != self.draft.total and self.moved_on is None:
            document = self._corrected(document, body)
        return replace(document, reference=self.draft.reference, notices=(*self.notices, *document.notices))

    def _corrected(self, document: Document, body: Mapping[str, Any]) -> Document:
        """The document once its rounding row was made to fit. e-conomic rounds VAT in a way that nobody has documented.

        PUT replaces the whole document, so sending it again changes nothing. Neither it nor DELETE carries a key: numbers are
        given out again, and a kept answer would be about another document.
        """
        path = f"{PATHS[self.kind]}/{document.target_id}"
        difference = self.draft.total - document.total
        try:
            again = self._with_rounding(body, difference, document)
            if again is not None:
                answer = self.sender.change("PUT", path, again)
                corrected = document_from(row_of(answer), self.kind, NUMBERS[self.kind])
                if corrected.total == self.draft.total:
                    self._tell_rounding(difference)
                    return corrected
        except RejectedError:
            # Refused: the draft stands as it was, with the wrong total.
            self._delete(path, document)
            raise
        self._delete(path, document)
        text = N_(
            "e-conomic adds the order up to %(there)s (VAT %(vat_there)s), and it is %(total)s in the shop. The "
            "difference of %(difference)s may not be rounded, so the draft was deleted again. Correct the VAT of the rows or "
            "the product groups of the articles, then press Retry."
        )
        raise InvalidRecord(
            Text(
                text,
                {
                    "there": Amount(document.total, document.currency),
                    "vat_there": Amount(document.total_vat, document.currency),
                    "total": Amount(self.draft.total, self.draft.currency),
                    "difference": Amount(difference, self.draft.currency),
                },
            )
        )

    def _with_rounding(self, body: Mapping[str, Any], difference: Decimal, document: Document) -> dict[str, Any] | None:
        """The body with a rounding row that takes up `difference` as well. None when that is more than may be rounded."""
        article = self.settings.rounding_article
        lines = [dict(line) for line in body["lines"]]
        rounding = lines.pop() if lines and lines[-1]["product"]["productNumber"].casefold() == article.casefold() else None
        amount = difference + (rounding["unitNetPrice"] if rounding else ZERO)
        most = self.settings.tolerance
        off = abs(document.total_vat - self.draft.total_vat)
        if not self.settings.rounding_row or not article or abs(amount) > most or off > most:
            return None
        if amount:
            row = rounding_row(amount, self.settings)
            cutter = Cutter()
            if not self.agreement.products([article]):
                self._product(product_body(row, self.settings, cutter, in_base_currency=False))
            number = str(self.agreement.products([article]).get(article, {}).get("productNumber", article))
            lines.append(line_body(row, len(lines) + 1, self.settings, cutter, number=number))
        return {**body, "lines": lines}

    def _tell_rounding(self, difference: Decimal) -> None:
        text = N_("e-conomic rounded the VAT another way: the rounding row was changed by %(difference)s.")
        self.notices.append(Text(text, {"difference": Amount(difference, self.draft.currency)}))

    def _delete(self, path: str, document: Document) -> None:
        try:
            self.sender.change("DELETE", path)
        except Missing:
            return
        except RejectedError as error:
            text = N_(
                "e-conomic adds draft %(number)s up to %(there)s, and the order is %(total)s in the shop. We could not delete "
                "the draft. Delete it there, then press Retry."
            )
            values: dict[str, TextValue] = {
                "number": document.target_id,
                "there": Amount(document.total, document.currency),
                "total": Amount(self.draft.total, self.draft.currency),
            }
            raise InvalidRecord(Text(text, values), evidence=error.evidence) from None
