"""The customer's page with what is connected and what happens there. `billing` knows nothing of flows, so it is added here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from billing.admin import CustomerAdmin
from billing.models import Customer
from flows import causes
from flows.models import Connection, Endpoint, Transfer
from sharespine.lib.admin import display

admin.site.unregister(Customer)


@admin.register(Customer)
class ConnectedCustomerAdmin(CustomerAdmin):
    list_display = ("name", "organisation_number", "email", "connections", "needs_attention", "created_at")
    change_form_outer_before_template = "flows/customer.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                active=Count("connections", Q(connections__state=Connection.State.ACTIVE), distinct=True),
                paused=Count("connections", Q(connections__state=Connection.State.PAUSED), distinct=True),
            )
        )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        # One query for all rows of the page; a subquery per row would count half a million transfers for each.
        self._troubled = dict(
            Transfer.objects.filter(state__in=Transfer.TROUBLE).order_by().values_list("customer").annotate(n=Count("pk"))
        )
        return super().changelist_view(request, extra_context)

    def has_delete_permission(self, request: HttpRequest, obj: Customer | None = None) -> bool:
        """A customer with anything connected stays: its orders and their history hang on it."""
        return not (obj and obj.endpoints.exists()) and super().has_delete_permission(request, obj)

    @display(description=_("connections"), label={"paused": "warning", "active": "success"})
    def connections(self, customer: Any) -> tuple[str, str] | None:
        if customer.paused:
            return "paused", _("%(n)d paused") % {"n": customer.paused}
        return ("active", _("%(n)d active") % {"n": customer.active}) if customer.active else None

    @display(description=_("needs somebody"), label={"trouble": "danger"})
    def needs_attention(self, customer: Customer) -> tuple[str, str] | None:
        count = self._troubled.get(customer.pk)
        return ("trouble", str(count)) if count else None

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        may_see = request.user.has_perm("flows.view_transfer")
        context = _overview(int(object_id)) if may_see and object_id and object_id.isdigit() else {}
        return super().changeform_view(request, object_id, form_url, {**context, **(extra_context or {})})


def _overview(customer: int) -> dict[str, Any]:
    transfers = Transfer.objects.filter(customer=customer)
    by_state = dict(transfers.order_by().values_list("state").annotate(n=Count("pk")))
    return {
        "customer_id": customer,
        "connections": list(Connection.objects.filter(customer=customer).select_related("erp").prefetch_related("flows__shop")),
        "endpoints": list(Endpoint.objects.filter(customer=customer)),
        "sent": by_state.get(Transfer.State.SENT, 0),
        "stopped": by_state.get(Transfer.State.STOPPED, 0),
        "uncertain": by_state.get(Transfer.State.UNCERTAIN, 0),
        "waiting": sum(by_state.get(state, 0) for state in ("waiting", "retrying", "held", "sending")),
        "troubled": list(transfers.filter(causes.needs_somebody()).defer("payload").order_by("-id")[:10]),
    }
