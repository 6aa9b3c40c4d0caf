"""The same thing done to many transfers: shown and counted first, then done, never more than a handful of hundreds at once."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from flows import causes, services
from flows.models import Transfer
from sharespine.lib.admin import HistoryAdmin
from sharespine.lib.counting import CEILING, counted
from sharespine.lib.said import said_of_many

#: How many are changed in one go: a mistake stays small, and the page answers at once.
LIMIT = 500

Verb = Callable[..., services.Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """One verb, how it is asked about, and the states that it may touch."""

    name: str
    verb: Verb
    title: Any
    explanation: Any
    button: Any
    states: Collection[str] | None
    reason_required: bool = False


RETRY = Bulk(
    name="retry_selected",
    verb=services.retry,
    title=gettext_lazy("Try these orders again?"),
    explanation=gettext_lazy(
        "They are put first in the queue. Those that are already in the ERP are found there and not sent twice."
    ),
    button=gettext_lazy("Retry"),
    states=services.RETRYABLE,
)
SKIP = Bulk(
    name="skip_selected",
    verb=services.skip,
    title=gettext_lazy("Skip these orders?"),
    explanation=gettext_lazy("They are not sent to the ERP. You can change your mind with Retry."),
    button=gettext_lazy("Skip"),
    states=services.SKIPPABLE,
    reason_required=True,
)
HANDLED = Bulk(
    name="handle_selected",
    verb=services.mark_handled,
    title=gettext_lazy("Mark these orders as handled?"),
    explanation=gettext_lazy("They changed in the shop after they were sent, and somebody has corrected the ERP by hand."),
    button=gettext_lazy("Mark as handled"),
    states=None,
)


class BulkActions(HistoryAdmin):
    """The bulk actions of the list of transfers, and the page that groups trouble by its cause."""

    actions = ("retry_selected", "skip_selected", "handle_selected")

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view
        return [
            path("causes/", view(self.causes), name="flows_transfer_causes"),
            path("causes/retry/", view(self.retry_cause), name="flows_transfer_retry_cause"),
            path("<path:object_id>/preview/", view(self.preview_view), name="flows_transfer_preview"),
            *super().get_urls(),
        ]

    @admin.action(description=gettext_lazy("Retry"), permissions=["operate"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Transfer]) -> HttpResponse | None:
        return self._bulk(request, queryset, RETRY)

    @admin.action(description=gettext_lazy("Skip"), permissions=["operate"])
    def skip_selected(self, request: HttpRequest, queryset: QuerySet[Transfer]) -> HttpResponse | None:
        return self._bulk(request, queryset, SKIP)

    @admin.action(description=gettext_lazy("Mark as handled"), permissions=["operate"])
    def handle_selected(self, request: HttpRequest, queryset: QuerySet[Transfer]) -> HttpResponse | None:
        return self._bulk(request, queryset, HANDLED)

    def causes(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Trouble by cause"),
            "groups": causes.groups(limit=100),
            "may_operate": self.has_operate_permission(request),
        }
        return TemplateResponse(request, "flows/causes.html", context)

    def retry_cause(self, request: HttpRequest) -> HttpResponse:
        """Asks about, and on POST retries, every order that has one cause."""
        if not self.has_operate_permission(request):
            raise PermissionDenied
        cause, state = request.GET.get("cause", ""), request.GET.get("state__exact", "")
        if request.method == "POST":
            self._carry_out(request, causes.of(cause, state), RETRY)
            return HttpResponseRedirect(reverse("admin:flows_transfer_causes"))
        return self._ask(request, causes.of(cause, state), RETRY, subtitle=said_of_many(cause))

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:flows_transfer_change", args=[object_id]))
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.preview(request, object_id)

    def _bulk(self, request: HttpRequest, queryset: QuerySet[Transfer], bulk: Bulk) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return self._ask(request, queryset, bulk)
        self._carry_out(request, queryset, bulk)
        return None

    def _ask(self, request: HttpRequest, queryset: QuerySet[Transfer], bulk: Bulk, *, subtitle: str = "") -> HttpResponse:
        looked_at = Transfer.objects.filter(pk__in=queryset.order_by("id").values("pk")[:CEILING])
        counts = dict(looked_at.order_by().values_list("state").annotate(n=Count("pk")))
        touched = _touched(queryset, bulk)
        affected = touched.order_by()[:CEILING].count()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": bulk.title,
            "cause": subtitle,
            "bulk": bulk,
            "affected": min(affected, LIMIT),
            "beyond": counted(affected - LIMIT, CEILING - LIMIT) if affected > LIMIT else "",
            "limit": LIMIT,
            "left_alone": [
                (Transfer.State(state).label, n)
                for state, n in counts.items()
                if bulk.states is not None and state not in bulk.states
            ],
            "unflagged": max(0, sum(counts.values()) - affected) if bulk.states is None else 0,
            "examples": list(touched.select_related("customer").defer("payload").order_by("id")[:10]),
            "selected": request.POST.getlist("_selected_action"),
            "select_across": request.POST.get("select_across", "0"),
            "back": request.get_full_path() if request.method == "POST" else reverse("admin:flows_transfer_causes"),
        }
        return TemplateResponse(request, "flows/bulk.html", context)

    def _carry_out(self, request: HttpRequest, queryset: QuerySet[Transfer], bulk: Bulk) -> None:
        reason = request.POST.get("reason", "").strip()[:500]
        if bulk.reason_required and not reason:
            self.message_user(request, _("Nothing was done: give a reason, it is kept in the history."), messages.ERROR)
            return
        # Oldest first, and by id: the rows asked about must not change under the verb's own filters.
        ids = list(_touched(queryset, bulk).order_by("id").values_list("pk", flat=True)[:LIMIT])
        outcome = bulk.verb(Transfer.objects.filter(pk__in=ids), actor=request.user.get_username(), reason=reason)
        done = ngettext("%(n)d order: done.", "%(n)d orders: done.", outcome.done) % {"n": outcome.done}
        left = outcome.left_alone and ngettext("%(n)d was left alone.", "%(n)d were left alone.", outcome.left_alone) % {
            "n": outcome.left_alone
        }
        self.message_user(request, f"{done} {left or ''}".strip(), messages.SUCCESS if outcome.done else messages.WARNING)


def _touched(queryset: QuerySet[Transfer], bulk: Bulk) -> QuerySet[Transfer]:
    return queryset.filter(attention=True) if bulk.states is None else queryset.filter(state__in=list(bulk.states))
