"""Transfers: where every order is, why, and what can be done about it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.admin.hours import Entering, registering
from billing.refusals import Refused
from connectors.errors import ConnectorError
from flows import finding, services
from flows.admin.bulk import BulkActions
from flows.admin.exports import StreamedExport
from flows.admin.filters import CustomerFilter, DaysFilter, FlowFilter
from flows.admin.hours import TransferWorkDialog, spent_on
from flows.admin.reading import readable
from flows.admin.transfer_filters import ActsFilter, CauseFilter, StateFilter, ViewFilter
from flows.models import Transfer
from flows.resources import TransferResource
from sharespine.lib.admin import (
    ActionVariant,
    OptionalReasonDialog,
    ReasonDialog,
    action,
    display,
    leave_dialog,
)
from sharespine.lib.display import TONES, amount, stamp
from sharespine.lib.said import said_shortly


@admin.register(Transfer)
class TransferAdmin(Entering, StreamedExport, BulkActions):
    list_display = ("order", "customer", "state_label", "what_happened", "total_shown", "in_erp", "fetched", "changed")
    list_display_links = ("order",)
    list_filter = (
        ViewFilter,
        ("state", StateFilter),
        ("customer", CustomerFilter),
        ("flow", FlowFilter),
        ("acts", ActsFilter),
        CauseFilter,
        ("placed_at", DaysFilter),
    )
    list_select_related = ("customer",)
    # Only what an index gives in order. A year of everybody's orders is not sorted by their totals.
    sortable_by = ("fetched",)
    list_fullwidth = True
    search_fields = ("number",)
    search_help_text = _(
        "Order number, number in the ERP or our reference, whole or from the beginning; the buyer, and any part of the name "
        "among the latest orders"
    )
    actions_detail = ("retry", "mark_handled", "skip", "register_hours")
    actions_row = ("retry", "skip")
    change_form_template = "flows/transfer.html"
    fields = ()
    resource_classes = [TransferResource]

    register_hours = registering(TransferWorkDialog)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transfer]:
        return super().get_queryset(request).defer("payload")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Transfer], search_term: str) -> Any:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=finding.matching(queryset, search_term)), False

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """By when they were placed where that is asked for: the index that finds them then gives them in order."""
        asked = any(request.GET.get(f"placed_at_{edge}") for edge in ("from", "to"))
        return ("-placed_at", "-id") if asked else ("-id",)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        transfer = self.get_object(request, object_id)
        context = {**(extra_context or {}), **(readable(transfer) if transfer else {})}
        context["may_operate"] = self.has_operate_permission(request)
        if transfer and request.user.has_perm("billing.view_entry"):
            context["entries"] = spent_on(transfer)
        return super().change_view(request, object_id, form_url, context)

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may retry and skip. The row itself nobody may edit."""
        return bool(request.user.has_perm("flows.change_transfer"))

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        """Only what can be done in the state that the transfer is in."""
        transfer = Transfer.objects.only("state", "attention").filter(pk=object_id).first()
        possible = {"register_hours"}
        if transfer and transfer.state in services.RETRYABLE:
            possible |= {"retry"} if transfer.state == Transfer.State.SKIPPED else {"retry", "skip"}
        if transfer and transfer.attention:
            possible.add("mark_handled")
        return [a for a in super().get_actions_detail(request, object_id) if a.method.original_function_name in possible]

    @display(description=_("order number"))
    def order(self, transfer: Transfer) -> str:
        return str(transfer)

    @display(description=_("state"), label=TONES)
    def state_label(self, transfer: Transfer) -> tuple[str, str]:
        if transfer.attention:
            return "attention", str(pgettext_lazy("state of an order", "changed"))
        return transfer.state, transfer.get_state_display()

    @display(description=_("what happened"))
    def what_happened(self, transfer: Transfer) -> str:
        is_fine = transfer.state in (Transfer.State.SENT, Transfer.State.UNCHANGED) and not transfer.attention
        return "" if is_fine else said_shortly(transfer.message)

    @display(description=_("total incl. VAT"))
    def total_shown(self, transfer: Transfer) -> str:
        return amount(transfer.total, transfer.currency)

    @display(description=_("in the ERP"))
    def in_erp(self, transfer: Transfer) -> str:
        return transfer.target_id or "–"

    @display(description=_("first seen"), ordering="id")
    def fetched(self, transfer: Transfer) -> str:
        return stamp(transfer.created_at)

    @display(description=_("last change"))
    def changed(self, transfer: Transfer) -> str:
        return stamp(transfer.updated_at)

    @action(
        description=_("Retry"),
        permissions=["operate"],
        icon="replay",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": _("Try the order again?"),
            "description": _("It is put first in the queue. If it is already in the ERP it is found there and not sent twice."),
            "form_class": OptionalReasonDialog,
            "form_submit_text": _("Retry"),
        },
    )
    def retry(self, request: HttpRequest, form: ReasonDialog, object_id: str) -> HttpResponse:
        outcome = services.retry(self._one(object_id), actor=request.user.get_username(), reason=form.cleaned_data["reason"])
        return self._tell(request, object_id, outcome, _("The order is tried again."))

    @action(
        description=_("Skip"),
        permissions=["operate"],
        icon="skip_next",
        dialog={
            "title": _("Skip the order?"),
            "description": _("It is not sent to the ERP. You can change your mind with Retry."),
            "form_class": ReasonDialog,
            "form_submit_text": _("Skip"),
        },
    )
    def skip(self, request: HttpRequest, form: ReasonDialog, object_id: str) -> HttpResponse:
        outcome = services.skip(self._one(object_id), actor=request.user.get_username(), reason=form.cleaned_data["reason"])
        return self._tell(request, object_id, outcome, _("The order is skipped."))

    @action(
        description=_("Mark as handled"),
        permissions=["operate"],
        icon="task_alt",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": _("Has the change been taken care of?"),
            "description": _("The order changed in the shop after it was sent, and somebody has corrected the ERP by hand."),
            "form_class": OptionalReasonDialog,
            "form_submit_text": _("Mark as handled"),
        },
    )
    def mark_handled(self, request: HttpRequest, form: ReasonDialog, object_id: str) -> HttpResponse:
        outcome = services.mark_handled(
            self._one(object_id), actor=request.user.get_username(), reason=form.cleaned_data["reason"]
        )
        return self._tell(request, object_id, outcome, _("The order is marked as handled."))

    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What would be sent now. Asks the ERP, changes nothing there or here."""
        transfer = Transfer.objects.select_related("customer", "flow__shop", "flow__connection__erp").get(pk=object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": transfer,
            "transfer": transfer,
            "title": _("What would be sent"),
        }
        try:
            context["draft"] = services.preview(transfer)
        except ConnectorError as error:
            context["error"] = error
        except Refused as refused:
            context["refused"] = refused.text
        return TemplateResponse(request, "flows/preview.html", context)

    def _one(self, object_id: str) -> QuerySet[Transfer]:
        return Transfer.objects.filter(pk=object_id)

    def _tell(self, request: HttpRequest, object_id: str, outcome: services.Outcome, done: Any) -> HttpResponse:
        address = reverse("admin:flows_transfer_change", args=[object_id])
        if outcome.done:
            return leave_dialog(request, address, message=done)
        left = _("The order was left alone: it is in a state where this cannot be done.")
        return leave_dialog(request, address, level=messages.WARNING, message=str(left))
