"""The orders of a customer, narrowed: fixed views, filters, and what somebody has in their hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models import Customer
from connectors.base import Register
from flows import finding, merchants
from flows.models import Transfer
from flows.models.transfers import NEEDS_SOMEBODY
from sharespine.portal.filtering import Choice, Day, Filters, FlowFilters, Narrowed, Search, between, flows_of, with_systems

State = Transfer.State
#: What is shown of an order in a list, and, with its systems and its record, on its page.
LISTED = Transfer.objects.defer("payload")
WHOLE = with_systems(Transfer.objects.all(), "flow__shop", "flow__connection__erp", "erp")


@dataclass(frozen=True, slots=True)
class View:
    """Orders that are looked at together. `nothing` is said when there are none."""

    name: str
    title: Any
    orders: Q
    nothing: Any


VIEWS = {
    view.name: view
    for view in (
        View(
            "",
            pgettext_lazy("orders", "All"),
            Q(),
            _("No order has been fetched yet. Orders show here as soon as the shop has some that are to be transferred."),
        ),
        View("mine", _("Wait for you"), NEEDS_SOMEBODY & merchants.MINE, _("No order waits for you.")),
        View("ours", _("With us"), NEEDS_SOMEBODY & merchants.OURS, _("There is no order that we look after.")),
        View(
            "waiting",
            _("On their way"),
            Q(state__in=[State.WAITING, State.SENDING, State.RETRYING]),
            _("No order is on its way: all that were fetched have arrived, or wait for somebody."),
        ),
        View("held", _("Waiting for room"), Q(state=State.HELD), _("No order waits for room in the month.")),
        View("sent", _("Transferred"), Q(state=State.SENT), _("No order has been transferred yet.")),
        View("skipped", _("Left out"), Q(state=State.SKIPPED), _("No order has been left out.")),
        View(
            "changed",
            _("Changed afterwards"),
            NEEDS_SOMEBODY & Q(attention=True),
            _("No order was changed in the shop after it was transferred."),
        ),
    )
}


class OrderFilters(FlowFilters):
    """What the list of orders is narrowed by."""

    view = forms.ChoiceField(
        choices=[(name, name) for name in VIEWS if name], required=False, widget=forms.HiddenInput, label=_("View")
    )
    cause = forms.CharField(max_length=300, required=False, strip=False, widget=forms.HiddenInput, label=_("Cause"))
    q = Search(label=_("Number in the shop or the ERP, or buyer"))
    flow = Choice(label=_("Shop"))
    state = Choice(label=_("State"), choices=[(value, capfirst(label)) for value, label in State.choices])
    first = Day(label=_("Placed from"))
    last = Day(label=_("Placed to"))


def own(customer: Customer) -> QuerySet[Transfer]:
    """All that `customer` has."""
    return Transfer.objects.filter(customer=customer)


def narrowed(request: HttpRequest, customer: Customer) -> Narrowed:
    """The orders that the address asks for, only those of `customer`."""
    filters = OrderFilters(request.GET, [flow for flow in flows_of(customer) if flow.register == Register.ORDERS])
    chosen = filters.chosen
    placed = between("placed_at", chosen.get("first"), chosen.get("last"))
    orders = own(customer).filter(view_of(filters).orders, placed)
    if "flow" in chosen:
        orders = orders.filter(flow=int(chosen["flow"]))
    if "state" in chosen:
        orders = orders.filter(_in_state(chosen["state"]))
    if "cause" in chosen:
        orders = orders.filter(NEEDS_SOMEBODY, cause=chosen["cause"])
    log = Narrowed(orders, filters)
    return log.among(finding.matching(Transfer.objects.all(), chosen["q"], customer=customer.pk)) if "q" in chosen else log


def view_of(filters: Filters) -> View:
    """The fixed view that is looked at."""
    return VIEWS[filters.chosen.get("view", "")]


def _in_state(state: str) -> Q:
    """By state. What needs somebody has a small index of its own."""
    return NEEDS_SOMEBODY & Q(state=state) if state in Transfer.TROUBLE else Q(state=state)
