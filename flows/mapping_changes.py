"""How a field mapping changes: a draft is edited, tried on past orders, and used as it was tried. Nothing else writes it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from billing import gates
from billing.dates import today
from billing.models import Feature
from billing.refusals import Refused
from flows import mapper, rework, services, tasks
from flows.mapping.rules import Rules
from flows.mapping_rules import Row, fingerprint, pairs, plain, problems
from flows.models import FieldMapping, Flow, MappingDraft, Run
from sharespine.lib.text import N_, Text

#: The read option of a source in which the extra fields stand that go along.
EXTRA_FIELDS = "extra_fields"


def demand(flow: Flow) -> None:
    """Raises `Refused`, naming the package that has it, while the customer has no field mapping, or nothing can be filled."""
    if not mapper.targets(flow):
        raise Refused(N_("Nothing that this flow moves can be filled by a field mapping."))
    gates.demand(flow.connection.customer_id, [Feature.FIELD_MAPPING], today(timezone.now()))


def edit(flow: Flow, rows: Sequence[Row], *, actor: str) -> None:
    """Keep `rows` as the draft. Raises `Refused` for a rule that is not understood, or without the feature."""
    demand(flow)
    for index, error in problems(flow, rows).items():
        text = N_("Rule %(rule)s, which fills “%(target)s”: %(reason)s")
        target = Text(error.target) if error.target else Text("")
        raise Refused(text, rule=str(index + 1), target=target, reason=error.text)
    MappingDraft.objects.update_or_create(
        flow=flow, defaults={"rules": [plain(row) for row in rows], "changed_by": actor, "tried": "", "trial": None}
    )


def discard(flow: Flow) -> None:
    """Forget the draft."""
    MappingDraft.objects.filter(flow=flow).delete()


def try_out(flow: Flow, *, actor: str) -> None:
    """Have a worker try the draft on past orders."""
    demand(flow)
    if not MappingDraft.objects.filter(flow=flow).update(asked_at=timezone.now(), trial=None, tried=""):
        raise Refused(N_("There is no change to be tried."))
    tasks.wake_for(flow.pk, kind=Run.Kind.TRIAL, actor=actor)


def use(flow: Flow, tried: str, *, actor: str) -> int:
    """Use the draft from now on, if it is what was `tried`. Returns how many rules there are then.

    `tried` is the hash of the trial that the person saw. Raises `Refused` when anything has changed since.
    """
    demand(flow)
    with transaction.atomic():
        draft = MappingDraft.objects.filter(flow=flow).first()
        if draft is None:
            raise Refused(N_("There is no change to be saved. Somebody else may have saved it."))
        if not (tried and tried == draft.tried == fingerprint(flow, draft.rules)):
            raise Refused(N_("The rules, a look-up table or the settings were changed since this was tried. Try it again."))
        if found := problems(flow, draft.rules):
            raise Refused(next(iter(found.values())).text.message, **next(iter(found.values())).text.values)
        _replace(flow, draft.rules, actor)
        draft.delete()
    # Articles follow at once, orders as they come.
    rework.flow_configured(flow)
    return len(draft.rules)


def _replace(flow: Flow, rows: Sequence[Row], actor: str) -> None:
    """Make the saved rules those of `rows`; of what stays the same, the history says nothing."""
    there = {rule.position: rule for rule in flow.mappings.all()}
    for position, row in enumerate(rows, start=1):
        rule = there.pop(position, None) or FieldMapping(flow=flow, position=position)
        if rule.pk and (rule.target, rule.expression, rule.active) == (row["target"], row["expression"], row["active"]):
            continue
        rule.target, rule.expression, rule.active = row["target"], row["expression"], row["active"]
        services.sign(rule, "saved", actor)
        rule.save()
    for rule in there.values():
        services.sign(rule, "removed", actor)
        rule.delete()
    in_use = pairs(rows)
    extras = Rules.of(in_use, mapper.targets(flow), mapper.vocabulary(flow)).extras
    listed = str(flow.source_options.get(EXTRA_FIELDS) or "").splitlines()
    if new := sorted(extras - {name.strip() for name in listed}):
        flow.source_options = {**flow.source_options, EXTRA_FIELDS: "\n".join([*listed, *new])}
        services.sign(flow, "field mapping", actor)
        flow.save(update_fields=["source_options"])
    flow.mapped = bool(in_use)
    Flow.objects.filter(pk=flow.pk).update(mapped=flow.mapped)
