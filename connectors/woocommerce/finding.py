"""Where an article is in a shop: asked for by article number, a hundred at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from connectors.http import Transport
from connectors.woocommerce.client import API
from connectors.woocommerce.goods import article_number
from connectors.woocommerce.wire import Wire, rows_of

_MOST = 100
#: Characters of an address, well below what web servers take (8,000 by default, general knowledge).
_LONGEST = 4000


def by_number(api: Transport, numbers: Iterable[str], fields: str) -> dict[str, Wire]:
    """What has these article numbers, products and variations alike, by number as `folded`; others are left out.

    `sku=` takes a comma list, exact and without regard to case (measured 2026-11-21). The list as a whole counts as a number
    too (WooCommerce's source, read 2026-11-22), so one that has a comma in it is asked for alone.
    """
    wanted = dict.fromkeys(number.strip() for number in numbers if number.strip())
    found: dict[str, Wire] = {}
    for chunk in _chunks(list(wanted)):
        params = {"sku": ",".join(chunk), "status": "any", "per_page": str(_MOST), "_fields": fields}
        wires = rows_of(api.request("GET", f"{API}/products", params=params).json())
        asked = {folded(number) for number in chunk}
        found |= {number: wire for wire in wires if (number := folded(article_number(wire))) in asked}
    return found


def folded(number: str) -> str:
    """An article number as it is compared."""
    return number.strip().casefold()


def _chunks(numbers: Sequence[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    length = 0
    for number in numbers:
        if "," in number:
            yield [number]
            continue
        size = len(quote(number)) + 3
        if chunk and (len(chunk) == _MOST or length + size > _LONGEST):
            yield chunk
            chunk, length = [], 0
        chunk.append(number)
        length += size
    if chunk:
        yield chunk
