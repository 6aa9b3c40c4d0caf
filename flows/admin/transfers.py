"""Transfers: where every order is, why, and what can be done about it."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from import_export.admin import ExportMixin

from connectors.errors import ConnectorError
from flows import services
from flows.admin.bulk import BulkActions
from flows.admin.reading import readable
from flows.admin.transfer_filters import CauseFilter, FlowFilter, ViewFilter
from flows.models import Transfer
from flows.resources import TransferResource
from sharespine.lib.admin import (
    ActionVariant,
    ChoicesDropdownFilter,
    ExportForm,
    MultipleChoicesDropdownFilter,
    OptionalReasonDialog,
    RangeDateFilter,
    ReasonDialog,
    RelatedDropdownFilter,
    action,
    display,
    leave_dialog,
)
from sharespine.lib.display import TONES, amount, stamp
from sharespine.lib.said import said_shortly

log = logging.getLogger(__name__)


@admin.register(Transfer)
class TransferAdmin(ExportMixin, BulkActions):
    list_display = ("order", "customer", "state_label", "what_happened", "total_shown", "in_erp", "changed")
    list_display_links = ("order",)
    list_filter = (
        ViewFilter,
        ("state", MultipleChoicesDropdownFilter),
        ("customer", RelatedDropdownFilter),
        FlowFilter,
        ("acts", ChoicesDropdownFilter),
        CauseFilter,
        ("placed_at", RangeDateFilter),
    )
    list_select_related = ("customer",)
    list_fullwidth = True
    search_fields = ("number",)
    search_help_text = _("Order number, number in the ERP, our reference or buyer")
    actions_detail = ("retry", "mark_handled", "skip")
    actions_row = ("retry", "skip")
    change_form_template = "flows/transfer.html"
    fields = ()
    resource_classes = [TransferResource]
    export_form_class = ExportForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[Transfer]:
        return super().get_queryset(request).defer("payload")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Transfer], search_term: str) -> Any:
        """Exact numbers first, which an index answers; prefixes only when there is no such number."""
        term = search_term.strip()
        if not term:
            return queryset, False
        for field in ("number", "target_id"):
            exact = queryset.filter(**{field: term})
            if exact.exists():
                return exact, False
        prefixes = ("number", "target_id", "reference", "buyer", "source_id")
        return queryset.filter(Q(*((f"{field}__istartswith", term) for field in prefixes), _connector=Q.OR)), False

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Transfer]:
        found = super().get_export_queryset(request)
        if request.method == "POST":
            log.info("%s exports transfers (%s)", request.user.get_username(), request.GET.urlencode() or "all")
        return found

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        transfer = self.get_object(request, object_id)
        context = {**(extra_context or {}), **(readable(transfer) if transfer else {})}
        context["may_operate"] = self.has_operate_permission(request)
        return super().change_view(request, object_id, form_url, context)

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may retry and skip. The row itself nobody may edit."""
        return bool(request.user.has_perm("flows.change_transfer"))

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        """Only what can be done in the state that the transfer is in."""
        transfer = Transfer.objects.only("state", "attention").filter(pk=object_id).first()
        possible = set()
        if transfer and transfer.state in services.RETRYABLE:
            possible = {"retry"} if transfer.state == Transfer.State.SKIPPED else {"retry", "skip"}
        if transfer and transfer.attention:
            possible.add("mark_handled")
        return [a for a in super().get_actions_detail(request, object_id) if a.method.original_function_name in possible]

    @display(description=_("order number"), ordering="number")
    def order(self, transfer: Transfer) -> str:
        return str(transfer)

    @display(description=_("state"), label=TONES, ordering="state")
    def state_label(self, transfer: Transfer) -> tuple[str, str]:
        if transfer.attention:
            return "attention", str(_("changed"))
        return transfer.state, transfer.get_state_display()

    @display(description=_("what happened"))
    def what_happened(self, transfer: Transfer) -> str:
        is_fine = transfer.state in (Transfer.State.SENT, Transfer.State.UNCHANGED) and not transfer.attention
        return "" if is_fine else said_shortly(transfer.message)

    @display(description=_("total incl. VAT"), ordering="total")
    def total_shown(self, transfer: Transfer) -> str:
        return amount(transfer.total, transfer.currency)

    @display(description=_("in the ERP"), ordering="target_id")
    def in_erp(self, transfer: Transfer) -> str:
        return transfer.target_id or "–"

    @display(description=_("changed"), ordering="id")
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
        except services.Refused as refused:
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
