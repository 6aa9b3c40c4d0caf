"""Subscriptions, grants and add-ons, to look at: they change by the verbs on the page of their customer."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import contracts
from billing.admin.contracts import MAY, may_change
from billing.admin.dialogs import EndDialog
from billing.admin.noted import noted
from billing.admin.verbs import carry_out, today
from billing.models import AddOn, Grant, Subscription
from sharespine.lib.admin import ChoicesDropdownFilter, HistoryAdmin, action, display
from sharespine.lib.display import amount


@admin.register(Subscription)
class SubscriptionAdmin(HistoryAdmin):
    list_display = ("customer", "edition", "begins_on", "bound_until", "notice_on", "ends_on")
    list_display_links = ("customer",)
    list_filter = (("edition", ChoicesDropdownFilter),)
    list_select_related = ("customer",)
    search_fields = ("customer__name",)
    change_form_outer_before_template = "billing/subscription.html"
    fields = (("customer", "edition"), ("begins_on", "bound_until"), ("notice_on", "ends_on"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        subscription = self.get_object(request, object_id)
        changes = list(subscription.history.all()[:50]) if subscription else []
        for change in changes:
            change.noted = noted(change.history_change_reason or "")
        context = {"changes": changes}
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    @display(description=gettext_lazy("bound until"))
    def bound_until(self, subscription: Subscription) -> Any:
        return subscription.bound_until


class OfSubscription(HistoryAdmin):
    """What hangs on a subscription, and can be given an end."""

    list_filter = (("subscription__edition", ChoicesDropdownFilter),)
    search_fields = ("subscription__customer__name",)
    actions_detail = ("end",)
    #: The column that holds the last day.
    last = ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("subscription__customer")

    def has_contract_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_change(request)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        """What is over has no end to be given."""
        is_open = not self.model.objects.filter(pk=object_id, **{f"{self.last}__lt": today()}).exists()
        return super().get_actions_detail(request, object_id) if is_open else []

    @display(description=gettext_lazy("customer"), ordering="subscription__customer__name")
    def customer(self, record: Any) -> str:
        return str(record.subscription.customer)

    def _page(self, record: Any) -> str:
        return reverse("admin:billing_customer_change", args=[record.subscription.customer_id])


@admin.register(Grant)
class GrantAdmin(OfSubscription):
    list_display = ("customer", "what", "begins_on", "expires_on", "reason", "set_by")
    fields = (("customer", "what"), ("begins_on", "expires_on"), "reason", ("set_by", "created_at"))
    readonly_fields = ("customer", "what")
    last = "expires_on"

    @display(description=gettext_lazy("grant"))
    def what(self, grant: Grant) -> str:
        if grant.feature:
            return grant.get_feature_display()
        return _("%(n)d extra orders a month") % {"n": grant.extra_orders}

    @action(
        description=gettext_lazy("End the grant"),
        permissions=MAY,
        icon="event_busy",
        dialog={
            "title": gettext_lazy("End the grant?"),
            "description": gettext_lazy("It stays in the history. Flows that need the feature stop after the last day."),
            "form_class": EndDialog,
            "form_submit_text": gettext_lazy("End it"),
        },
    )
    def end(self, request: HttpRequest, form: EndDialog, object_id: str) -> HttpResponse:
        grant = Grant.objects.select_related("subscription").get(pk=object_id)
        on = form.cleaned_data["on"]
        return carry_out(
            request,
            self._page(grant),
            lambda actor: contracts.end_grant(grant, on=on, actor=actor),
            _("The grant has an end."),
        )


@admin.register(AddOn)
class AddOnAdmin(OfSubscription):
    list_display = ("customer", "kind", "label", "price", "begins_on", "ends_on")
    fields = (("customer", "kind"), ("label", "price"), ("begins_on", "ends_on"), "set_by")
    readonly_fields = ("customer", "price")
    list_filter = (("kind", ChoicesDropdownFilter),)
    last = "ends_on"

    @display(description=gettext_lazy("monthly price"), ordering="monthly_price")
    def price(self, add_on: AddOn) -> str:
        return amount(add_on.monthly_price)

    @action(
        description=gettext_lazy("End the add-on"),
        permissions=MAY,
        icon="event_busy",
        dialog={
            "title": gettext_lazy("End the add-on?"),
            "description": gettext_lazy("It is charged until its last day."),
            "form_class": EndDialog,
            "form_submit_text": gettext_lazy("End it"),
        },
    )
    def end(self, request: HttpRequest, form: EndDialog, object_id: str) -> HttpResponse:
        add_on = AddOn.objects.select_related("subscription").get(pk=object_id)
        on = form.cleaned_data["on"]
        return carry_out(
            request,
            self._page(add_on),
            lambda actor: contracts.end_add_on(add_on, on=on, actor=actor),
            _("The add-on has an end."),
        )
