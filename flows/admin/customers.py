"""The customer's page with what is connected and what happens there. `billing` knows nothing of flows, so it is added here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _

from billing.admin import CustomerAdmin
from billing.models import Customer
from flows.admin import follow_up, package_change
from flows.admin.hours import CustomerHours
from flows.models import Connection, Endpoint, Transfer
from flows.models.transfers import NEEDS_SOMEBODY
from sharespine.lib.admin import display
from sharespine.lib.counting import CountOf, counted

#: How far the orders of a customer are counted, where no small index holds them.
MANY = 1000

admin.site.unregister(Customer)


@admin.register(Customer)
class ConnectedCustomerAdmin(CustomerHours, CustomerAdmin):
    list_display = ("name", "status_label", "package", "usage", "connections", "needs_attention", "organisation_number")
    actions_detail = (*CustomerAdmin.actions_detail, "register_hours", "sell_pack")
    change_form_outer_before_template = "flows/customer.html"

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view
        return [
            path("follow-up/", view(self.follow_up), name="billing_customer_follow_up"),
            path("<path:object_id>/package/", view(self.package_view), name="billing_customer_package"),
            *super().get_urls(),
        ]

    def follow_up(self, request: HttpRequest) -> HttpResponse:
        """Who should be called."""
        return follow_up.page(request, self.admin_site.each_context(request))

    def package_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Changing the package of a customer."""
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        customer = self.get_object(request, object_id)
        return package_change.page(request, customer, context, reverse("admin:billing_customer_change", args=[object_id]))

    def complete(self, rows: list[Any]) -> None:
        """How the connections of each are, and how many orders need somebody: of those on the page, not of all there are."""
        super().complete(rows)
        states = Connection.objects.filter(customer__in=rows).order_by().values_list("customer", "state")
        connections = {(customer, state): n for customer, state, n in states.annotate(n=Count("pk"))}
        troubled = Transfer.objects.filter(NEEDS_SOMEBODY, customer__in=rows).order_by().values_list("customer")
        waiting = dict(troubled.annotate(n=Count("pk")))
        for customer in rows:
            customer.active = connections.get((customer.pk, Connection.State.ACTIVE), 0)
            customer.paused = connections.get((customer.pk, Connection.State.PAUSED), 0)
            customer.troubled = waiting.get(customer.pk, 0)

    def has_delete_permission(self, request: HttpRequest, obj: Customer | None = None) -> bool:
        """A customer with anything connected stays: its orders and their history hang on it."""
        return not (obj and obj.endpoints.exists()) and super().has_delete_permission(request, obj)

    @display(description=_("connections"), label={"paused": "warning", "active": "success"})
    def connections(self, customer: Any) -> tuple[str, str] | None:
        if customer.paused:
            return "paused", _("%(n)d paused") % {"n": customer.paused}
        return ("active", _("%(n)d active") % {"n": customer.active}) if customer.active else None

    @display(description=_("needs somebody"), label={"trouble": "danger"})
    def needs_attention(self, customer: Any) -> tuple[str, str] | None:
        return ("trouble", counted(customer.troubled)) if customer.troubled else None

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        may_see = request.user.has_perm("flows.view_transfer")
        known = bool(object_id and object_id.isdigit())
        context = _overview(int(object_id)) if may_see and object_id and known else {}
        if known:
            context["package_address"] = reverse("admin:billing_customer_package", args=[object_id])
        return super().changeform_view(request, object_id, form_url, {**context, **(extra_context or {})})


def _overview(customer: int) -> dict[str, Any]:
    transfers = Transfer.objects.filter(customer=customer)
    troubled = transfers.filter(NEEDS_SOMEBODY)
    counts = {
        "sent": CountOf(transfers.filter(state=Transfer.State.SENT), MANY),
        "held": CountOf(transfers.filter(state=Transfer.State.HELD), MANY),
        "stopped": CountOf(troubled.filter(state=Transfer.State.STOPPED)),
        "uncertain": CountOf(troubled.filter(state=Transfer.State.UNCERTAIN)),
        "waiting": CountOf(transfers.filter(state__in=["waiting", "retrying", "held", "sending"]), MANY),
    }
    return {
        "customer_id": customer,
        "connections": list(Connection.objects.filter(customer=customer).select_related("erp").prefetch_related("flows__shop")),
        "endpoints": list(Endpoint.objects.filter(customer=customer)),
        "many": MANY,
        **(Customer.objects.filter(pk=customer).values(**counts).first() or {}),
        "troubled": list(troubled.defer("payload").order_by("-id")[:10]),
    }
