"""Reading articles out of WooCommerce: products with their variants, and stock and prices of all that can be sold.

A page of products is read as orders are, by time of modification. The list never holds variations; those of a page come
together, by id, from the list of all variations where the shop has one (10.3 and later), else product by product. A change
of a variation moves the time of its product (measured 2026-11-21; ASSUMED of a sale too), so none is missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.base import Page, Query, Record, Register, Unreadable
from connectors.errors import ConnectorError, TooLarge, UnexpectedResponse
from connectors.http import Transport
from connectors.woocommerce.categories import category_paths
from connectors.woocommerce.client import API
from connectors.woocommerce.finding import by_number
from connectors.woocommerce.goods import (
    PRICE_FIELDS,
    PRODUCT_FIELDS,
    STOCK_FIELDS,
    Surroundings,
    article_number,
    place,
    price_from,
    product_from,
    stock_from,
)
from connectors.woocommerce.paging import PAGE_SIZE, Kind, Listed, Part, not_ahead
from connectors.woocommerce.settings import Settings
from connectors.woocommerce.taxes import home_rates
from connectors.woocommerce.wire import Wire, identity, rows_of, understood
from sharespine.lib.text import N_

_FIELDS = {Register.PRODUCTS: PRODUCT_FIELDS, Register.STOCK: STOCK_FIELDS, Register.PRICES: PRICE_FIELDS}
_STRANGE = N_("WooCommerce answers a question for products with something else (%(reason)s). Our staff look into it.")
_MONSTER = N_(
    "Product %(number)s is larger than what we read of a shop (its description, or what a plugin keeps on it). Make it smaller "
    "there, then press Retry."
)
_RESTLESS = N_("The products in WooCommerce changed faster than they could be read. We try again by ourselves.")


class Articles:
    """The articles of one shop, as one register tells of them. Opened for one read."""

    def __init__(self, api: Transport, register: Register, settings: Settings) -> None:
        self._api = api
        self._register = register
        self._fields = _FIELDS[register]
        params = {"status": "any", "_fields": self._fields}
        kind = Kind(path="/products", params=params, strange=_STRANGE, monster=_MONSTER, restless=_RESTLESS)
        self._listed = Listed(api, kind)
        self._settings = settings
        self._around: Surroundings | None = None
        self._has_list_of_variations = True

    def read(self, query: Query) -> Iterator[Page]:
        """What is asked for. A product is named by its own number or that of one of its variants."""
        if query.source_ids:
            products = dict.fromkeys(number.partition("/")[0] for number in query.source_ids)
            parts = self._listed.by_id(list(products))
        elif query.keys:
            parts = self._named(query.keys)
        else:
            parts = self._listed.since(query.modified_since)
        for part in parts:
            yield self._page(part)

    def _named(self, keys: Sequence[str]) -> Iterator[Part]:
        for start in range(0, len(keys), PAGE_SIZE):
            wires = list(by_number(self._api, keys[start : start + PAGE_SIZE], self._fields).values())
            if self._register is not Register.PRODUCTS:
                yield Part(wires)
                continue
            products = [wire for wire in wires if wire.get("type") != "variation"]
            known = {place(wire) for wire in products}
            parents = {place(wire).partition("/")[0] for wire in wires if wire.get("type") == "variation"}
            yield Part(products)
            yield from self._listed.by_id(sorted(parents - known))

    @understood()
    def _page(self, part: Part) -> Page:
        """Oldest change first."""
        records: list[Record] = []
        unreadable = [Unreadable(number, number, error) for number, error in part.monsters]
        variations = self._variations([wire for wire in part.wires if wire.get("type") == "variable"])
        for wire in part.wires:
            own = variations.get(identity(wire), [])
            try:
                records += self._records(wire, own)
            except ConnectorError as error:
                unreadable.append(Unreadable(place(wire), article_number(wire), error))
        return Page(records=tuple(sorted(records, key=_age)), unreadable=tuple(unreadable), reached=not_ahead(part.reached))

    def _records(self, wire: Wire, variations: Sequence[Wire]) -> Iterator[Record]:
        around = self._surroundings()
        if self._register is Register.PRODUCTS:
            yield product_from(wire, variations, around)
            return
        for article in (wire, *variations):
            found = stock_from(article) if self._register is Register.STOCK else price_from(article, around)
            if found is not None:
                yield found

    def _surroundings(self) -> Surroundings:
        if self._around is None:
            has_rates, has_paths = self._register is not Register.STOCK, self._register is Register.PRODUCTS
            self._around = Surroundings(
                settings=self._settings,
                rates=home_rates(self._api, self._settings.home_country) if has_rates else {},
                categories=category_paths(self._api) if has_paths else {},
            )
        return self._around

    def _variations(self, parents: Sequence[Wire]) -> dict[int, list[Wire]]:
        """The variations of `parents`, by the id of their product, in its order."""
        wanted = {int(number): identity(wire) for wire in parents for number in wire.get("variations") or ()}
        found: dict[int, Wire] = {}
        numbers = list(wanted)
        for start in range(0, len(numbers), PAGE_SIZE):
            if self._has_list_of_variations:
                found |= self._together(numbers[start : start + PAGE_SIZE])
        if not self._has_list_of_variations:
            for parent in parents:
                found |= {identity(wire): wire for wire in variations_of(self._api, identity(parent), self._fields)}
        by_parent: dict[int, list[Wire]] = {}
        for number, parent_id in wanted.items():
            if number in found:
                by_parent.setdefault(parent_id, []).append({**found[number], "type": "variation", "parent_id": parent_id})
        return by_parent

    def _together(self, numbers: list[int]) -> dict[int, Wire]:
        """The variations with these ids. ASSUMED: that the list of all variations takes `include`, as all lists do."""
        found: dict[int, Wire] = {}
        while left := [number for number in numbers if number not in found]:
            params = {"include": ",".join(map(str, left)), "status": "any", "per_page": str(PAGE_SIZE), "_fields": self._fields}
            try:
                wires = self._listed.rows(self._api.request("GET", f"{API}/variations", params=params))
            except TooLarge:
                raise
            except UnexpectedResponse:
                # There is no such list in a shop before 10.3.
                self._has_list_of_variations = False
                return {}
            got = {identity(wire): wire for wire in wires}
            if wires and got.keys().isdisjoint(left):
                self._has_list_of_variations = False
                return {}
            if not wires:
                break
            found |= got
        return found


def variations_of(api: Transport, product: int, fields: str) -> Iterator[Wire]:
    """All variations of one product, whatever their status."""
    page = 1
    while True:
        params = {
            "status": "any",
            "per_page": str(PAGE_SIZE),
            "page": str(page),
            "orderby": "id",
            "order": "asc",
            "_fields": fields,
        }
        wires = rows_of(api.request("GET", f"{API}/products/{product}/variations", params=params).json())
        yield from wires
        if len(wires) < PAGE_SIZE:
            return
        page += 1


def _age(record: Record) -> tuple[str, str]:
    moment = record.modified_at
    return moment.isoformat() if moment else "", record.source_id
