"""What the agreement has: read once and kept for the life of a connector, which is one run."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.economic.queries import any_of, contains, one_of, product_path
from connectors.errors import ContractChanged, Missing
from connectors.http import Limits, Transport
from sharespine.lib.text import N_, Text

Row = Mapping[str, Any]

#: The most that the server gives.
PAGE_SIZE = 1000
#: How many customers are searched for with one call: the address stays below some 2 kB.
_AT_ONCE = 20


@dataclass(frozen=True)
class Paged:
    """One page of a collection. `pagination` is the server's own."""

    rows: list[Row]
    pagination: Row
    is_last: bool


class Agreement:
    """Look-ups in one agreement. Used by several threads at once; at worst two of them ask for the same thing."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._products: dict[str, Row] = {}
        self._customers: dict[tuple[str, str], list[Row]] = {}
        self._met: dict[tuple[str, str], list[Row]] = {}
        self._facts: dict[str, Any] = {}

    def about(self) -> Row:
        """The agreement itself: company, base currency, modules."""
        found: Row = self._once("self", lambda: _object(self._transport.request("GET", "/self").json(), "/self"))
        return found

    def base_currency(self) -> str:
        settings = self.about().get("settings")
        return str(settings.get("baseCurrency", "")) if isinstance(settings, Mapping) else ""

    def currencies(self) -> frozenset[str]:
        found: frozenset[str] = self._once(
            "currencies", lambda: frozenset(str(row.get("code", "")).upper() for row in self.rows("/currencies"))
        )
        return found

    def page(self, path: str, *, where: str = "", sort: str = "", number: int = 0) -> Paged:
        """One page of a collection, the first being 0. Raises `ContractChanged` when it is no collection."""
        params = {"skippages": str(number), "pagesize": str(PAGE_SIZE)}
        params |= {"filter": where} if where else {}
        params |= {"sort": sort} if sort else {}
        body = _object(self._transport.request("GET", path, params=params).json(), path)
        rows, pagination = body.get("collection"), body.get("pagination")
        if not isinstance(rows, list) or not isinstance(pagination, Mapping):
            raise changed(path)
        # A page without rows ends it too: `nextPage` is the server's own address, and we count pages ourselves.
        return Paged([_object(row, path) for row in rows], pagination, is_last=not rows or "nextPage" not in pagination)

    def rows(self, path: str, *, where: str = "", sort: str = "") -> Iterator[Row]:
        """All rows of a collection, page by page. Raises `ContractChanged` when it is no collection, or never ends."""
        number = 0
        seen: set[int] = set()
        while True:
            page = self.page(path, where=where, sort=sort, number=number)
            fresh = {hash(str(row)) for row in page.rows} - seen
            if page.rows and not fresh:
                # The same rows once more: read on, they would come for ever.
                raise changed(path)
            seen |= fresh
            yield from page.rows
            if page.is_last:
                return
            number += 1

    def numbered(self, numbers: Iterable[str]) -> Iterator[Row]:
        """The articles with these numbers as they are now, in whatever case of letters; without those not there."""
        for where in one_of("productNumber", dict.fromkeys(numbers)):
            yield from self.rows("/products", where=where)

    def product(self, number: str, *, limits: Limits | None = None) -> Row | None:
        """The whole article as it is now. None when it does not exist."""
        try:
            answer = self._transport.request("GET", product_path(number), limits=limits)
        except Missing:
            return None
        return _object(answer.json(), "/products")

    def unit_names(self) -> Mapping[int, str]:
        """The names of units by their numbers."""
        found: Mapping[int, str] = self._once(
            "units",
            lambda: {
                row["unitNumber"]: str(row.get("name", ""))
                for row in self.rows("/units")
                if isinstance(row.get("unitNumber"), int)
            },
        )
        return found

    def products(self, numbers: Iterable[str]) -> dict[str, Row]:
        """The products that exist, by the number asked for. e-conomic finds them in any case of letters."""
        wanted = {number: number.casefold() for number in numbers}
        with self._lock:
            unknown = sorted(number for number, folded in wanted.items() if folded not in self._products)
        found: dict[str, Row] = {}
        for row in self.numbered(unknown):
            found[str(row.get("productNumber", "")).casefold()] = row
        with self._lock:
            self._products.update(found)
            return {number: self._products[folded] for number, folded in wanted.items() if folded in self._products}

    def knows_product(self, number: str) -> bool:
        """Whether the product has been seen, without asking."""
        with self._lock:
            return number.casefold() in self._products

    def remember_product(self, row: Row) -> None:
        with self._lock:
            self._products[str(row.get("productNumber", "")).casefold()] = row

    def forget_products(self, numbers: Iterable[str]) -> None:
        """Ask again next time: something about them was refused."""
        with self._lock:
            for number in numbers:
                self._products.pop(number.casefold(), None)

    def customers(self, way: str, value: str) -> list[Row]:
        """The customers found by `way` (number, email or organisation_number), lowest number first; barred ones too.

        A search that fails is an error, never "none": that would make a second card for the same buyer.
        """
        key = (way, value.casefold())
        with self._lock:
            kept = self._customers.get(key)
            met = self._met.pop(key, None)
        if kept is None and met is None:
            met = self._matching(way, value, self._customers_where(_search(way, value)))
            self._keep(key, met)
        return kept or met or []

    def meet(self, ways: Iterable[tuple[str, str]]) -> None:
        """Search for many customers with few calls. What is found answers the next question for each of them, and no other.

        (Once, since "none" is true for a moment only: another order of the run may just have made the customer.)
        """
        with self._lock:
            unknown = [(way, value) for way, value in dict.fromkeys(ways) if (way, value.casefold()) not in self._customers]
        for start in range(0, len(unknown), _AT_ONCE):
            chunk = unknown[start : start + _AT_ONCE]
            rows = self._customers_where([any_of(where for way, value in chunk for where in _search(way, value))])
            for way, value in chunk:
                key, found = (way, value.casefold()), self._matching(way, value, rows)
                self._keep(key, found)
                with self._lock:
                    self._met[key] = found

    def _customers_where(self, filters: Iterable[str]) -> list[Row]:
        found = [row for where in filters for row in self.rows("/customers", where=where)]
        if not all(isinstance(row.get("customerNumber"), int) for row in found):
            raise changed("/customers")
        return found

    def _matching(self, way: str, value: str, rows: Iterable[Row]) -> list[Row]:
        return sorted((row for row in rows if _matches(row, way, value)), key=lambda row: int(row["customerNumber"]))

    def _keep(self, key: tuple[str, str], found: list[Row]) -> None:
        """Not "none", and no barred one, which somebody is about to unbar."""
        if found and not any(row.get("barred") for row in found):
            with self._lock:
                self._customers[key] = found

    def remember_customer(self, row: Row) -> None:
        """A customer that was just created: found by what it was created with, without asking."""
        ways = {"number": "customerNumber", "email": "email", "organisation_number": "corporateIdentificationNumber"}
        with self._lock:
            for way, name in ways.items():
                if value := str(row.get(name) or "").strip():
                    self._customers[way, value.casefold()] = [row]

    def known_customer(self, ways: Iterable[tuple[str, str]]) -> int | None:
        """The number of a customer that was met or created already, by the first of `ways` that tells, without asking."""
        with self._lock:
            known = (self._customers.get((way, value.casefold())) for way, value in ways)
            row = next((rows[0] for rows in known if rows), None)
        return None if row is None else int(row["customerNumber"])

    def forget_customers(self) -> None:
        with self._lock:
            self._customers.clear()
            self._met.clear()

    def _once(self, key: str, read: Any) -> Any:
        with self._lock:
            if key in self._facts:
                return self._facts[key]
        value = read()
        with self._lock:
            return self._facts.setdefault(key, value)


def organisation_digits(number: str) -> str:
    """The digits of an organisation number, without the century or country that some write before them."""
    digits = "".join(character for character in number if character.isdigit())
    return digits[2:] if len(digits) == 12 and digits[:2] in ("16", "19", "20") else digits


def _search(way: str, value: str) -> Iterator[str]:
    if way == "number":
        yield f"customerNumber$eq:{int(value)}"
    elif way == "email":
        # The field may hold several addresses with spaces between them (documented), so it is searched within.
        yield contains("email", value)
    else:
        digits = organisation_digits(value)
        spellings = {value, digits, f"{digits[:6]}-{digits[6:]}" if len(digits) == 10 else digits}
        yield from one_of("corporateIdentificationNumber", sorted(spellings - {""}))


def _matches(row: Row, way: str, value: str) -> bool:
    if way == "number":
        return str(row.get("customerNumber")) == str(int(value))
    if way == "email":
        field = str(row.get("email", "")).casefold()
        return value.casefold() in (field, *field.replace(";", " ").replace(",", " ").split())
    given = str(row.get("corporateIdentificationNumber", ""))
    digits = organisation_digits(value)
    return organisation_digits(given) == digits if digits else given.casefold() == value.casefold()


def _object(value: Any, path: str) -> Row:
    if not isinstance(value, Mapping):
        raise changed(path)
    return value


def changed(path: str) -> ContractChanged:
    """The error for an answer from `path` that is not what it used to be."""
    text = N_("e-conomic answered %(path)s in a way that we do not know. Our staff look into it.")
    return ContractChanged(Text(text, {"path": path}))
