"""Documents found again by our reference, whatever has become of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from connectors.base import Document
from connectors.economic.agreement import Agreement, Row
from connectors.economic.queries import one_of
from connectors.errors import ContractChanged
from sharespine.lib.money import decimal, is_cents
from sharespine.lib.text import N_, Text

ORDERS_SENT = "/orders/sent"
ORDERS_ARCHIVED = "/orders/archived"
INVOICES_BOOKED = "/invoices/booked"

#: Where a document can be: path, kind, and the name of its number. Orders keep theirs; an invoice gets one when it is booked.
_PLACES = (
    ("/orders/drafts", "order", "orderNumber"),
    (ORDERS_SENT, "order", "orderNumber"),
    (ORDERS_ARCHIVED, "order", "orderNumber"),
    ("/invoices/drafts", "invoice", "draftInvoiceNumber"),
    (INVOICES_BOOKED, "invoice", "bookedInvoiceNumber"),
)


def find_documents(references: Iterable[str], agreement: Agreement) -> dict[str, tuple[Document, ...]]:
    """All documents that carry one of `references` in `references.other`, the oldest kind of place first."""
    found: dict[str, list[tuple[str, Document]]] = {}
    for place in places_of(references, agreement):
        document = document_from(place.row, place.kind, place.number)
        found.setdefault(document.reference, []).append((place.path, document))
    return {reference: _told_apart(documents) for reference, documents in found.items()}


@dataclass(frozen=True)
class Place:
    """A document where it was found. `number` is the name of its number there."""

    path: str
    kind: str
    number: str
    reference: str
    row: Row


def places_of(references: Iterable[str], agreement: Agreement) -> Iterator[Place]:
    """Every place in which a document carries one of `references`; an order that was invoiced is in two.

    The places in the order that documents move through them: one that moves meanwhile is seen twice, never missed.
    """
    wanted = dict.fromkeys(references)
    for path, kind, number in _PLACES:
        for where in one_of("references.other", wanted):
            for row in agreement.rows(path, where=where, sort=number):
                reference = _reference_of(row)
                # e-conomic compares without regard to case.
                if reference in wanted:
                    yield Place(path, kind, number, reference, row)


def document_from(row: Row, kind: str, number: str, *, notices: tuple[Text, ...] = ()) -> Document:
    """Raises `ContractChanged` when the answer lacks its number or its amounts."""
    customer = row.get("customer")
    target_id = row.get(number)
    if not isinstance(target_id, int):
        raise missing_field(number)
    if number == "bookedInvoiceNumber":
        # The draft's own number is the one that we wrote down (recorded: it comes back as `orderNumber`).
        text = Text(N_("It is booked as invoice %(number)s."), {"number": str(target_id)})
        notices = (*notices, text)
        target_id = row.get("orderNumber") or target_id
    return Document(
        kind=kind,
        target_id=str(target_id),
        reference=_reference_of(row),
        total=amount_of(row, "grossAmount"),
        total_vat=amount_of(row, "vatAmount"),
        currency=str(row.get("currency", "")).upper(),
        party_number=str(customer.get("customerNumber", "")) if isinstance(customer, dict) else "",
        notices=notices,
    )


def _reference_of(row: Row) -> str:
    references = row.get("references")
    return str(references.get("other", "")) if isinstance(references, dict) else ""


def amount_of(row: Row, name: str) -> Decimal:
    """An amount of a document with its two decimals; e-conomic prints some with six."""
    try:
        amount = decimal(row[name])
    except (KeyError, ValueError):
        raise missing_field(name) from None
    return amount.quantize(Decimal("0.01")) if is_cents(amount) else amount


def missing_field(name: str) -> ContractChanged:
    text = N_("e-conomic has answered with a document without %(field)s. Our staff look into it.")
    return ContractChanged(Text(text, {"field": name}))


def _told_apart(documents: list[tuple[str, Document]]) -> tuple[Document, ...]:
    """Each document once. An order that was invoiced is one sale in two places: the order stands for both.

    Seen in two places by the same number, it moved while we looked. ASSUMED: an invoice made of an order keeps its reference.
    """
    once = {(document.kind, document.target_id): document for _, document in documents}
    archived = {document.target_id for path, document in documents if path == ORDERS_ARCHIVED}
    orders = [document for (kind, _), document in once.items() if kind == "order"]
    invoices = [document for (kind, _), document in once.items() if kind == "invoice"]
    made_of_orders = invoices[: len(archived)]
    told = [
        replace(order, notices=(*order.notices, *invoice.notices))
        for order, invoice in zip(orders, made_of_orders, strict=False)
    ]
    return (*told, *orders[len(told) :], *invoices[len(made_of_orders) :])
