"""The articles and statuses of a customer, narrowed."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from billing.models import Customer
from connectors.base import Register
from flows import finding
from flows.models import Item
from sharespine.portal.filtering import Choice, FlowFilters, Narrowed, Search, flows_of, with_systems

#: What is taken along of an item, and, with its systems, shown.
LISTED = Item.objects.defer("payload")
WHOLE = with_systems(LISTED)


class ItemFilters(FlowFilters):
    """What the list of articles and statuses is narrowed by."""

    q = Search(label=_("Article number or order number"))
    register = Choice(label=_("Register"))
    flow = Choice(label=_("Flow"))
    state = Choice(label=_("State"), choices=[(value, capfirst(label)) for value, label in Item.State.choices])


def own(customer: Customer) -> QuerySet[Item]:
    """All that `customer` has."""
    return Item.objects.filter(flow__connection__customer=customer)


def narrowed(request: HttpRequest, customer: Customer) -> Narrowed:
    """The items that the address asks for, only those in flows of `customer`."""
    filters = ItemFilters(request.GET, [flow for flow in flows_of(customer) if flow.register != Register.ORDERS])
    chosen, flows = filters.chosen, filters.chosen_flows()
    # By their flows, of which there are few: the indexes of items begin with them.
    items = Item.objects.filter(flow__in=flows)
    if "state" in chosen:
        items = items.filter(state=chosen["state"])
    log = Narrowed(items, filters, flows)
    return log.among(finding.items_matching(Item.objects.all(), chosen["q"], flows=flows)) if "q" in chosen else log
