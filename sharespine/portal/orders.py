"""The transfer log: where every order is, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext_lazy as _

from billing.models import Customer
from flows import merchants
from flows.models import Transfer
from flows.readable import differs, order_of, timeline, vats
from sharespine.lib.counting import CountOf
from sharespine.lib.said import said, said_of_many
from sharespine.portal import exports, order_verbs, paging, verbs
from sharespine.portal.access import Access, page, show
from sharespine.portal.exports import Column
from sharespine.portal.order_log import LISTED, VIEWS, WHOLE, View, narrowed, own, view_of
from sharespine.portal.standing import document, of_order
from sharespine.portal.verbs import ReasonForm

State = Transfer.State
#: In these an order moves by itself, and its page with it.
MOVING = (State.WAITING, State.SENDING, State.RETRYING, State.UNCERTAIN)

COLUMNS = (
    Column(_("Order number"), str),
    Column(_("State"), lambda order: str(order.get_state_display())),
    Column(_("Changed after the transfer"), lambda order: str(_("yes")) if order.attention else ""),
    Column(_("What happened"), lambda order: said(order.message)),
    Column(_("Who acts"), lambda order: str(order.get_acts_display())),
    Column(_("Buyer"), lambda order: order.buyer),
    Column(_("Total incl. VAT"), lambda order: order.total),
    Column(_("Currency"), lambda order: order.currency),
    Column(_("Number in the ERP"), lambda order: order.target_id),
    Column(_("Total in the ERP"), lambda order: order.target_total),
    Column(_("Our reference"), lambda order: order.reference),
    Column(_("Flow"), lambda order: str(order.flow)),
    Column(_("Placed"), lambda order: exports.moment(order.placed_at)),
    Column(_("Fetched"), lambda order: exports.moment(order.created_at)),
    Column(_("Sent"), lambda order: exports.moment(order.sent_at)),
)


@page()
def orders(request: HttpRequest, access: Access) -> HttpResponseBase:
    log = narrowed(request, access.customer)
    found = paging.page(log.parts, LISTED, request.GET, log.kept)
    counts = _counts(access.customer, log.rows)
    may = access.may_operate
    retryable = {order.pk for order in found.rows if may and merchants.may_retry(order)}
    handleable = {order.pk for order in found.rows if may and merchants.may_mark_handled(order)}
    context = {
        "area": "orders",
        "log": log,
        "page": found,
        "view": view_of(log.filters),
        "views": [(view, address(log.kept, view), counts.get(view.name)) for view in VIEWS.values()],
        "cause": said_of_many(log.kept.get("cause", "")),
        "many": paging.MANY,
        "may_retry": retryable,
        "may_mark_handled": handleable,
        "tickable": retryable | handleable,
        "counts": counts,
    }
    return show(request, access, "portal/orders.html", context)


@page()
def order(request: HttpRequest, access: Access, order: int) -> HttpResponseBase:
    this = get_object_or_404(WHOLE, customer=access.customer, pk=order)
    record = order_of(this.payload)
    events, cut = timeline(this)
    context: dict[str, Any] = {
        "area": "orders",
        "order": this,
        "standing": of_order(this),
        "document": document(this),
        "record": record,
        "vats": vats(record) if record else [],
        "differs": differs(this),
        "events": events,
        "events_cut": cut,
        "kept_days": settings.KEEP_DETAILS_DAYS,
        "is_moving": this.state in MOVING,
        "may_retry": access.may_operate and merchants.may_retry(this),
        "may_mark_handled": access.may_operate and merchants.may_mark_handled(this),
        "form": ReasonForm(),
    }
    return show(request, access, "portal/order.html", context)


def address(kept: Mapping[str, str], view: View) -> str:
    """The query of `view` with what else the list is narrowed by, but for what only some views have."""
    rest = {name: value for name, value in kept.items() if name not in ("view", "cause", "state")}
    return "?" + urlencode(rest | ({"view": view.name} if view.name else {}))


def _counts(customer: Customer, found: Any) -> dict[str, Any]:
    """How many there are, and how many of them somebody has to look at: in one question."""
    views = {name: own(customer).filter(VIEWS[name].orders) for name in ("mine", "ours", "changed")}
    counts: dict[str, Any] = {name: CountOf(rows, paging.MANY) for name, rows in (views | {"found": found}).items()}
    return dict(Customer.objects.filter(pk=customer.pk).values(**counts).get())


export = exports.of_list("orders", narrowed, name=_("orders"), columns=COLUMNS, whole=LISTED)
urls = [
    path("", orders, name="orders"),
    path("retry/", verbs.to_many(order_verbs.RETRY), name="orders_retry"),
    path("handled/", verbs.to_many(order_verbs.HANDLED), name="orders_handled"),
    path("export/<str:kind>/", export, name="orders_export"),
    path("<int:order>/", order, name="order"),
    path("<int:pk>/retry/", verbs.to_one(order_verbs.RETRY), name="order_retry"),
    path("<int:pk>/handled/", verbs.to_one(order_verbs.HANDLED), name="order_handled"),
]
