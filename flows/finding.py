"""Finding orders by what people have in their hand. As quick among millions as among hundreds: only what an index answers.

An order is found by its number, its number in the ERP or our reference; else by the beginning of a number or of the buyer's
name; else by any part of the buyer's name, among the newest orders. An item is found by its number or the beginning of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection
from django.db.models import Q, QuerySet

from flows.models import Item, Transfer

#: So many are found at most by each of the beginnings: who sees a thousand types one letter more.
LIMIT = 1000
#: So many of the newest orders are looked through for a part of the buyer's name.
NEWEST = 5000


def matching(orders: QuerySet[Transfer], term: str, *, limit: int = LIMIT) -> list[int]:
    """The ids of those of `orders` that `term` finds, at most `limit` by each of the ways in which it can."""
    term = term.strip()
    if not term:
        return []
    for way in (_exactly, _by_beginning, _by_part):
        if found := list(dict.fromkeys(pk for query in way(orders.order_by(), term) for pk in _ids(query, limit))):
            return found
    return []


def items_matching(items: QuerySet[Item], term: str, *, limit: int = LIMIT) -> list[int]:
    """The ids of those of `items` whose number is `term`, else of those whose begins with it; at most `limit`."""
    term = term.strip()
    for lookup in ("number__iexact", "number__istartswith") if term else ():
        if found := list(items.order_by().filter(**{lookup: term}).values_list("pk", flat=True)[:limit]):
            return found
    return []


def _exactly(orders: QuerySet[Transfer], term: str) -> Iterator[QuerySet[Transfer]]:
    yield orders.filter(number__iexact=term)
    yield orders.filter(target_id__iexact=term)
    code, dash, source_id = term.partition("-")
    if dash:
        # Our reference: so written it is answered by the index that keeps a record of a flow unique.
        yield orders.filter(flow__shop__code=code.upper(), source_id=source_id)


def _by_beginning(orders: QuerySet[Transfer], term: str) -> Iterator[QuerySet[Transfer]]:
    yield orders.filter(number__istartswith=term)
    yield orders.filter(target_id__istartswith=term)
    yield orders.filter(_any("buyer__istartswith", term), buyer__gt="")


def _by_part(orders: QuerySet[Transfer], term: str) -> Iterator[QuerySet[Transfer]]:
    newest = Transfer.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    yield orders.filter(_any("buyer__icontains", term), pk__gt=newest - NEWEST)


def _any(lookup: str, term: str) -> Q:
    """`lookup` for `term`; on SQLite, which knows the case of a to z only, also for how names are usually written."""
    terms = {term}
    if connection.vendor == "sqlite" and not term.isascii():
        terms |= {term.lower(), term.upper(), term.title()}
    return Q(*((lookup, each) for each in sorted(terms)), _connector=Q.OR)


def _ids(orders: QuerySet[Transfer], limit: int) -> list[int]:
    return list(orders.values_list("pk", flat=True)[:limit])
