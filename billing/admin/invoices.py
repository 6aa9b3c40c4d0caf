"""Invoice bases: what a month will be, closing it for good, and what was closed."""

from __future__ import annotations

import logging
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing import invoicing
from billing.admin.work import this_day
from billing.dates import DAY, next_month
from billing.models import InvoiceBasis, InvoiceRow
from billing.refusals import Refused
from billing.resources import MonthResource, RowResource
from sharespine.lib import sheets
from sharespine.lib.admin import (
    ActionVariant,
    AutocompleteSelectFilter,
    Dialog,
    DropdownFilter,
    HistoryAdmin,
    Select,
    action,
    display,
    leave_dialog,
)
from sharespine.lib.display import amount
from sharespine.lib.said import said

log = logging.getLogger(__name__)

#: How many drafts the page of a month works out at a time.
DRAFTS = 25
#: How many months back one can close: who is later than that closes one after the other.
CLOSABLE = 6


class CloseDialog(Dialog):
    """Which month is closed, and for how many customers."""

    month = forms.ChoiceField(label=gettext_lazy("Month"), widget=Select)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = []
        for month in ended_months():
            n = invoicing.waiting(month).count()
            customers = ngettext("%(n)d customer is open", "%(n)d customers are open", n) % {"n": n}
            choices.append((f"{month:%Y-%m}", f"{month:%Y-%m} · {customers}"))
        self.fields["month"].choices = choices
        self.fields["month"].initial = f"{month_asked_for(self.request):%Y-%m}"

    def clean_month(self) -> date:
        return datetime.strptime(self.cleaned_data["month"], "%Y-%m").date()  # noqa: DTZ007 - a month has no clock


class MonthFilter(DropdownFilter):
    title = gettext_lazy("month")
    parameter_name = "of"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        months = InvoiceBasis.objects.order_by("-month").values_list("month", flat=True).distinct()[:36]
        return [(f"{month:%Y-%m-%d}", f"{month:%Y-%m}") for month in months]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        return queryset.filter(month=chosen) if chosen in dict(self.lookup_choices) else queryset


@admin.register(InvoiceBasis)
class InvoiceBasisAdmin(HistoryAdmin):
    list_display = ("month_shown", "customer", "net_shown", "vat_shown", "total_shown", "closed_at", "closed_by")
    list_filter = (MonthFilter, ("customer", AutocompleteSelectFilter))
    list_select_related = ("customer",)
    search_fields = ("customer__name", "customer__organisation_number")
    search_help_text = gettext_lazy("Customer or organisation number")
    sortable_by = ("month_shown", "customer")
    ordering = ("-month", "customer__name", "pk")
    actions_list = ("close_month",)
    list_before_template = "billing/months.html"
    change_form_template = "billing/basis.html"
    fields = ()

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view
        return [
            path("month/", view(self.month_view), name="billing_invoicebasis_month"),
            path("month/export/", view(self.export_view), name="billing_invoicebasis_month_export"),
            *super().get_urls(),
        ]

    def has_close_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may close months. A closed basis nobody changes."""
        return bool(request.user.has_perm("billing.add_invoicebasis"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        basis = self.get_object(request, object_id)
        context: dict[str, Any] = {**(extra_context or {})}
        if basis:
            context |= {"basis": basis, "rows": list(basis.rows.all())}
        return super().change_view(request, object_id, form_url, context)

    def month_view(self, request: HttpRequest) -> HttpResponse:
        """What is closed of a month, and what the rest of it would be if it were closed now."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        month = month_asked_for(request)
        page = Paginator(invoicing.waiting(month), DRAFTS).get_page(request.GET.get("p"))
        drafts = [invoicing.draft(customer, month) for customer in page]
        closed = InvoiceBasis.objects.filter(month=month).aggregate(
            n=Count("pk"), net=Sum("net"), vat=Sum("vat"), total=Sum("total")
        )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Invoice bases of %(month)s") % {"month": f"{month:%Y-%m}"},
            "month": month,
            "before": (month - DAY).replace(day=1),
            "after": next_month(month),
            "is_over": this_day() >= next_month(month),
            "closable": month in ended_months(),
            "may_close": self.has_close_permission(request),
            "closed": closed,
            "page": page,
            "anything": page.has_other_pages() or any(basis.rows for basis in drafts),
            "drafts": [basis for basis in drafts if basis.rows],
            "nothing": sum(not basis.rows for basis in drafts),
        }
        return TemplateResponse(request, "billing/month.html", context)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The closed bases of a month as a file: a row for each of their rows, or with `what=bases` for each of them."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        month = month_asked_for(request)
        kind = "csv" if request.GET.get("as") == "csv" else "xlsx"
        log.info("%s exports the invoice bases of %s", request.user.get_username(), f"{month:%Y-%m}")
        bases = InvoiceBasis.objects.filter(month=month).select_related("customer").order_by("customer__name", "pk")
        rows = InvoiceRow.objects.filter(basis__month=month).select_related("basis__customer")
        if request.GET.get("what") == "bases":
            name, found = _("invoice-bases"), sheets.exported(MonthResource(), bases)
        else:
            name = _("invoice-rows")
            found = sheets.exported(RowResource(), rows.order_by("basis__customer__name", "basis", "pk"))
        # The file is made when the request is answered, and its headings are made of the language of now.
        return sheets.answer(list(found), f"{name}-{month:%Y-%m}", kind, translation.get_language())

    @display(description=gettext_lazy("month"), ordering="month")
    def month_shown(self, basis: InvoiceBasis) -> str:
        return f"{basis.month:%Y-%m}"

    @display(description=gettext_lazy("excl. VAT"))
    def net_shown(self, basis: InvoiceBasis) -> str:
        return amount(basis.net)

    @display(description=gettext_lazy("VAT"))
    def vat_shown(self, basis: InvoiceBasis) -> str:
        return amount(basis.vat)

    @display(description=gettext_lazy("incl. VAT"))
    def total_shown(self, basis: InvoiceBasis) -> str:
        return amount(basis.total)

    @action(
        description=gettext_lazy("Close a month"),
        permissions=["close"],
        icon="lock",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": gettext_lazy("Close a month?"),
            "description": gettext_lazy(
                "Every customer with something on it gets its invoice basis, and earlier months that are still open are closed "
                "first. What is closed never changes: whatever changes afterwards is put right on the next basis."
            ),
            "form_class": CloseDialog,
            "form_submit_text": gettext_lazy("Close the month"),
        },
    )
    def close_month(self, request: HttpRequest, form: CloseDialog) -> HttpResponse:
        month = form.cleaned_data["month"]
        address = f"{reverse('admin:billing_invoicebasis_month')}?month={month:%Y-%m}"
        try:
            done, _nothing = invoicing.close_all(month, today=this_day(), actor=request.user.get_username())
        except Refused as refused:
            return leave_dialog(request, address, level=messages.ERROR, message=said(refused.text))
        log.info("%s closed %s: %d bases", request.user.get_username(), f"{month:%Y-%m}", done)
        message = ngettext("%(n)d invoice basis is closed.", "%(n)d invoice bases are closed.", done) % {"n": done}
        return leave_dialog(request, address, message=message)


def ended_months() -> list[date]:
    """The months that can be closed, the latest first."""
    found = [(this_day().replace(day=1) - DAY).replace(day=1)]
    while len(found) < CLOSABLE:
        found.append((found[-1] - DAY).replace(day=1))
    return found


def month_asked_for(request: HttpRequest) -> date:
    """The month of the address, or the last that is over."""
    try:
        return datetime.strptime(request.GET.get("month", ""), "%Y-%m").date()  # noqa: DTZ007 - a month has no clock
    except ValueError:
        return ended_months()[0]
