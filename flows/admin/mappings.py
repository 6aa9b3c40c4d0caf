"""The page of a flow's field mapping: its rules are changed, tried on past orders, and then used."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.admin.verbs import carry_out
from connectors.base import Register
from connectors.mappable import SOURCES
from flows import mapper, mapping_changes, mapping_rules
from flows.admin import uploads
from flows.admin.mapping_resources import KINDS, RuleResource, Wrong
from flows.mapping.catalogue import CONVERSIONS
from flows.mapping.rules import MOST_RULES
from flows.mapping_trial import OUTCOMES
from flows.models import FieldMapping, Flow, LookUpTable, MappingDraft, Run
from sharespine.lib.said import said

#: A trial that has not begun by then will not: no worker runs, or the flow was busy all the time.
PATIENCE = timedelta(minutes=3)
TONES = {"stops": "danger", "changed": "info", "goes": "success", "stopped": "warning", "same": "default"}
Rows = list[dict[str, Any]]


def page(request: HttpRequest, flow: Flow | None, context: dict[str, Any], address: str) -> HttpResponse:
    """The rules as they are being changed. `address` is that of the flow."""
    if flow is None:
        raise Http404
    may_change = request.user.has_perm("flows.change_flow")
    here = f"{address.removesuffix('change/')}mapping/"
    rows, problems, imported = mapping_rules.edited(flow), (), 0
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        verb, _dash, number = request.POST.get("do", "").partition("-")
        if (answer := _done(request, flow, verb, here)) is not None:
            return answer
        if verb == "import":
            try:
                rows = uploads.sent(request, RuleResource(flow))
                imported = len(rows)
            except Wrong as wrong:
                problems = wrong.args
        else:
            rows = _moved(_posted(request), verb, int(number) if number.isdigit() else -1)
    context = {**context, **_shown(flow, rows), **_tried(flow), "title": _("Field mapping of %(flow)s") % {"flow": flow}}
    context |= {"original": flow, "back": address, "may_change": may_change, "problems": problems, "imported": imported}
    # What was sent and is not kept yet must not be tried as if it were.
    context["is_open"] = request.method == "POST"
    return TemplateResponse(request, "flows/mapping.html", context)


def progress(request: HttpRequest, flow: Flow | None, context: dict[str, Any]) -> HttpResponse:
    """The part of the page that is asked for again while the mapping is tried."""
    if flow is None:
        raise Http404
    tried = _tried(flow)
    answer = TemplateResponse(request, "flows/mapping_progress.html", {**context, **tried, "original": flow})
    if not tried["is_trying"]:
        # The page has more to show now.
        answer.headers["HX-Refresh"] = "true"
    return answer


def export(flow: Flow | None, kind: str) -> HttpResponse | HttpResponseBase:
    """The rules as they are being changed, as a file."""
    if flow is None:
        raise Http404
    records = [FieldMapping(flow=flow, **row) for row in mapping_rules.edited(flow)]
    return uploads.answer(RuleResource(flow), records, f"field-mapping-{flow.pk}", kind)


def _done(request: HttpRequest, flow: Flow, verb: str, here: str) -> HttpResponse | None:
    """What a button asks for that changes anything; None for the others, and while a rule is not understood."""
    if verb == "use":
        tried = request.POST.get("tried", "")
        return carry_out(
            request, here, lambda actor: mapping_changes.use(flow, tried, actor=actor), _("The field mapping is in use.")
        )
    if verb == "discard":
        mapping_changes.discard(flow)
        return HttpResponseRedirect(here)
    rows = _posted(request)
    if verb not in ("keep", "try") or mapping_rules.problems(flow, rows):
        return None

    def kept(actor: str) -> None:
        mapping_changes.edit(flow, rows, actor=actor)
        if verb == "try":
            mapping_changes.try_out(flow, actor=actor)

    return carry_out(request, here, kept, _("It is being tried.") if verb == "try" else _("Kept. It is not used yet."))


def _posted(request: HttpRequest) -> Rows:
    """The rows of the form; those with neither a target nor an expression are left out."""
    targets, expressions = request.POST.getlist("target"), request.POST.getlist("expression")
    active = set(request.POST.getlist("active"))
    rows = [
        {"target": target, "expression": expression.replace("\r\n", "\n").strip(), "active": str(index) in active}
        for index, (target, expression) in enumerate(zip(targets, expressions, strict=False))
    ]
    return [row for row in rows if row["target"] or row["expression"]][:MOST_RULES]


def _moved(rows: Rows, verb: str, index: int) -> Rows:
    """The rows after a button that only changes the form."""
    if verb == "add":
        return [*rows, {"target": "", "expression": "", "active": True}]
    if not 0 <= index < len(rows):
        return rows
    if verb == "remove":
        return rows[:index] + rows[index + 1 :]
    other = index + {"up": -1, "down": 1}.get(verb, 0)
    if 0 <= other < len(rows):
        rows[index], rows[other] = rows[other], rows[index]
    return rows


def _shown(flow: Flow, rows: Rows) -> dict[str, Any]:
    """The rules with what is wrong with each, and everything that may stand in one."""
    # A row that was just added is not wrong yet.
    filled = {index: row for index, row in enumerate(rows) if row["target"] or row["expression"]}
    wrong: dict[int, dict[str, str]] = {}
    for position, error in mapping_rules.problems(flow, list(filled.values())).items():
        index = list(filled)[position]
        wrong[index] = {
            "text": said(error.text),
            "before": rows[index]["expression"][: error.position or 0],
            "at": rows[index]["expression"][error.position or 0 :] if error.position is not None else "",
        }
    fillable = mapper.targets(flow).values()
    targets = [
        {
            "key": target.key,
            "label": _(target.label),
            "help": _(target.help) if target.help else "",
            "per_line": target.per_line,
        }
        for target in fillable
    ]
    draft = MappingDraft.objects.filter(flow=flow).first()
    return {
        "rules": [{**row, "index": index, "wrong": wrong.get(index)} for index, row in enumerate(rows)],
        "draft": draft,
        "in_use": flow.mappings.filter(active=True).count(),
        "targets": targets,
        "sources": [(field.key, _(field.label)) for field in SOURCES.get(Register(flow.register), ())],
        "reads_extras": mapper.vocabulary(flow).extras,
        "choices": [
            (_(target.label), offered)
            for target in fillable
            if target.choices_from and (offered := flow.target.choices(target.choices_from))
        ],
        "conversions": [(c.name, _(c.help), c.example) for c in CONVERSIONS.values()],
        "tables": LookUpTable.objects.filter(customer=flow.connection.customer_id),
        "kinds": KINDS,
    }


def _tried(flow: Flow) -> dict[str, Any]:
    """What the trial of the draft found, or how far it has come."""
    draft = MappingDraft.objects.filter(flow=flow).select_related("trial").first()
    run = draft.trial if draft else None
    report: Any = run.report if run and isinstance(run.report, dict) else {}
    waits = draft is not None and run is None and draft.asked_at is not None
    late = draft is not None and draft.asked_at is not None and timezone.now() - draft.asked_at > PATIENCE
    counts = report.get("counts", {})
    fresh = bool(draft and draft.tried and report.get("whole") and draft.tried == mapping_rules.fingerprint(flow, draft.rules))
    seconds = report.get("seconds", {})
    return {
        "trial": run,
        "is_trying": (waits and not late) or (run is not None and run.state == Run.State.RUNNING),
        "is_late": waits and late,
        "report": report,
        "outcomes": [(_(words), TONES[key], counts.get(key, 0)) for key, words in OUTCOMES.items()],
        "entries": [
            {**entry, "words": _(OUTCOMES[entry["outcome"]]), "tone": TONES[entry["outcome"]]}
            for entry in sorted(report.get("entries", ()), key=lambda entry: list(OUTCOMES).index(entry["outcome"]))
        ],
        "is_fresh": fresh,
        "ratio": round(seconds["after"] / seconds["before"], 2) if seconds.get("before") else None,
    }
