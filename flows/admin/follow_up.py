"""The page of work lists: who should be called, and why."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import followup
from billing.dates import today
from flows import follow_up


def page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """All of them, in a fixed number of questions; those about orders for whoever may see orders."""
    if not request.user.has_perm("billing.view_subscription"):
        raise PermissionDenied
    now = timezone.now()
    day, shown = today(now), followup.SHOWN
    may_see_orders = request.user.has_perm("flows.view_transfer")
    lists = {
        "nearing": followup.nearing(now),
        "ending": list(followup.ending(day)[:shown]),
        "paused": list(followup.paused(day)[:shown]),
        "released": followup.released(day),
        "expiring": list(followup.expiring(day)[:shown]),
        "without_hours": list(followup.without_hours(day)[:shown]),
        "held": follow_up.held(shown) if may_see_orders else [],
        "unpaid": follow_up.unpaid_shops(day, shown) if may_see_orders else [],
    }
    values = {"title": _("Follow up"), "day": day, "nothing": not any(lists.values()), "shown": shown, **lists}
    return TemplateResponse(request, "flows/follow_up.html", {**context, **values})
