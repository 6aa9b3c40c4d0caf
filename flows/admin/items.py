"""Items: where every article is, and the status of every order, in every flow that moves them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from connectors.base import Register
from connectors.errors import WhoActs
from flows import finding, rework
from flows.admin.exports import StreamedExport
from flows.admin.filters import CustomerFilter, FlowFilter
from flows.models import Flow, Item, Transfer
from flows.resources import ItemResource
from sharespine.lib.admin import (
    ActionVariant,
    ChoicesDropdownFilter,
    Dialog,
    DropdownFilter,
    HistoryAdmin,
    action,
    display,
    leave_dialog,
)
from sharespine.lib.counting import CountOf
from sharespine.lib.display import TONES, stamp
from sharespine.lib.said import said_shortly

#: How many are tried again in one go: a mistake stays small, and the page answers at once.
LIMIT = 500


class OfCustomerFilter(CustomerFilter):
    """By customer, through its flows: there are few of them, and an index of items begins with the flow."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Item]) -> QuerySet[Item]:
        value = self.value() or ""
        if not value.isdigit():
            return queryset
        return queryset.filter(flow__in=_ids(Flow.objects.filter(connection__customer=int(value))))


class OfFlowFilter(FlowFilter):
    """By flow."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Item]) -> QuerySet[Item]:
        value = self.value() or ""
        return queryset.filter(flow=int(value)) if value.isdigit() else queryset


class RegisterFilter(DropdownFilter):
    """By register, through the flows that move it."""

    title = _("register")
    parameter_name = "register"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(str(register), label) for register, label in Flow.REGISTERS if register != Register.ORDERS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Item]) -> QuerySet[Item]:
        if not self.value():
            return queryset
        return queryset.filter(flow__in=_ids(Flow.objects.filter(register=self.value())))


def _ids(flows: QuerySet[Flow]) -> list[int]:
    return list(flows.values_list("pk", flat=True))


@admin.register(Item)
class ItemAdmin(StreamedExport, HistoryAdmin):
    list_display = ("record", "called", "customer", "register", "state_label", "what_happened", "written_shown", "when_written")
    list_display_links = ("record",)
    list_filter = (
        ("state", ChoicesDropdownFilter),
        RegisterFilter,
        ("flow__connection__customer", OfCustomerFilter),
        ("flow", OfFlowFilter),
    )
    list_select_related = ("flow__shop", "flow__connection__erp", "flow__connection__customer")
    ordering = ("-id",)
    sortable_by = ()
    list_fullwidth = True
    search_fields = ("number",)
    search_help_text = _("Article number or order number, whole or from the beginning")
    actions = ("retry_selected",)
    actions_detail = ("retry",)
    actions_row = ("retry",)
    change_form_template = "flows/item.html"
    fields = ()
    resource_classes = [ItemResource]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Item]:
        return super().get_queryset(request).defer("payload")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Item], search_term: str) -> Any:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=finding.items_matching(queryset, search_term)), False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        item = self.get_object(request, object_id)
        context = {"item": item, "what_to_do": what_to_do(item), "order": _order(item)} if item else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may try items again. The row itself nobody may edit."""
        return bool(request.user.has_perm("flows.change_item"))

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        """Only what can be done in the state that the item is in."""
        item = Item.objects.only("state", "error_code").filter(pk=object_id).first()
        return super().get_actions_detail(request, object_id) if item and rework.may_retry(item) else []

    @display(description=_("article or order"))
    def record(self, item: Item) -> str:
        return str(item)

    @display(description=_("name"))
    def called(self, item: Item) -> str:
        return item.name or "–"

    @display(description=_("customer"))
    def customer(self, item: Item) -> str:
        return str(item.flow.connection.customer)

    @display(description=_("register"))
    def register(self, item: Item) -> str:
        return item.flow.get_register_display()

    @display(description=_("state"), label=TONES)
    def state_label(self, item: Item) -> tuple[str, str]:
        return item.state, item.get_state_display()

    @display(description=_("what happened"))
    def what_happened(self, item: Item) -> str:
        return "" if item.state == Item.State.DONE else said_shortly(item.message)

    @display(description=_("last written"))
    def written_shown(self, item: Item) -> str:
        return item.written_as_read or "–"

    @display(description=_("when"))
    def when_written(self, item: Item) -> str:
        return stamp(item.written_at)

    @admin.action(description=_("Retry"), permissions=["operate"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Item]) -> None:
        ids = list(queryset.filter(state__in=rework.RETRYABLE).order_by("id").values_list("pk", flat=True)[:LIMIT])
        outcome = rework.retry_items(Item.objects.filter(pk__in=ids), actor=request.user.get_username())
        done = ngettext("%(n)d is tried again with the next run.", "%(n)d are tried again with the next run.", outcome.done) % {
            "n": outcome.done
        }
        if not outcome.done:
            done = gettext("Nothing was done: none of them is stopped, skipped or to be retried.")
        self.message_user(request, done, messages.SUCCESS if outcome.done else messages.WARNING)

    @action(
        description=_("Retry"),
        permissions=["operate"],
        icon="replay",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": _("Try it again?"),
            "description": _("It is written with the next run, which begins at once. Nothing else is changed."),
            "form_class": Dialog,
            "form_submit_text": _("Retry"),
        },
    )
    def retry(self, request: HttpRequest, form: Dialog, object_id: str) -> HttpResponse:
        outcome = rework.retry_items(Item.objects.filter(pk=object_id), actor=request.user.get_username())
        address = reverse("admin:flows_item_change", args=[object_id])
        if outcome.done:
            return leave_dialog(request, address, message=gettext("It is tried again with the next run."))
        left = gettext("It was left alone: it is in a state where this cannot be done.")
        return leave_dialog(request, address, level=messages.WARNING, message=left)


def item_counts(flow: int) -> list[tuple[str, str, int]]:
    """Of the items of a flow, by its id: each state, its name, and how many are in it, counted no further than lists are."""
    counts = {state: CountOf(Item.objects.filter(flow=flow, state=state)) for state in Item.State.values}
    found: dict[str, Any] = {**(Flow.objects.filter(pk=flow).values(**counts).first() or {})}
    return [(state, str(Item.State(state).label), n) for state, n in found.items()]


def what_to_do(item: Item) -> str:
    """Who does what next, in one sentence; empty when nobody has to."""
    if item.state == Item.State.RETRYING:
        return gettext("Nothing. We try again by ourselves.")
    if item.state != Item.State.STOPPED:
        return ""
    if not rework.may_retry(item):
        return gettext("Put it right in %(system)s. It then goes by itself.") % {"system": item.flow.source.name}
    return {
        WhoActs.MERCHANT: gettext("The merchant puts it right in the shop or the ERP. Then press Retry."),
        WhoActs.STAFF: gettext("Support looks into it. Then press Retry."),
        WhoActs.US: gettext("Development looks into it. Then press Retry."),
    }.get(WhoActs(item.acts), gettext("Press Retry when the cause is gone."))


def _order(item: Item) -> Transfer | None:
    """The order whose status it is."""
    if item.flow.register != Register.STATUS or not item.key:
        return None
    return Transfer.objects.filter(erp=item.flow.connection.erp_id, reference=item.key).only("number", "source_id").first()
