"""Articles, prices, stock and order statuses, one by one: what each was brought to, and what is wrong with the others."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from billing.models import Customer
from connectors.base import Register
from flows import merchants
from flows.models import Item, Transfer
from sharespine.lib.said import said
from sharespine.portal import exports, item_verbs, paging, verbs
from sharespine.portal.access import Access, page, show
from sharespine.portal.exports import Column
from sharespine.portal.item_log import LISTED, WHOLE, narrowed
from sharespine.portal.standing import of_item

State = Item.State
#: In these an item moves by itself, and its page with it.
MOVING = (State.WAITING, State.RETRYING)

COLUMNS = (
    Column(_("Article or order"), str),
    Column(_("Name"), lambda item: item.name),
    Column(_("Register"), lambda item: capfirst(item.flow.get_register_display())),
    Column(_("From"), lambda item: item.flow.source.name),
    Column(_("To"), lambda item: item.flow.target.name),
    Column(_("State"), lambda item: str(item.get_state_display())),
    Column(_("What happened"), lambda item: said(item.message)),
    Column(_("Who acts"), lambda item: str(item.get_acts_display())),
    Column(_("Last written"), lambda item: item.written),
    Column(_("Written"), lambda item: exports.moment(item.written_at)),
    Column(_("Last seen in the source"), lambda item: exports.moment(item.seen_at)),
)


@page()
def items(request: HttpRequest, access: Access) -> HttpResponseBase:
    log = narrowed(request, access.customer)
    found = paging.page(log.parts, WHOLE, request.GET, log.kept)
    context = {
        "area": "items",
        "log": log,
        "page": found,
        "found": log.rows.order_by()[: paging.MANY].count(),
        "many": paging.MANY,
        "may_retry": access.may_operate and any(map(merchants.may_retry_item, found.rows)),
    }
    return show(request, access, "portal/items.html", context)


@page()
def item(request: HttpRequest, access: Access, item: int) -> HttpResponseBase:
    this = get_object_or_404(WHOLE, flow__connection__customer=access.customer, pk=item)
    context: dict[str, Any] = {
        "area": "items",
        "item": this,
        "standing": of_item(this),
        "order": _order(access.customer, this),
        "is_moving": this.state in MOVING,
        "may_retry": access.may_operate and merchants.may_retry_item(this),
    }
    return show(request, access, "portal/item.html", context)


def _order(customer: Customer, item: Item) -> Transfer | None:
    """The order whose status it is."""
    if item.flow.register != Register.STATUS or not item.key:
        return None
    orders = Transfer.objects.filter(customer=customer, erp=item.flow.connection.erp_id, reference=item.key)
    return orders.only("number", "source_id").first()


export = exports.of_list("items", narrowed, name=_("articles and statuses"), columns=COLUMNS, whole=LISTED)
urls = [
    path("", items, name="items"),
    path("retry/", verbs.to_many(item_verbs.RETRY), name="items_retry"),
    path("export/<str:kind>/", export, name="items_export"),
    path("<int:item>/", item, name="item"),
    path("<int:pk>/retry/", verbs.to_one(item_verbs.RETRY), name="item_retry"),
]
