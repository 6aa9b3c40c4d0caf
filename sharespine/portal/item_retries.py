"""Having articles and statuses tried again, one or many: what may be is said by `flows.merchants`, done by `flows.rework`."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from billing.models import Customer, Role
from connectors.errors import WhoActs
from flows import merchants, rework
from flows.ledger.anew import OF_THE_SOURCE
from flows.models import Item
from sharespine.lib.counting import CEILING, CountOf, counted
from sharespine.portal.access import Access, page, refused, show
from sharespine.portal.item_log import WHOLE, narrowed
from sharespine.portal.order_retries import LIMIT, SHOWN

State = Item.State


@page(Role.OPERATOR)
@require_POST
def retry(request: HttpRequest, access: Access, item: int) -> HttpResponseBase:
    own = Item.objects.filter(flow__connection__customer=access.customer)
    get_object_or_404(own.only("pk"), pk=item)
    outcome = rework.retry_items(merchants.retryable_items(own.filter(pk=item)), actor=access.actor)
    if outcome.done:
        messages.success(request, _("It is tried again with the next run."))
    else:
        messages.warning(request, _("It was left alone: by now it is in a state in which you cannot try it again."))
    return redirect("portal:item", access.customer.pk, item)


@page(Role.OPERATOR)
def retry_all(request: HttpRequest, access: Access) -> HttpResponseBase:
    """Asks about, and on POST tries again, those of the list that the merchant may."""
    if not access.may_operate:
        return refused(request, access)
    log = narrowed(request, access.customer)
    back = reverse("portal:items", args=[access.customer.pk]) + (f"?{log.query}" if log.kept else "")
    retryable = merchants.retryable_items(log.rows)
    if request.method == "POST":
        _carry_out(request, access, retryable)
        return redirect(back)
    counts = _counts(access.customer, log.rows)
    affected = counts.pop("retryable")
    first = list(retryable.order_by("pk").values_list("pk", flat=True)[:SHOWN])
    context = {
        "area": "items",
        "affected": min(affected, LIMIT),
        "beyond": counted(affected - LIMIT, CEILING - LIMIT) if affected > LIMIT else "",
        "limit": LIMIT,
        "left_out": [_why_left_out(why, n) for why, n in counts.items() if n],
        "examples": list(WHOLE.filter(pk__in=first).order_by("pk")),
        "back": back,
    }
    return show(request, access, "portal/item_retry.html", context)


def _carry_out(request: HttpRequest, access: Access, retryable: QuerySet[Item]) -> None:
    # The oldest first, and by id: the rows asked about must not change under the filters of the list.
    ids = list(retryable.order_by("pk").values_list("pk", flat=True)[: LIMIT + 1])
    own = Item.objects.filter(flow__connection__customer=access.customer, pk__in=ids[:LIMIT])
    outcome = rework.retry_items(merchants.retryable_items(own), actor=access.actor)
    if not outcome.done:
        messages.warning(request, _("Nothing was done: there is nothing any more that you can try again."))
        return
    done = ngettext("%(n)d is tried again with the next run.", "%(n)d are tried again with the next run.", outcome.done)
    rest = _("The rest waits: press Retry all again.") if len(ids) > LIMIT else ""
    messages.success(request, f"{done % {'n': outcome.done}} {rest}".strip())


def _counts(customer: Customer, items: QuerySet[Item]) -> dict[str, Any]:
    """How many may be tried again, and how many of the others there are for each reason why not: in one question."""
    of_the_source = Q(error_code__in=OF_THE_SOURCE)
    groups = {
        "retryable": merchants.RETRYABLE_ITEMS & ~of_the_source,
        "done": Q(state=State.DONE),
        "waiting": Q(state=State.WAITING),
        "source": Q(state=State.STOPPED) & of_the_source,
        "ours": Q(state=State.STOPPED) & ~Q(acts=WhoActs.MERCHANT) & ~of_the_source,
        "skipped": Q(state=State.SKIPPED),
    }
    columns: dict[str, Any] = {name: CountOf(items.filter(group)) for name, group in groups.items()}
    return dict(Customer.objects.filter(pk=customer.pk).values(**columns).get())


def _why_left_out(why: str, n: int) -> str:
    sentences = {
        "done": ngettext("%(n)s is up to date.", "%(n)s are up to date.", n),
        "waiting": ngettext("%(n)s is on its way already.", "%(n)s are on their way already.", n),
        "source": ngettext(
            "%(n)s must be put right in the source and then goes by itself.",
            "%(n)s must be put right in the source and then go by themselves.",
            n,
        ),
        "ours": ngettext(
            "%(n)s is being looked after by us. We try it again when the cause is gone.",
            "%(n)s are being looked after by us. We try them again when the cause is gone.",
            n,
        ),
        "skipped": ngettext("%(n)s is left out by a rule.", "%(n)s are left out by a rule.", n),
    }
    return sentences[why] % {"n": counted(n)}
