"""What a merchant does by hand to the rows of a list: to one on its page, to those that it ticks, or to all that are listed.

One press does it to one; several are asked about first. To which it may be done is said by `flows.merchants`, and it is carried
out by the verbs of `flows`, which send nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from billing.models import Customer, Role
from flows.services import Outcome
from sharespine.lib.counting import CEILING, CountOf, counted
from sharespine.lib.said import said_of_many
from sharespine.portal import paging
from sharespine.portal.access import Access, page, refused, show
from sharespine.portal.filtering import Narrowed

#: To how many it is done in one go: a mistake stays small, and the page answers at once.
LIMIT = 500
#: So many of them are shown first.
SHOWN = 10
#: A sentence about so many, with their number in it as `%(n)s`.
Said = Callable[[int], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What a list is made of. `area` is the page of the list, `row` that of one of them, `own` are all that a customer has."""

    area: str
    row: str
    own: Callable[[Customer], QuerySet[Any]]
    narrowed: Callable[[HttpRequest, Customer], Narrowed]
    listed: QuerySet[Any]
    template: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows that a verb passes over, and why."""

    rows: Q
    why: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """Something that is done to `rows`, and what is said of it: before, on the page that asks, and afterwards.

    `may` leaves of any rows those to which it may be done, `do` does it, and `left_out` are all others. `asks_why`: whether
    somebody may say why, which is then kept with what happened.
    """

    rows: Rows
    may: Callable[[QuerySet[Any]], QuerySet[Any]]
    do: Callable[..., Outcome]
    left_out: Sequence[LeftOut]
    asks_why: bool = False

    question: Any
    affected: Said
    explanation: Any = ""
    button: Said
    none: Any

    one_done: Any
    one_left_alone: Any
    done: Said
    nothing_done: Any
    rest_waits: Any

    def carry_out(self, request: HttpRequest, access: Access, rows: QuerySet[Any]) -> Outcome:
        """Do it to those of `rows` to which it may be done still."""
        reason = {"reason": reason_in(request)} if self.asks_why else {}
        return self.do(self.may(rows), actor=access.actor, **reason)


class ReasonForm(forms.Form):
    """Why, where somebody wants to say it."""

    reason = forms.CharField(
        label=gettext_lazy("Note (optional)"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Kept with your name in what has happened to the order."),
    )


def reason_in(request: HttpRequest) -> str:
    """What was given as the reason; what is no text that can be kept counts as none."""
    form = ReasonForm(request.POST)
    form.is_valid()
    return str(form.cleaned_data.get("reason", ""))


def to_one(verb: Verb) -> Callable[..., HttpResponseBase]:
    """The address at which `verb` is done to one row, by a press on its page."""

    @page(Role.OPERATOR)
    @require_POST
    def view(request: HttpRequest, access: Access, pk: int) -> HttpResponseBase:
        this = verb.rows.own(access.customer).filter(pk=pk)
        get_object_or_404(this.only("pk"))
        if verb.carry_out(request, access, this).done:
            messages.success(request, verb.one_done)
        else:
            messages.warning(request, verb.one_left_alone)
        return redirect(f"portal:{verb.rows.row}", access.customer.pk, pk)

    return view


def to_many(verb: Verb) -> Callable[..., HttpResponseBase]:
    """The page that asks about the rows of a list, those that were ticked or all, and on POST does `verb` to them."""

    @page(Role.OPERATOR)
    def view(request: HttpRequest, access: Access) -> HttpResponseBase:
        if not access.may_operate:
            return refused(request, access)
        log = verb.rows.narrowed(request, access.customer)
        back = log.address(verb.rows.area, access.customer)
        meant = log.rows
        if "ticked" in request.GET:
            # Whatever has become of them since: one that is listed no more is told apart like any other.
            ticked = [pk for pk in map(paging.row_id, request.GET.getlist("row")[:LIMIT]) if pk is not None]
            if not ticked:
                messages.warning(request, _("Nothing was done: none is ticked. Tick those that you mean, and press again."))
                return redirect(back)
            meant = verb.rows.own(access.customer).filter(pk__in=ticked)
        if request.method != "POST":
            return show(request, access, "portal/verb.html", _question(verb, access, log, meant) | {"back": back})
        _do(request, access, verb, meant)
        return redirect(back)

    return view


def _question(verb: Verb, access: Access, log: Narrowed, meant: QuerySet[Any]) -> dict[str, Any]:
    may = verb.may(meant)
    affected, *others = _counts(access.customer, [may, *(meant.filter(left.rows) for left in verb.left_out)])
    now = min(affected, LIMIT)
    first = list(may.order_by("pk").values_list("pk", flat=True)[:SHOWN])
    return {
        "area": verb.rows.area,
        "verb": verb,
        "cause": said_of_many(log.kept.get("cause", "")),
        "affected": verb.affected(now) % {"n": now} if now else "",
        "button": verb.button(now) % {"n": now},
        "beyond": counted(affected - LIMIT, CEILING - LIMIT) if affected > LIMIT else "",
        "limit": LIMIT,
        "left_out": [left.why(n) % {"n": counted(n)} for left, n in zip(verb.left_out, others, strict=True) if n],
        "examples": list(verb.rows.listed.filter(pk__in=first).order_by("pk")),
        "form": ReasonForm() if verb.asks_why else None,
    }


def _counts(customer: Customer, parts: Sequence[QuerySet[Any]]) -> list[int]:
    """How many rows each of the parts has: in one question."""
    return list(Customer.objects.filter(pk=customer.pk).values_list(*map(CountOf, parts)).get())


def _do(request: HttpRequest, access: Access, verb: Verb, meant: QuerySet[Any]) -> None:
    # The oldest first, and by id: the rows asked about must not change under the filters of the list.
    ids = list(verb.may(meant).order_by("pk").values_list("pk", flat=True)[: LIMIT + 1])
    outcome = verb.carry_out(request, access, verb.rows.own(access.customer).filter(pk__in=ids[:LIMIT]))
    if not outcome.done:
        messages.warning(request, verb.nothing_done)
        return
    said = [verb.done(outcome.done) % {"n": outcome.done}]
    if outcome.left_alone:
        alone = ngettext(
            "%(n)s was left alone: something else is being done to it just now.",
            "%(n)s were left alone: something else is being done to them just now.",
            outcome.left_alone,
        )
        said.append(alone % {"n": outcome.left_alone})
    if len(ids) > LIMIT:
        said.append(str(verb.rest_waits))
    messages.success(request, " ".join(said))
