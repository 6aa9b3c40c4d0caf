"""Runs: when each flow was carried out, what it saw and did, and how it ended."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from billing.models import Customer
from connectors.base import Register
from flows.admin.runs import duration
from flows.models import Flow, Item, Run, Transfer
from sharespine.lib.said import said
from sharespine.portal import exports, item_log, order_log, paging
from sharespine.portal.access import Access, page, show
from sharespine.portal.exports import Column
from sharespine.portal.filtering import Choice, Day, FlowFilters, Narrowed, between, flows_of, with_systems

#: Runs that do something, as merchants know them. What staff only try is none of them.
KINDS = {
    Run.Kind.POLL: _("ordinary"),
    Run.Kind.SWEEP: _("daily check"),
    Run.Kind.INITIAL: _("initial product sync"),
}
#: So many of what stopped in a run are shown with it.
SHOWN = 50
#: What is taken along of a run, and, with its systems, shown. What we found when it failed is for staff.
LISTED = Run.objects.defer("report", "evidence")
WHOLE = with_systems(LISTED)


def label(counter: str) -> Any:
    """What a counter of runs is called."""
    return getattr(Run._meta.get_field(counter), "verbose_name", counter)


COLUMNS = (
    Column(_("Run"), str),
    Column(_("Register"), lambda run: capfirst(run.flow.get_register_display())),
    Column(_("From"), lambda run: run.flow.source.name),
    Column(_("To"), lambda run: run.flow.target.name),
    Column(_("Kind"), lambda run: str(KINDS[Run.Kind(run.kind)])),
    Column(_("State"), lambda run: str(run.get_state_display())),
    Column(_("Started"), lambda run: exports.moment(run.started_at)),
    Column(_("Ended"), lambda run: exports.moment(run.ended_at)),
    *(Column(label(name), attrgetter(name)) for name in Run.COUNTERS),
    Column(_("What happened"), lambda run: said(run.error)),
)


class RunFilters(FlowFilters):
    """What the list of runs is narrowed by."""

    register = Choice(label=_("Register"))
    flow = Choice(label=_("Flow"))
    state = Choice(label=_("State"), choices=[(value, capfirst(label)) for value, label in Run.State.choices])
    kind = Choice(label=_("Kind"), choices=[(value, capfirst(label)) for value, label in KINDS.items()])
    first = Day(label=_("Started from"))
    last = Day(label=_("Started to"))


@page()
def runs(request: HttpRequest, access: Access) -> HttpResponseBase:
    log = narrowed(request, access.customer)
    found = paging.page(log.parts, WHOLE, request.GET, log.kept)
    context = {
        "area": "runs",
        "log": log,
        "page": found,
        "rows": [(run, called(run.flow), KINDS[Run.Kind(run.kind)], duration(run)) for run in found.rows],
        "is_running": any(run.state == Run.State.RUNNING for run in found.rows),
        "found": paging.count(log.parts),
        "many": paging.MANY,
    }
    return show(request, access, "portal/runs.html", context)


@page()
def run(request: HttpRequest, access: Access, run: int) -> HttpResponseBase:
    this = get_object_or_404(WHOLE.filter(flow__connection__customer=access.customer, kind__in=KINDS), pk=run)
    of_orders = this.flow.register == Register.ORDERS
    context: dict[str, Any] = {
        "area": "runs",
        "run": this,
        "called": called(this.flow),
        "kind": KINDS[Run.Kind(this.kind)],
        "took": duration(this),
        "counters": [(label(name), getattr(this, name)) for name in Run.COUNTERS if getattr(this, name)],
        "is_running": this.state == Run.State.RUNNING,
        "orders": _stopped_orders(access.customer, this) if of_orders and this.stopped else [],
        "items": _stopped_items(this) if this.stopped and not of_orders else [],
    }
    return show(request, access, "portal/run.html", context)


def narrowed(request: HttpRequest, customer: Customer) -> Narrowed:
    """The runs that the address asks for, only those of flows of `customer`."""
    filters = RunFilters(request.GET, flows_of(customer), called=called)
    chosen, flows = filters.chosen, filters.chosen_flows()
    started = between("started_at", chosen.get("first"), chosen.get("last"))
    # By their flows, of which there are few: the index of them holds the rest.
    found = Run.objects.filter(started, flow__in=flows)
    found = found.filter(kind=chosen["kind"]) if "kind" in chosen else found.filter(kind__in=KINDS)
    found = found.filter(state=chosen["state"]) if "state" in chosen else found
    return Narrowed(found, filters, flows)


def called(flow: Flow) -> str:
    """A flow with its register, orders included: elsewhere that one is left out."""
    return f"{capfirst(flow.get_register_display())}: {flow.source.name} → {flow.target.name}"


def _stopped_orders(customer: Customer, run: Run) -> list[Transfer]:
    stopped = order_log.LISTED.filter(customer=customer, run=run, state=Transfer.State.STOPPED)
    return list(stopped.order_by("-pk")[:SHOWN])


def _stopped_items(run: Run) -> list[Item]:
    return list(item_log.WHOLE.filter(flow=run.flow_id, run=run, state=Item.State.STOPPED).order_by("-pk")[:SHOWN])


export = exports.of_list("runs", narrowed, name=_("runs"), columns=COLUMNS, whole=LISTED)
urls = [
    path("", runs, name="runs"),
    path("export/<str:kind>/", export, name="runs_export"),
    path("<int:run>/", run, name="run"),
]
