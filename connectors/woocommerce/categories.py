"""The categories of a shop's products as paths from the top down, found by path, and made where they are missing.

The list was not recorded. ASSUMED, from the API's documentation: /products/categories is paged as all lists are, and its rows
have `id`, `name` and `parent` (0 at the top).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from connectors.errors import RejectedError
from connectors.http import Transport
from connectors.woocommerce import wording
from connectors.woocommerce.client import API
from connectors.woocommerce.wire import Wire, identity, rows_of, understood

SEPARATOR = " > "
_PER_PAGE = 100


@understood()
def category_paths(api: Transport) -> dict[int, str]:
    """Path by id."""
    rows = {identity(row): row for row in _all(api)}
    return {number: SEPARATOR.join(_names(number, rows)) for number in rows}


class Categories:
    """The categories of one shop, kept while the connector is open. Used by several threads at once."""

    def __init__(self, api: Transport) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._ids: dict[str, int] = {}

    def number(self, path: str) -> int:
        """The id of the category at `path`; what is missing on the way is made. Raises `ConnectorError`."""
        with self._lock:
            if _folded(path) not in self._ids:
                # Somebody may have made it since.
                self._load()
            above = 0
            names = [name.strip() for name in path.split(SEPARATOR) if name.strip()]
            for depth, name in enumerate(names, 1):
                key = _folded(SEPARATOR.join(names[:depth]))
                if key not in self._ids:
                    self._ids[key] = self._made(name, above, key)
                above = self._ids[key]
            return above

    def _made(self, name: str, above: int, key: str) -> int:
        body = {"name": name, "parent": above}
        try:
            return identity(self._api.request("POST", f"{API}/products/categories", json=body).json())
        except RejectedError:
            # Made by another at the same moment.
            self._load()
            if key in self._ids:
                return self._ids[key]
            raise

    def _load(self) -> None:
        self._ids = {_folded(path): number for number, path in category_paths(self._api).items()}


def _all(api: Transport) -> list[Wire]:
    found: list[Wire] = []
    page = 1
    while True:
        params = {"per_page": str(_PER_PAGE), "page": str(page), "orderby": "id", "_fields": "id,name,parent"}
        rows = rows_of(api.request("GET", f"{API}/products/categories", params=params).json())
        found += rows
        if len(rows) < _PER_PAGE:
            return found
        page += 1


def _names(number: int, rows: Mapping[int, Wire]) -> list[str]:
    """From the top down. A category that is its own ancestor ends where it began."""
    names: list[str] = []
    seen: set[int] = set()
    while number in rows and number not in seen:
        seen.add(number)
        names.insert(0, wording.one_line(rows[number]["name"]))
        number = int(rows[number].get("parent") or 0)
    return names


def _folded(path: str) -> str:
    return SEPARATOR.join(part.strip() for part in path.split(SEPARATOR)).casefold()
