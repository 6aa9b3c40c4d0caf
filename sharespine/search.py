"""What Ctrl+K finds: a customer, an endpoint, a connection or an order, by what people have in their hand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from unfold.dataclasses import SearchResult

from billing.models import Customer
from flows.models import Connection, Endpoint, Transfer
from sharespine.lib.display import amount

#: How many of each kind are shown, and read.
LIMIT = 20
#: How many of the queries for an order ask for the exact number.
EXACT = 2


def find(request: HttpRequest, term: str) -> list[SearchResult]:
    """At most `LIMIT` of each kind that the user may see: exact matches before those that begin or contain."""
    return [*_customers(request, term), *_orders(request, term), *_endpoints(request, term), *_connections(request, term)]


def _customers(request: HttpRequest, term: str) -> Iterator[SearchResult]:
    if not request.user.has_perm("billing.view_customer"):
        return
    match = Q(name__icontains=term) | Q(email__istartswith=term)
    digits = term.replace("-", "")
    if len(digits) >= 6 and digits.isdigit():
        match |= Q(organisation_number__startswith=f"{digits[:6]}-{digits[6:]}")
    for customer in Customer.objects.filter(match)[:LIMIT]:
        yield _result(customer, str(customer), customer.organisation_number or customer.email, "storefront")


def _orders(request: HttpRequest, term: str) -> Iterator[SearchResult]:
    if not request.user.has_perm("flows.view_transfer"):
        return
    for transfer in islice(_distinct(orders_matching(term)), LIMIT):
        placed = date_format(timezone.localtime(transfer.placed_at), "SHORT_DATE_FORMAT") if transfer.placed_at else "–"
        yield _result(
            transfer,
            f"{transfer} · {transfer.customer} · {transfer.get_state_display()}",
            f"{placed} · {amount(transfer.total, transfer.currency)} · {transfer.buyer}",
            "receipt_long",
        )


def orders_matching(term: str) -> list[QuerySet[Transfer]]:
    """Queries for an order by its numbers: first those that an index answers, and prefixes only then."""
    orders = Transfer.objects.select_related("customer").defer("payload")
    return [
        orders.filter(number=term)[:LIMIT],
        orders.filter(target_id=term)[:LIMIT],
        orders.filter(Q(number__istartswith=term) | Q(target_id__istartswith=term) | Q(reference__istartswith=term))[:LIMIT],
        orders.filter(buyer__istartswith=term)[:LIMIT],
    ]


def _distinct(queries: list[QuerySet[Transfer]]) -> Iterator[Transfer]:
    seen: set[int] = set()
    for index, query in enumerate(queries):
        if seen and index >= EXACT:
            # The number itself was found: those that only begin with it are not what was meant.
            return
        for transfer in query:
            if transfer.pk not in seen:
                seen.add(transfer.pk)
                yield transfer


def _endpoints(request: HttpRequest, term: str) -> Iterator[SearchResult]:
    if not request.user.has_perm("flows.view_endpoint"):
        return
    for endpoint in Endpoint.objects.filter(Q(name__icontains=term) | Q(code__iexact=term)).select_related("customer")[:LIMIT]:
        yield _result(endpoint, f"{endpoint} · {endpoint.customer}", str(endpoint.get_health_display()), "lan")


def _connections(request: HttpRequest, term: str) -> Iterator[SearchResult]:
    if not request.user.has_perm("flows.view_connection"):
        return
    for connection in Connection.objects.filter(name__icontains=term).select_related("customer")[:LIMIT]:
        yield _result(connection, f"{connection} · {connection.customer}", str(connection.get_state_display()), "cable")


def _result(record: Model, title: str, description: str, icon: str) -> SearchResult:
    meta = record._meta  # noqa: SLF001 - Django's documented way to a model's names
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[record.pk])
    return SearchResult(title=title, description=f"{meta.verbose_name} · {description}", link=address, icon=icon)
