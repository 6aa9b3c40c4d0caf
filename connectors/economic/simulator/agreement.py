"""A Swedish agreement with what a bookkeeper has set up in it, and what has been written to it since."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.economic.simulator.totals import Totals

Row = dict[str, Any]

#: VAT in percent by VAT zone and product group. Zone 8 is one of the country-specific zones for OSS: Finland, here.
RATES: dict[int, dict[int, Decimal]] = {
    1: {1: Decimal(25), 2: Decimal(12), 3: Decimal(6), 4: Decimal(0)},
    2: {},
    3: {},
    4: {},
    8: {1: Decimal("25.5"), 2: Decimal("13.5"), 3: Decimal(10), 4: Decimal(0)},
}


def rate(zone: int, group: int) -> Decimal:
    """VAT in percent on a product of `group` sold in `zone`."""
    return RATES.get(zone, {}).get(group, Decimal(0))


_LISTS: dict[str, tuple[str, list[Row]]] = {
    "layouts": (
        "layoutNumber",
        [
            {"layoutNumber": 19, "name": "Svensk faktura", "deleted": False},
            {"layoutNumber": 20, "name": "Webborder", "deleted": False},
            {"layoutNumber": 21, "name": "Gammal layout", "deleted": True},
        ],
    ),
    "payment-terms": (
        "paymentTermsNumber",
        [
            {"paymentTermsNumber": 1, "daysOfCredit": 30, "name": "30 dagar netto", "paymentTermsType": "net"},
            {"paymentTermsNumber": 2, "daysOfCredit": 0, "name": "Kontant", "paymentTermsType": "paidInCash"},
            {"paymentTermsNumber": 3, "daysOfCredit": 0, "name": "Kortbetalning", "paymentTermsType": "creditcard"},
            {"paymentTermsNumber": 4, "daysOfCredit": 14, "name": "Klarna", "paymentTermsType": "net"},
            {"paymentTermsNumber": 5, "daysOfCredit": 0, "name": "Förskott", "paymentTermsType": "prepaid"},
        ],
    ),
    "vat-zones": (
        "vatZoneNumber",
        [
            {"vatZoneNumber": number, "name": name, "enabledForCustomer": True, "enabledForSupplier": number < 8}
            for number, name in ((1, "Domestic"), (2, "EU"), (3, "Abroad"), (4, "Domestic exempt"), (8, "OSS Finland"))
        ],
    ),
    "product-groups": (
        "productGroupNumber",
        [
            {"productGroupNumber": number, "name": name, "inventoryEnabled": False}
            for number, name in ((1, "Varor 25 %"), (2, "Varor 12 %"), (3, "Varor 6 %"), (4, "Momsfritt"))
        ],
    ),
    "customer-groups": (
        "customerGroupNumber",
        [
            {"customerGroupNumber": number, "name": name, "account": {"accountNumber": 1510}}
            for number, name in ((1, "Webbkunder"), (2, "Företag"))
        ],
    ),
    "units": (
        "unitNumber",
        [{"unitNumber": 1, "name": "st"}, {"unitNumber": 2, "name": "kg"}, {"unitNumber": 3, "name": "m"}],
    ),
    "currencies": (
        "code",
        [
            {"code": code, "name": name, "isoNumber": number}
            for code, name, number in (
                ("SEK", "Svenska kronor", "752"),
                ("EUR", "Euro", "978"),
                ("DKK", "Danska kronor", "208"),
                ("NOK", "Norska kronor", "578"),
            )
        ],
    ),
    "departments": (
        "departmentNumber",
        [{"departmentNumber": 1, "name": "Butiken"}, {"departmentNumber": 2, "name": "Webben"}],
    ),
    "departmental-distributions": (
        "departmentalDistributionNumber",
        [
            {
                "departmentalDistributionNumber": number,
                "name": name,
                "distributionType": "department",
                "distributions": [{"percentage": 100, "department": {"departmentNumber": number}}],
            }
            for number, name in ((1, "Butiken"), (2, "Webben"))
        ],
    ),
}

# What costs 100 units of a currency in the base currency. Invented: the daily rate is the server's own affair.
EXCHANGE = {"SEK": Decimal(100), "EUR": Decimal(1125), "DKK": Decimal(151), "NOK": Decimal(98)}


@dataclass
class Held:
    """An order or invoice. `state` is where it is found: drafts, sent, archived or booked."""

    kind: str
    number: int
    handle: int
    state: str
    body: Row
    created_at: datetime
    changed_at: datetime
    totals: Totals
    #: Of a booked invoice: the number that its draft had, which the server calls `orderNumber`.
    draft_number: int | None = None
    #: Of a booked invoice: what has been paid of it, with VAT, in its currency.
    paid: Decimal = Decimal("0.00")

    @property
    def reference(self) -> str:
        return str((self.body.get("references") or {}).get("other", ""))


@dataclass
class Agreement:
    """Everything the simulator knows. `products` are by number in lower case, as SQL Server finds them.

    `inventory_module` refuses orders, as the documentation of 2019 says; `has_stock` shows stock. Both are the same module:
    whether it refuses orders today was not found. `special_prices` are by their own number, `currency_prices` by article number
    and currency.
    """

    base_currency: str = "SEK"
    inventory_module: bool = False
    has_stock: bool = False
    rounding: str = "document"
    lists: dict[str, tuple[str, list[Row]]] = field(
        default_factory=lambda: {name: (key, [dict(row) for row in rows]) for name, (key, rows) in _LISTS.items()}
    )
    products: dict[str, Row] = field(default_factory=dict)
    in_stock: dict[str, Decimal] = field(default_factory=dict)
    price_groups: dict[int, str] = field(default_factory=lambda: {1: "Återförsäljare", 2: "Kampanj"})
    special_prices: dict[int, Row] = field(default_factory=dict)
    currency_prices: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    customers: dict[int, Row] = field(default_factory=dict)
    documents: list[Held] = field(default_factory=list)
    closed_years: set[int] = field(default_factory=set)
    handles: int = 0

    def exists(self, name: str, number: Any) -> bool:
        key, rows = self.lists[name]
        return any(row[key] == number for row in rows)

    def row(self, name: str, number: Any) -> Row:
        key, rows = self.lists[name]
        return next(row for row in rows if row[key] == number)

    def held(self, kind: str, state: str) -> list[Held]:
        return [document for document in self.documents if (document.kind, document.state) == (kind, state)]

    def next_customer(self) -> int:
        """The lowest free number: freed ones are used again (verified August 2026)."""
        return next(number for number in range(1, 10**9) if number not in self.customers)

    def next_document(self, kind: str) -> int:
        """One above the highest in use; orders keep theirs in every state. A draft that is deleted last frees its number."""
        if kind == "booked":
            used = [d.number for d in self.documents if d.kind == "invoice" and d.state == "booked"]
        else:
            used = [d.number for d in self.documents if d.kind == kind and d.state != "booked"]
            # The number of a draft that was booked is not given out again: the booked one points back at it.
            used += [d.draft_number for d in self.documents if d.kind == kind and d.draft_number]
        return max(used, default={"order": 1000, "invoice": 400, "booked": 10000}[kind]) + 1
