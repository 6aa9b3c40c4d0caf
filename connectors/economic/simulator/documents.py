"""Orders and invoices: accepted, added up, and shown as the live server shows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.economic.simulator.agreement import EXCHANGE, Agreement, Held, Row, rate
from connectors.economic.simulator.references import broken_references
from connectors.economic.simulator.totals import Totals, add_up, line_net, rounded
from connectors.economic.simulator.validation import Problem

NUMBER = {"order": "orderNumber", "invoice": "draftInvoiceNumber"}

#: What a body may not set. It is read back from what the server has worked out.
_COMPUTED = frozenset({"lines", "orderNumber", "draftInvoiceNumber", "dueDate", "self"})


def document_problems(body: Row, agreement: Agreement) -> list[Problem]:
    """What the server finds wrong with a document whose fields are all of the right kind."""
    return [*broken_references(body, agreement), *_line_problems(body), *_date_problems(body, agreement)]


def _line_problems(body: Row) -> Iterator[Problem]:
    for index, line in enumerate(body.get("lines", [])):
        here = ("lines", index)
        if "product" in line and "quantity" not in line:
            yield Problem((*here, "quantity"), "Property quantity must have a value when product is set", "E04730")
        if "product" not in line and ("quantity" in line or "unitNetPrice" in line):
            # The wording is not recorded; that such a line is refused is (August 2026).
            yield Problem((*here, "product"), "A product is needed when quantity or unitNetPrice is set", "E04730")
        if "product" in line and not line.get("description"):
            yield Problem((*here, "description"), "Property description must have a value when product is set", "E04730")


def _date_problems(body: Row, agreement: Agreement) -> Iterator[Problem]:
    day = date.fromisoformat(body["date"])
    if day.year in agreement.closed_years:
        # Code and words are recorded; their place in the body is ASSUMED.
        yield Problem(("date",), "Perioden er spærret.", "E04041", body["date"])
    number = body["paymentTerms"].get("paymentTermsNumber")
    if agreement.exists("payment-terms", number) and agreement.row("payment-terms", number)["paymentTermsType"] == "dueDate":
        if "dueDate" not in body:
            yield Problem(("dueDate",), "Property dueDate must have a value", "E04042")
        elif body["dueDate"] < body["date"]:
            yield Problem(("dueDate",), "dueDate cannot be earlier than date", "E04760", body["dueDate"])


def totals_of(body: Row, agreement: Agreement) -> Totals:
    """VAT comes from VAT zone and product group; totals in the body are ignored."""
    zone = body["recipient"]["vatZone"].get("vatZoneNumber", 0)
    lines: list[tuple[Decimal, Decimal]] = []
    for line in body.get("lines", []):
        net = line_net(*(Decimal(line.get(name, 0)) for name in ("quantity", "unitNetPrice", "discountPercentage")))
        product = agreement.products.get(str((line.get("product") or {}).get("productNumber", "")).casefold())
        group = product["productGroup"]["productGroupNumber"] if product else 0
        lines.append((net, rate(zone, group)))
    return add_up(lines, agreement.rounding)


def address_of(document: Held) -> str:
    return f"/{document.kind}s/{document.state}/{document.number}"


def shown(document: Held, agreement: Agreement, base: str, *, lines: bool = True) -> Row:
    """The document as GET answers it; collections leave the lines out."""
    body, totals = document.body, document.totals
    here = base + address_of(document)
    exchange = EXCHANGE.get(body["currency"], Decimal(100))
    row: Row = {}
    if document.state == "booked":
        row |= {"bookedInvoiceNumber": document.number, "orderNumber": document.draft_number}
    else:
        row[NUMBER[document.kind]] = document.number
    row |= {key: value for key, value in body.items() if key not in _COMPUTED}
    if lines:
        row["lines"] = [
            _shown_line(line, net, vat_rate, booked=document.state == "booked")
            for line, (net, vat_rate) in zip(body.get("lines", []), totals.lines, strict=True)
        ]
    handle = "orderHandle" if document.kind == "order" else "currentInvoiceHandle"
    row |= {
        "exchangeRate": exchange.quantize(Decimal("0.000001")),
        "netAmount": totals.net.quantize(Decimal("0.000001")),
        "netAmountInBaseCurrency": rounded(totals.net * exchange / 100),
        "grossAmount": totals.gross,
        "grossAmountInBaseCurrency": rounded(totals.gross * exchange / 100),
        "marginInBaseCurrency": rounded(totals.net * exchange / 100),
        "marginPercentage": Decimal("100.00") if totals.net else Decimal("0.00"),
        "vatAmount": totals.vat.quantize(Decimal("0.000001")),
        "roundingAmount": Decimal("0.00"),
        "costPriceInBaseCurrency": Decimal("0.0000"),
        "dueDate": _due(body, agreement),
        "soap": {handle: {"id": document.handle}},
        "pdf": {"download": f"{here}/pdf"},
        "self": here,
    }
    if document.state == "booked":
        row |= {"remainder": totals.gross - document.paid}
        row["remainderInBaseCurrency"] = rounded(row["remainder"] * exchange / 100)
    elif document.state in ("drafts", "sent"):
        row["lastUpdated"] = document.changed_at.strftime("%Y-%m-%dT%H:%M:00Z")
    return row


def _shown_line(line: Row, net: Decimal, vat_rate: Decimal, *, booked: bool) -> Row:
    row = dict(line)
    for name in ("quantity", "unitNetPrice", "discountPercentage", "unitCostPrice"):
        row[name] = Decimal(line.get(name, 0)).quantize(Decimal("0.01"))
    row.setdefault("sortKey", row.get("lineNumber", 1))
    row["totalNetAmount"] = net
    if booked:
        row |= {
            "vatRate": vat_rate.quantize(Decimal("0.00000001")),
            "vatAmount": (net * vat_rate / 100).quantize(Decimal("0.0001")),
        }
    return row


def _due(body: Row, agreement: Agreement) -> Any:
    terms = agreement.row("payment-terms", body["paymentTerms"]["paymentTermsNumber"])
    if terms["paymentTermsType"] == "dueDate":
        return body["dueDate"]
    return (date.fromisoformat(body["date"]) + timedelta(days=terms["daysOfCredit"])).isoformat()


def upgrade_body(document: Held, agreement: Agreement, base: str) -> Row:
    """What has to be posted to /invoices/drafts to make an invoice of an order. ASSUMED: the order without its numbers."""
    row = shown(document, agreement, base)
    return {name: row[name] for name in document.body if name in row and name != "orderNumber"}


def held(kind: str, body: Row, agreement: Agreement, *, number: int, at: datetime) -> Held:
    agreement.handles += 1
    return Held(kind, number, agreement.handles, "drafts", body, at, at, totals_of(body, agreement))
