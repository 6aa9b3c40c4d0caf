"""The filters of the list of transfers. Each is answered by an index, also where one order in a thousand matches."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from flows import causes
from flows.models import Transfer
from flows.models.transfers import NEEDS_SOMEBODY
from sharespine.lib.admin import ChoicesDropdownFilter, DropdownFilter, MultipleChoicesDropdownFilter
from sharespine.lib.said import said_of_many

#: The fixed views of the list, by what stands in the address.
VIEWS: dict[str, Q] = {
    "stopped": NEEDS_SOMEBODY & Q(state=Transfer.State.STOPPED),
    "uncertain": NEEDS_SOMEBODY & Q(state=Transfer.State.UNCERTAIN),
    "waiting": Q(state__in=["waiting", "retrying", "held", "sending"]),
    "changed": Q(attention=True),
    "sent": Q(state=Transfer.State.SENT),
    "needs": NEEDS_SOMEBODY,
}
#: Among how many of the newest orders in trouble the filter looks for causes to offer.
AMONG = 1000


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


class StateFilter(MultipleChoicesDropdownFilter):
    """By state. Where all that are chosen need somebody, the index of those that do is of use."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Transfer]) -> QuerySet[Transfer]:
        found = super().queryset(request, queryset)
        chosen = set(self.value() or ())
        return found.filter(NEEDS_SOMEBODY) if chosen and chosen <= set(Transfer.TROUBLE) else found


class ActsFilter(ChoicesDropdownFilter):
    """By who acts: somebody does for orders that stopped, and for no others."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Transfer]) -> QuerySet[Transfer]:
        found = super().queryset(request, queryset)
        return found.filter(NEEDS_SOMEBODY) if self.value() not in (None, "", Transfer.Acts.NOBODY) else found


class CauseFilter(DropdownFilter):
    title = _("cause")
    parameter_name = "cause"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = {group.cause: said_of_many(group.cause) for group in causes.groups(limit=30, among=AMONG) if group.cause}
        if (chosen := request.GET.get("cause")) and chosen not in found:
            found[chosen] = said_of_many(chosen)
        return list(found.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Transfer]) -> QuerySet[Transfer]:
        return queryset.filter(NEEDS_SOMEBODY, cause=self.value()) if self.value() else queryset
