"""The filters of the list of transfers."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from flows import causes
from flows.models import Flow, Transfer
from sharespine.lib.admin import DropdownFilter
from sharespine.lib.said import said_of_many

#: The fixed views of the list, by what stands in the address.
VIEWS: dict[str, Q] = {
    "stopped": Q(state=Transfer.State.STOPPED),
    "uncertain": Q(state=Transfer.State.UNCERTAIN),
    "waiting": Q(state__in=["waiting", "retrying", "held", "sending"]),
    "changed": Q(attention=True),
    "sent": Q(state=Transfer.State.SENT),
    "needs": causes.needs_somebody(),
}


class ViewFilter(DropdownFilter):
    title = _("view")
    parameter_name = "view"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("needs", _("needs somebody")),
            ("stopped", _("stopped")),
            ("uncertain", _("uncertain")),
            ("waiting", _("waiting")),
            ("changed", _("changed after transfer")),
            ("sent", _("sent")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Transfer]) -> QuerySet[Transfer]:
        return queryset.filter(VIEWS.get(self.value() or "", Q()))


class FlowFilter(DropdownFilter):
    title = _("flow")
    parameter_name = "flow__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        flows = Flow.objects.select_related("shop", "connection__erp", "connection__customer")
        return [(str(flow.pk), f"{flow.connection.customer}: {flow}") for flow in flows.order_by("connection__customer__name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Transfer]) -> QuerySet[Transfer]:
        value = self.value() or ""
        return queryset.filter(flow=int(value)) if value.isdigit() else queryset


class CauseFilter(DropdownFilter):
    title = _("cause")
    parameter_name = "cause"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = {group.cause: said_of_many(group.cause) for group in causes.groups(limit=30) if group.cause}
        if (chosen := request.GET.get("cause")) and chosen not in found:
            found[chosen] = said_of_many(chosen)
        return list(found.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Transfer]) -> QuerySet[Transfer]:
        return queryset.filter(cause=self.value()) if self.value() else queryset
