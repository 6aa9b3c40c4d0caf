"""Connections and flows: their state, their runs, and pausing them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import Role
from billing.refusals import Refused
from flows import services
from flows.admin.timetable import timetable
from flows.models import Connection, Endpoint, Flow, Run
from sharespine.lib.said import said
from sharespine.lib.text import N_
from sharespine.portal import connected
from sharespine.portal.access import Access, page, refused, show
from sharespine.portal.runs import KINDS

#: So many runs of a flow are shown on its page.
SHOWN = 5
#: Seconds: so often a flow is started, and a system tested, however often somebody presses.
START_EVERY, TEST_EVERY = 60, 30


class PauseForm(forms.Form):
    """Why nothing is to be moved for a while."""

    reason = forms.CharField(
        label=gettext_lazy("Why? (optional)"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Your colleagues and we read it, like “Stock-taking until Monday”."),
    )


@page()
def connections(request: HttpRequest, access: Access) -> HttpResponseBase:
    found = connected.connections(access.customer, timezone.now())
    return show(request, access, "portal/connections.html", {"area": "connections", "found": found})


@page()
def flow(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    now = timezone.now()
    this = get_object_or_404(connected.flows(access.customer), pk=pk)
    runs = Run.objects.filter(flow=this, kind__in=KINDS).defer("report", "evidence").order_by("-id")[:SHOWN]
    context: dict[str, Any] = {
        "area": "connections",
        "flow": this,
        "row": connected.rows(access.customer, [this], now)[0],
        "choices": connected.choices(this),
        "timetable": timetable(this, now),
        "runs": [(run, KINDS[Run.Kind(run.kind)]) for run in runs],
    }
    return show(request, access, "portal/flow.html", context)


@page(Role.OPERATOR)
def pause_connection(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    """Asks why, and pauses."""
    if access.looks_on:
        return refused(request, access)
    connection = get_object_or_404(Connection, customer=access.customer, pk=pk)

    def pause(reason: str) -> None:
        if connection.state != Connection.State.ACTIVE:
            raise Refused(N_("The connection is not active."))
        services.pause_connection(connection, actor=access.actor, reason=reason)

    done = _("The connection is paused. Nothing is moved until somebody resumes it; nothing is lost.")
    back = redirect("portal:connections", access.customer.pk)
    return _ask_why(request, access, {"name": connection.name}, pause, done, back)


@page()
def resume_connection(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    connection = get_object_or_404(Connection.objects.select_related("erp"), customer=access.customer, pk=pk)

    def resume() -> None:
        if connection.state == Connection.State.DRAFT:
            raise Refused(N_("The connection is being set up: we begin it together with you."))
        if connection.state == Connection.State.ACTIVE:
            raise Refused(N_("The connection is active already."))
        services.resume_connection(connection, actor=access.actor)

    if request.method == "POST":
        _carry_out(request, resume, _("The connection is active again. What happened meanwhile is fetched now."))
    return redirect("portal:connections", access.customer.pk)


@page()
def test(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    """Find out whether a system that did not let us in does now: its flows go on once it answers."""
    endpoint = get_object_or_404(Endpoint, customer=access.customer, pk=pk)
    if request.method == "POST" and _first(f"test-{pk}", TEST_EVERY):
        services.check_endpoint(endpoint, actor=access.actor)
        if endpoint.health == Endpoint.Health.WORKING:
            messages.success(request, _("%(system)s answers as it should.") % {"system": endpoint.name})
        else:
            messages.error(request, f"{endpoint.name}: {said(endpoint.trouble)}")
    elif request.method == "POST":
        messages.info(request, _("It was tested a moment ago. Try again in half a minute."))
    return redirect("portal:connections", access.customer.pk)


@page(Role.OPERATOR)
def pause_flow(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    """Asks why, and pauses."""
    if access.looks_on:
        return refused(request, access)
    this = _flow(access, pk)

    def pause(reason: str) -> None:
        if this.state != Flow.State.ACTIVE:
            raise Refused(N_("The flow is paused already."))
        services.pause_flow(this, actor=access.actor, reason=reason)

    done = _("The flow is paused. Nothing is lost: what happens meanwhile is fetched when it goes on.")
    back = redirect("portal:flow", access.customer.pk, pk)
    return _ask_why(request, access, {"name": str(this), "flow": this}, pause, done, back)


@page()
def resume_flow(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    this = _flow(access, pk)

    def resume() -> None:
        if not connected.rows(access.customer, [this], timezone.now())[0].may_resume:
            raise Refused(N_("We configure this flow together with you before it begins. Call us, and we do it."))
        services.resume_flow(this, actor=access.actor)

    if request.method == "POST":
        _carry_out(request, resume, _("The flow is active again. It begins within a minute."))
    return redirect("portal:flow", access.customer.pk, pk)


@page()
def start_flow(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
    this = _flow(access, pk)

    def start() -> None:
        if this.is_live and this.hindrance.message:
            raise Refused(this.hindrance.message, **this.hindrance.values)
        if this.is_live and not _first(f"start-{pk}", START_EVERY):
            raise Refused(N_("It was started less than a minute ago. It shows below as soon as it runs."))
        services.start_flow(this, actor=access.actor)

    if request.method == "POST":
        _carry_out(request, start, _("The flow is started. It shows below within a few seconds."))
    return redirect("portal:flow", access.customer.pk, pk)


def _flow(access: Access, pk: int) -> Flow:
    return get_object_or_404(connected.flows(access.customer), pk=pk)


def _ask_why(
    request: HttpRequest,
    access: Access,
    paused: dict[str, Any],
    pause: Callable[[str], None],
    done: str,
    back: HttpResponseBase,
) -> HttpResponseBase:
    """Ask why something is to be paused; once that was said, pause it or say why not, and go `back`."""
    form = PauseForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return show(request, access, "portal/pause.html", {"area": "connections", "form": form, **paused})
    _carry_out(request, lambda: pause(form.cleaned_data["reason"]), done)
    return back


def _carry_out(request: HttpRequest, act: Callable[[], None], done: str) -> None:
    """Do it and say so, or say why not."""
    try:
        act()
    except Refused as why_not:
        messages.error(request, said(why_not.text))
    else:
        messages.success(request, done)


def _first(what: str, seconds: int) -> bool:
    """Whether nobody did this within the last `seconds`, as far as this process knows."""
    return bool(cache.add(f"portal-{what}", 1, timeout=seconds))


urls = [
    path("", connections, name="connections"),
    path("<int:pk>/pause/", pause_connection, name="connection_pause"),
    path("<int:pk>/resume/", resume_connection, name="connection_resume"),
    path("systems/<int:pk>/test/", test, name="system_test"),
    path("flows/<int:pk>/", flow, name="flow"),
    path("flows/<int:pk>/pause/", pause_flow, name="flow_pause"),
    path("flows/<int:pk>/resume/", resume_flow, name="flow_resume"),
    path("flows/<int:pk>/start/", start_flow, name="flow_start"),
]
