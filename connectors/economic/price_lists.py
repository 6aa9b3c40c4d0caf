"""Price groups, their special prices, and prices in other currencies: only the newer OpenAPI has them, on a host of its own.

Names, filters and paging are those of the vendor's Products 2.0.0 (January 2026). There are no times of change and no dates
of validity. All amounts are without VAT.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.economic.agreement import Row
from connectors.economic.queries import escape
from connectors.errors import ContractChanged
from connectors.http import Transport
from sharespine.lib.money import cents, decimal
from sharespine.lib.text import N_, Text

_BASE = "/productsapi/v2.0.0"
_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class SpecialPrice:
    """What an article costs in one price group: an `amount` in the base currency, or `percent` off its ordinary price."""

    number: int
    amount: Decimal | None
    percent: Decimal | None

    def off(self, regular: Decimal) -> Decimal | None:
        """`regular` less the percentage, in whole öre; None for an amount. ASSUMED: rounded half up, like the rest."""
        return None if self.percent is None else cents(regular * (_HUNDRED - self.percent) / _HUNDRED)


class PriceLists:
    """The price lists of one agreement, each read once and kept. Used by several threads at once."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._kept: dict[Any, Any] = {}

    def groups(self) -> Mapping[int, str]:
        """The names of the price groups by their numbers."""
        found: Mapping[int, str] = self._once(
            "groups", lambda: {_whole(row, "number"): str(row.get("name", "")) for row in self._items("/pricegroups")}
        )
        return found

    def special_prices(self, group: int) -> Mapping[str, SpecialPrice]:
        """The special prices of a price group by article number, folded. A group that does not exist has none."""
        path = f"/pricegroups/{group}/specialprices"
        found: Mapping[str, SpecialPrice] = self._once(
            ("special", group), lambda: {_article(row): _special(row) for row in self._items(path)}
        )
        return found

    def prices_in(self, currency: str) -> Mapping[str, Decimal]:
        """The ordinary prices in `currency`, not the base currency, by article number, folded."""
        where = f"currency$eq:{escape(currency)}"
        found: Mapping[str, Decimal] = self._once(
            ("currency", currency),
            lambda: {
                _article(row): _amount(row, "salesPrice")
                for row in self._items("/salespriceincurrencies", where=where)
                if str(row.get("currency", "")).upper() == currency
            },
        )
        return found

    def special_price_in(self, special: SpecialPrice, currency: str) -> Decimal | None:
        """The amount of a special price in a currency that is not the base currency. One call for each special price."""
        path = f"/specialprices/{special.number}/specialpricesincurrency"
        amounts: Mapping[str, Decimal] = self._once(
            ("special in currency", special.number),
            lambda: {str(row.get("currency", "")).upper(): _amount(row, "salesPrice") for row in self._items(path)},
        )
        return amounts.get(currency)

    def _items(self, path: str, *, where: str = "") -> Iterator[Row]:
        """All items of a collection, page by page. Raises `ContractChanged` when it is no collection, or never ends."""
        params = {"filter": where} if where else {}
        seen: set[str] = set()
        while True:
            body = self._transport.request("GET", _BASE + path, params=params).json()
            items = body.get("items") if isinstance(body, Mapping) else None
            if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
                raise _strange(path)
            yield from items
            cursor = body.get("cursor")
            if cursor is None:
                # Left out on the last page (verified August 2026).
                return
            if str(cursor) in seen:
                raise _strange(path)
            seen.add(str(cursor))
            params["cursor"] = str(cursor)

    def _once(self, key: Any, read: Any) -> Any:
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        value = read()
        with self._lock:
            return self._kept.setdefault(key, value)


def _special(row: Row) -> SpecialPrice:
    amount, percent = (_optional(row, name) for name in ("salesPriceBaseCurrency", "discountPercentage"))
    if (amount is None) == (percent is None):
        raise _strange("salesPriceBaseCurrency")
    return SpecialPrice(_whole(row, "number"), amount, percent)


def _article(row: Row) -> str:
    number = row.get("productNumber")
    if not isinstance(number, str):
        raise _strange("productNumber")
    return number.casefold()


def _whole(row: Row, name: str) -> int:
    number = row.get(name)
    if not isinstance(number, int):
        raise _strange(name)
    return number


def _optional(row: Row, name: str) -> Decimal | None:
    return None if row.get(name) is None else _amount(row, name)


def _amount(row: Row, name: str) -> Decimal:
    try:
        return decimal(row[name])
    except (KeyError, ValueError):
        raise _strange(name) from None


def _strange(what: str) -> ContractChanged:
    text = N_("e-conomic tells its price lists in a way that we do not know (%(field)s). Our staff look into it.")
    return ContractChanged(Text(text, {"field": what}))
