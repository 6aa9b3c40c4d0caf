"""What a customer has connected, in words: how each flow stands, when it runs and what goes.

Every function asks a fixed number of questions, however many flows there are. Nothing of credentials is ever read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from billing import gates
from billing.dates import today
from billing.models import Customer, Feature
from connectors.base import Option, Register
from connectors.fields import LABELS
from flows import planner, rulebook, timing
from flows.models import Connection, Endpoint, Flow, Run
from flows.schedule import Schedule
from sharespine.lib.said import said
from sharespine.portal.runs import KINDS

#: What the history of a flow begins with where somebody paused it (`flows.services.sign`).
PAUSED = "paused ("
#: Columns of an endpoint that no page of a merchant needs, credentials above all.
KEPT_BACK = ("secrets", "options")


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A flow and how it stands. `tone` is what its colour follows; `last` is its latest run that was to bring something."""

    flow: Flow
    register: str
    tone: str
    state: str
    reason: str
    often: str
    next_run: str
    last: Run | None
    may_resume: bool
    paused_by: str = ""
    paused_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection with its systems, the ERP first, what it demands of the ERP, and its flows."""

    connection: Connection
    endpoints: list[Endpoint]
    modules: list[tuple[str, bool, bool]]
    rows: list[FlowRow]


def connections(customer: Customer, now: datetime) -> list[Connected]:
    """Everything that `customer` has connected, as it is at `now`."""
    kept_back = [f"erp__{column}" for column in KEPT_BACK]
    found = list(Connection.objects.filter(customer=customer).select_related("erp").defer(*kept_back).order_by("name", "pk"))
    by_connection: dict[int, list[FlowRow]] = {connection.pk: [] for connection in found}
    for row in rows(customer, flows(customer), now):
        by_connection[row.flow.connection_id].append(row)
    return [
        Connected(
            connection,
            _unique([connection.erp, *(row.flow.shop for row in by_connection[connection.pk])]),
            modules(connection),
            by_connection[connection.pk],
        )
        for connection in found
    ]


def flows(customer: Customer) -> QuerySet[Flow]:
    """The flows of `customer`, with what the rows of pages say about them."""
    last = Run.objects.filter(flow=OuterRef("pk"), kind__in=KINDS).order_by("-id").values("pk")
    paused = Flow.history.filter(id=OuterRef("pk"), history_change_reason__startswith=PAUSED).order_by("-history_id")
    kept_back = [f"{side}__{column}" for side in ("shop", "connection__erp") for column in KEPT_BACK]
    return (
        Flow.objects.filter(connection__customer=customer)
        .select_related("shop", "connection__erp", "connection__customer")
        .defer(*kept_back)
        .annotate(
            last_run=Subquery(last[:1]),
            paused_note=Subquery(paused.values("history_change_reason")[:1]),
            paused_on=Subquery(paused.values("history_date")[:1]),
        )
        .order_by("pk")
    )


def rows(customer: Customer, found: Iterable[Flow], now: datetime) -> list[FlowRow]:
    """How each of the flows stands at `now`; they are some of `flows`."""
    theirs: list[Any] = list(found)
    runs = Run.objects.defer("report", "evidence").in_bulk([flow.last_run for flow in theirs if flow.last_run])
    own_times = any(map(timing.has_own, theirs)) and gates.has(customer.pk, [Feature.SCHEDULING], today(now))
    return [_row(flow, runs.get(flow.last_run), own_times=own_times, now=now) for flow in theirs]


def _row(flow: Any, last: Run | None, *, own_times: bool, now: datetime) -> FlowRow:
    was_paused = flow.state == Flow.State.PAUSED and bool(flow.paused_note)
    tone, state, reason = _state(flow, begun=was_paused)
    schedule = timing.own(flow) if own_times and timing.has_own(flow) else timing.standard(flow)
    return FlowRow(
        flow=flow,
        register=_(LABELS[Register(flow.register)]),
        tone=tone,
        state=state,
        reason=reason,
        often=_often(schedule),
        next_run=_next_run(flow, last, now),
        last=last,
        may_resume=was_paused and planner.belongs(flow.connection.main_flow, flow.register, flow.direction),
        paused_by=flow.paused_note.removeprefix(PAUSED).removesuffix(")") if was_paused else "",
        paused_at=flow.paused_on if was_paused else None,
    )


def _state(flow: Flow, *, begun: bool) -> tuple[str, str, str]:
    """What the colour of a flow follows, its state, and why it stands still if it does."""
    if flow.state == Flow.State.PAUSED:
        if begun:
            # Who paused it is told beside it, with when.
            return "paused", pgettext("state of a flow", "paused"), str(flow.pause_reason.values.get("reason", ""))
        return "draft", _("not begun"), _("We configure it together with you before it begins.")
    if flow.connection.state != Connection.State.ACTIVE:
        return "paused", _("stands still"), _("Its connection is not active.")
    if flow.hindrance.message:
        return "hindered", _("may not run"), said(flow.hindrance)
    return "active", pgettext("state of a flow", "active"), ""


def _often(schedule: Schedule) -> str:
    """How often a flow runs by itself, in a few words."""
    if schedule.cron:
        often = _("at its own times")
    else:
        minutes = schedule.interval // timedelta(minutes=1)
        often = ngettext("every %(n)d minute", "every %(n)d minutes", minutes) % {"n": minutes}
    if schedule.quiet:
        begin, end = (time_format(each, "H:i") for each in schedule.quiet)
        often = _("%(often)s, quiet from %(begin)s until %(end)s") % {"often": often, "begin": begin, "end": end}
    return often


def _next_run(flow: Flow, last: Run | None, now: datetime) -> str:
    """When a flow runs next, or what it waits for."""
    if not flow.is_live:
        return "–"
    if flow.hindrance.message:
        return _("when the package has what it needs")
    if last is not None and last.state == Run.State.RUNNING and last.lease_until > now:
        return _("runs now")
    for endpoint in (flow.source, flow.target):
        if endpoint.open_until is not None and endpoint.open_until > now:
            return _("when %(system)s answers again") % {"system": endpoint.name}
    if flow.next_run_at is None or flow.next_run_at <= now:
        return _("within a minute")
    local = timezone.localtime(flow.next_run_at)
    return date_format(local, "H:i" if local.date() == timezone.localtime(now).date() else "Y-m-d H:i")


def modules(connection: Connection) -> list[tuple[str, bool, bool]]:
    """What the merchant must have in the ERP: what it is called, whether it is mandatory, and whether it is confirmed."""
    declared = connection.erp.connector_class.manifest.modules
    return [(_(module.label), module.mandatory, module.key in connection.modules) for module in declared]


def choices(flow: Flow) -> list[tuple[str, list[str]]]:
    """What was chosen about what goes, by heading: with the names that the systems themselves use."""
    if flow.register == Register.ORDERS:
        return _of_orders(flow)
    if flow.register == Register.STATUS:
        return [(_("What the shop is told"), _of_statuses(flow))]
    return []


def _of_orders(flow: Flow) -> list[tuple[str, list[str]]]:
    statuses = _names(flow.shop, "statuses")
    found = [(_("Statuses that trigger transfer"), [statuses.get(value, value) for value in flow.trigger_statuses])]
    kinds = {choice.value: _(choice.label) for choice in flow.writes.document_kinds}
    options: Sequence[Option] = flow.target.connector_class.manifest.write_options.get(Register.ORDERS, ())
    for option in options:
        # Which of its options says what orders become, the system itself knows: it is the one that offers those kinds.
        if option.choices and option.choices == flow.writes.document_kinds:
            chosen = flow.target_options.get(option.key) or option.default
            kinds = {value: label for value, label in kinds.items() if value == chosen}
    if kinds:
        found.append((_("Orders become"), list(kinds.values())))
    if flow.start_from:
        found.append((_("Orders placed from"), [date_format(timezone.localtime(flow.start_from), "Y-m-d H:i")]))
    if flow.channel:
        found.append((_("Only orders of the channel"), [flow.channel]))
    return found


def _of_statuses(flow: Flow) -> list[str]:
    told, statuses = rulebook.told(Register.STATUS, flow.rules), _names(flow.shop, "statuses")
    found = []
    for milestone in rulebook.IN_ORDER:
        status = told[f"{milestone}_status"]
        parts = [
            _("the status becomes “%(status)s”") % {"status": statuses.get(status, status)} if status else "",
            _("the payment is captured") if status and told[f"{milestone}_capture"] else "",
            _("the buyer gets an e-mail") if told[f"{milestone}_message"] else "",
        ]
        if any(parts):
            label = _(rulebook.LABELS[milestone])
            found.append(_("%(milestone)s: %(what)s") % {"milestone": label, "what": ", ".join(filter(None, parts))})
    return found


def _names(endpoint: Endpoint, name: str) -> Mapping[str, str]:
    return {choice.value: choice.label for choice in endpoint.choices(name)}


def _unique(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    return list({endpoint.pk: endpoint for endpoint in endpoints}.values())
