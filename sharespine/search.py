"""What Ctrl+K finds: a customer, an endpoint, a connection, an order or an article, by what people have in their hand."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Model, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from unfold.dataclasses import SearchResult

from billing.models import Customer
from flows import finding
from flows.models import Connection, Endpoint, Item, Transfer
from sharespine.lib.display import amount

#: How many of each kind are shown, and read.
LIMIT = 20


def find(request: HttpRequest, term: str) -> list[SearchResult]:
    """At most `LIMIT` of each kind that the user may see: exact matches before those that begin or contain."""
    kinds = (_customers, _orders, _items, _endpoints, _connections)
    return [result for kind in kinds for result in kind(request, term)]


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
    ids = finding.matching(Transfer.objects.all(), term, limit=LIMIT)[:LIMIT]
    for transfer in Transfer.objects.filter(pk__in=ids).select_related("customer").defer("payload"):
        placed = date_format(timezone.localtime(transfer.placed_at), "SHORT_DATE_FORMAT") if transfer.placed_at else "–"
        yield _result(
            transfer,
            f"{transfer} · {transfer.customer} · {transfer.get_state_display()}",
            f"{placed} · {amount(transfer.total, transfer.currency)} · {transfer.buyer}",
            "receipt_long",
        )


def _items(request: HttpRequest, term: str) -> Iterator[SearchResult]:
    """Articles, and orders whose status is followed, in each flow that they are in."""
    if not request.user.has_perm("flows.view_item"):
        return
    ids = finding.items_matching(Item.objects.all(), term, limit=LIMIT)
    found = Item.objects.filter(pk__in=ids).select_related("flow__shop", "flow__connection__erp", "flow__connection__customer")
    for item in found.defer("payload"):
        title = f"{item} · {item.flow.connection.customer} · {item.get_state_display()}"
        yield _result(item, title, f"{item.flow} · {item.written_as_read or '–'}", "inventory_2")


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
    meta = record._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[record.pk])
    return SearchResult(title=title, description=f"{meta.verbose_name} · {description}", link=address, icon=icon)
