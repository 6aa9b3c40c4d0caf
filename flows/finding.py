"""Finding orders by what people have in their hand. As quick among millions as among hundreds: only what an index answers.

An order is found by its number, its number in the ERP or our reference; else by the beginning of a number or of the buyer's
name; else by any part of the buyer's name, among the newest orders. An item is found by its number or the beginning of it.

Whoever looks for those of one customer says so here, and narrows by other things what was found: a database that is told more
may choose another index, and walk through all that the customer has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet

from flows.models import Item, Transfer

#: So many are found at most by each of the beginnings: who sees a thousand types one letter more.
LIMIT = 1000
#: So many of the newest orders are looked through for a part of the buyer's name.
NEWEST = 5000


def matching(orders: QuerySet[Transfer], term: str, *, customer: int | None = None, limit: int = LIMIT) -> list[int]:
    """The ids of those of `orders` that `term` finds, at most `limit` by each of the ways in which it can.

    With the id of a `customer` only of those that are its own.
    """
    term = term.strip()
    if not term:
        return []
    orders = orders.order_by()
    own = orders if customer is None else within(orders, "customer", [customer])
    for queries in (_exactly(own, term), _by_beginning(own, term), _by_part(orders, term, customer)):
        if found := list(dict.fromkeys(pk for query in queries for pk in _ids(query, limit))):
            return found
    return []


def items_matching(items: QuerySet[Item], term: str, *, flows: Collection[int] | None = None, limit: int = LIMIT) -> list[int]:
    """The ids of those of `items` whose number is `term`, else of those whose begins with it; at most `limit`.

    With the ids of `flows` only of those in one of them.
    """
    term = term.strip()
    own = items.order_by() if flows is None else within(items.order_by(), "flow", flows)
    for lookup in ("number__iexact", "number__istartswith") if term else ():
        if found := list(own.filter(**{lookup: term}).values_list("pk", flat=True)[:limit]):
            return found
    return []


def within(rows: QuerySet[Any], column: str, ids: Collection[int]) -> QuerySet[Any]:
    """Those of `rows` whose `column` is one of `ids`, picked out among what is found by its text, or its day."""
    if connection.vendor == "sqlite":
        # By a sum no index is chosen: the one of the text has the column, and says which are among the ids.
        found: QuerySet[Any] = rows.alias(within=F(column) + 0).filter(within__in=ids)
        return found
    return rows.filter(**{f"{column}__in": ids})


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


def _by_part(orders: QuerySet[Transfer], term: str, customer: int | None) -> Iterator[QuerySet[Transfer]]:
    called = orders.filter(_any("buyer__icontains", term))
    if customer is None:
        newest = Transfer.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        yield called.filter(pk__gt=newest - NEWEST)
    else:
        newest_own = Transfer.objects.filter(customer=customer).order_by("-pk").values_list("pk", flat=True)
        yield called.filter(pk__in=list(newest_own[:NEWEST]))


def _any(lookup: str, term: str) -> Q:
    """`lookup` for `term`; on SQLite, which knows the case of a to z only, also for how names are usually written."""
    terms = {term}
    if connection.vendor == "sqlite" and not term.isascii():
        terms |= {term.lower(), term.upper(), term.title()}
    return Q(*((lookup, each) for each in sorted(terms)), _connector=Q.OR)


def _ids(orders: QuerySet[Transfer], limit: int) -> list[int]:
    return list(orders.values_list("pk", flat=True)[:limit])
