"""What a merchant does to orders: have them tried again, one or many, and say that a change has been taken care of.

What may be done is said by `flows.merchants`, and carried out by `flows.services`, which sends nothing twice.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from billing.models import Customer, Role
from flows import merchants, services
from flows.models import Transfer
from sharespine.lib.counting import CEILING, CountOf, counted
from sharespine.lib.said import said_of_many
from sharespine.portal.access import Access, page, refused, show
from sharespine.portal.order_log import LISTED, narrowed

State = Transfer.State
#: How many are tried again in one go: a mistake stays small, and the page answers at once.
LIMIT = 500
#: So many of them are shown first.
SHOWN = 10


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


@page(Role.OPERATOR)
@require_POST
def retry(request: HttpRequest, access: Access, order: int) -> HttpResponseBase:
    own = _one(access.customer, order)
    outcome = services.retry(merchants.retryable(own), actor=access.actor, reason=reason_in(request))
    if outcome.done:
        messages.success(request, _("The order is tried again now. If it is already in the ERP, it is found there."))
    else:
        messages.warning(request, _("The order was left alone: by now it is in a state in which you cannot try it again."))
    return redirect("portal:order", access.customer.pk, order)


@page(Role.OPERATOR)
@require_POST
def mark_handled(request: HttpRequest, access: Access, order: int) -> HttpResponseBase:
    own = _one(access.customer, order)
    outcome = services.mark_handled(own, actor=access.actor, reason=reason_in(request))
    if outcome.done:
        messages.success(request, _("The order is marked as handled."))
    else:
        messages.warning(request, _("The order was left alone: there is no change to be handled any more."))
    return redirect("portal:order", access.customer.pk, order)


@page(Role.OPERATOR)
def retry_all(request: HttpRequest, access: Access) -> HttpResponseBase:
    """Asks about, and on POST tries again, those orders of the list that the merchant may."""
    if not access.may_operate:
        return refused(request, access)
    log = narrowed(request, access.customer)
    back = reverse("portal:orders", args=[access.customer.pk]) + (f"?{log.query}" if log.kept else "")
    retryable = merchants.retryable(log.rows)
    if request.method == "POST":
        _carry_out(request, access, retryable)
        return redirect(back)
    counts = _counts(access.customer, log.rows)
    affected = counts.pop("retryable")
    context = {
        "area": "orders",
        "cause": said_of_many(log.kept.get("cause", "")),
        "affected": min(affected, LIMIT),
        "beyond": counted(affected - LIMIT, CEILING - LIMIT) if affected > LIMIT else "",
        "limit": LIMIT,
        "left_out": [_why_left_out(why, n) for why, n in counts.items() if n],
        "examples": list(
            LISTED.filter(pk__in=list(retryable.order_by("pk").values_list("pk", flat=True)[:SHOWN])).order_by("pk")
        ),
        "form": ReasonForm(),
        "back": back,
    }
    return show(request, access, "portal/order_retry.html", context)


def _carry_out(request: HttpRequest, access: Access, retryable: QuerySet[Transfer]) -> None:
    # The oldest first, and by id: the rows asked about must not change under the filters of the list.
    ids = list(retryable.order_by("pk").values_list("pk", flat=True)[: LIMIT + 1])
    own = Transfer.objects.filter(customer=access.customer, pk__in=ids[:LIMIT])
    outcome = services.retry(merchants.retryable(own), actor=access.actor, reason=reason_in(request))
    if not outcome.done:
        messages.warning(request, _("Nothing was done: there is no order any more that you can try again."))
        return
    said = [ngettext("%(n)s order is tried again.", "%(n)s orders are tried again.", outcome.done) % {"n": outcome.done}]
    if outcome.left_alone:
        alone = ngettext(
            "%(n)s was left alone: it is on its way just now.",
            "%(n)s were left alone: they are on their way just now.",
            outcome.left_alone,
        )
        said.append(alone % {"n": outcome.left_alone})
    if len(ids) > LIMIT:
        said.append(_("The rest waits: press Retry all again."))
    messages.success(request, " ".join(said))


def _counts(customer: Customer, orders: QuerySet[Transfer]) -> dict[str, Any]:
    """How many may be tried again, and how many of the others there are for each reason why not: in one question."""
    groups = {
        "retryable": merchants.RETRYABLE,
        "sent": Q(state=State.SENT),
        "waiting": Q(state__in=[State.WAITING, State.SENDING]),
        "held": Q(state=State.HELD),
        "ours": Q(state__in=Transfer.TROUBLE) & ~merchants.MINE,
        "skipped": Q(state=State.SKIPPED),
    }
    columns: dict[str, Any] = {name: CountOf(orders.filter(group)) for name, group in groups.items()}
    return dict(Customer.objects.filter(pk=customer.pk).values(**columns).get())


def _why_left_out(why: str, n: int) -> str:
    sentences = {
        "sent": ngettext("%(n)s is already in the ERP.", "%(n)s are already in the ERP.", n),
        "waiting": ngettext("%(n)s is on its way already.", "%(n)s are on their way already.", n),
        "held": ngettext("%(n)s waits for room and goes by itself.", "%(n)s wait for room and go by themselves.", n),
        "ours": ngettext(
            "%(n)s is being looked after by us. We try it again when the cause is gone.",
            "%(n)s are being looked after by us. We try them again when the cause is gone.",
            n,
        ),
        "skipped": ngettext("%(n)s is left out by a rule, or by somebody.", "%(n)s are left out by a rule, or by somebody.", n),
    }
    return sentences[why] % {"n": counted(n)}


def _one(customer: Customer, order: int) -> QuerySet[Transfer]:
    """The order of the customer with this id. Raises `Http404` where it has none."""
    get_object_or_404(Transfer.objects.only("pk"), customer=customer, pk=order)
    return Transfer.objects.filter(customer=customer, pk=order)
