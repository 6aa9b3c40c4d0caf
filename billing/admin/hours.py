"""Service accounts: what is left of a customer's hours, what came and went, and the verbs that change it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Max, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import translation
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import hours, papers, statements
from billing.admin.work import (
    AccountDialog,
    AdjustDialog,
    PackDialog,
    PeriodDialog,
    ReverseDialog,
    WorkDialog,
    left,
    this_day,
    usual_period,
)
from billing.models import Entry, ServiceAccount, WorkCategory
from billing.refusals import Refused
from sharespine.lib import sheets
from sharespine.lib.admin import (
    ActionVariant,
    Admin,
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    HistoryAdmin,
    action,
    ask_again,
    display,
    leave_dialog,
)
from sharespine.lib.display import hours as spelled
from sharespine.lib.said import said

#: The colours of what is left.
TONES = {"debt": "danger", "none": "warning", "some": "success"}
#: How many entries the page of an account shows. All of them are in the list of entries.
SHOWN = 50


class Entering:
    """A page with verbs that write entries."""

    def has_enter_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may register hours, sell packs and put right what is wrong. Entries themselves nobody edits."""
        return bool(request.user.has_perm("billing.add_entry"))


def registering(form_class: type[WorkDialog], variant: ActionVariant = ActionVariant.DEFAULT) -> Any:
    """The verb “Log hours” of a page, which asks by `form_class`."""

    @action(
        description=gettext_lazy("Log hours"),
        permissions=["enter"],
        icon="more_time",
        variant=variant,
        dialog={
            "title": gettext_lazy("Log hours"),
            "form_class": form_class,
            "form_submit_text": gettext_lazy("Log"),
        },
    )
    def register_hours(self: Any, request: HttpRequest, form: WorkDialog, object_id: str) -> HttpResponse:
        return enter(self, request, form, object_id, self.register_hours)

    return register_hours


def selling(form_class: type[PackDialog]) -> Any:
    """The verb “Sell an hour pack” of a page, which asks by `form_class`."""

    @action(
        description=gettext_lazy("Sell an hour pack"),
        permissions=["enter"],
        icon="add_shopping_cart",
        dialog={
            "title": gettext_lazy("Sell an hour pack"),
            "description": gettext_lazy("The hours come in at once. The price goes on the invoice basis of the month."),
            "form_class": form_class,
            "form_submit_text": gettext_lazy("Sell"),
        },
    )
    def sell_pack(self: Any, request: HttpRequest, form: PackDialog, object_id: str) -> HttpResponse:
        return enter(self, request, form, object_id, self.sell_pack)

    return sell_pack


def enter(page: Any, request: HttpRequest, form: Any, object_id: str, verb: Any) -> HttpResponse:
    """Carry out what a dialog on `page` asks for, and say what is left; or show the dialog again with why not."""
    try:
        entry = form.carry_out()
    except Refused:
        return ask_again(request, verb, form)
    done = _("%(time)s logged.") if entry.change else _("%(time)s logged, free of charge.")
    address = reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_change", args=[object_id])
    message = f"{done % {'time': spelled(entry.minutes)}} {left(form.customer)}"
    return leave_dialog(request, address, message=message)


class BalanceFilter(DropdownFilter):
    title = gettext_lazy("balance")
    parameter_name = "left"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("debt", _("Below nought")), ("none", _("Nothing left")), ("some", _("Something left"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = {"debt": Q(balance__lt=0), "none": Q(balance__lte=0), "some": Q(balance__gt=0)}
        return queryset.filter(chosen.get(self.value() or "", Q()))


@admin.register(ServiceAccount)
class ServiceAccountAdmin(Entering, HistoryAdmin):
    list_display = ("customer", "left", "latest")
    list_filter = (BalanceFilter,)
    list_select_related = ("customer",)
    search_fields = ("customer__name", "customer__organisation_number")
    search_help_text = gettext_lazy("Customer or organisation number")
    sortable_by = ("customer", "left")
    ordering = ("customer__name",)
    actions_detail = ("register_hours", "sell_pack", "adjust", "statement")
    change_form_template = "billing/account.html"
    fields = ()

    register_hours = registering(WorkDialog, ActionVariant.PRIMARY)
    sell_pack = selling(PackDialog)

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.statement_view)
        return [path("<int:pk>/statement/show/", view, name="billing_serviceaccount_show"), *super().get_urls()]

    def complete(self, rows: list[Any]) -> None:
        days = Entry.objects.filter(account__in=rows).order_by().values_list("account").annotate(day=Max("day"))
        newest = dict(days)
        for account in rows:
            account.newest = newest.get(account.pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        account = self.get_object(request, object_id)
        context = {**(extra_context or {}), **(self.shown(request, account) if account else {})}
        return super().change_view(request, object_id, form_url, context)

    def shown(self, request: HttpRequest, account: ServiceAccount) -> dict[str, Any]:
        """What the page of an account shows."""
        entries = list(account.entries.select_related("category", "reversed_by").order_by("-day", "-pk")[: SHOWN + 1])
        month = this_day().replace(day=1)
        return {
            "account": account,
            "month": statements.statement(account.customer, month, this_day()),
            "entries": described(entries[:SHOWN], lambda entry: self.address_of(request, entry)),
            "entries_cut": len(entries) > SHOWN,
            "may_enter": self.has_enter_permission(request),
        }

    def address_of(self, request: HttpRequest, entry: Entry) -> str:
        """The page of what an entry was for. `billing` knows of none."""
        return ""

    def statement_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """A statement on a page, or with `as` as a file in the customer's language."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        account = get_object_or_404(ServiceAccount.objects.select_related("customer"), pk=pk)
        try:
            shown = statements.statement(account.customer, *_period(request))
        except Refused as refused:
            raise Http404(said(refused.text)) from None
        kind = request.GET.get("as", "")
        if kind in ("pdf", *sheets.KINDS):
            return as_file(shown, kind)
        described([line.entry for line in shown.lines], lambda entry: self.address_of(request, entry))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": account,
            "title": _("Statement of the service account"),
            "statement": shown,
        }
        return TemplateResponse(request, "billing/statement.html", context)

    @display(
        description=gettext_lazy("left"), ordering="balance", label={"debt": "danger", "none": "warning", "some": "success"}
    )
    def left(self, account: ServiceAccount) -> tuple[str, str]:
        kind = "debt" if account.balance < 0 else "some" if account.balance else "none"
        return kind, spelled(account.balance)

    @display(description=gettext_lazy("latest entry"))
    def latest(self, account: Any) -> str:
        return str(account.newest or "–")

    @action(
        description=gettext_lazy("Adjust"),
        permissions=["enter"],
        icon="tune",
        dialog={
            "title": gettext_lazy("Adjust the balance"),
            "description": gettext_lazy("For minutes neither bought nor worked. What was entered wrong is reversed instead."),
            "form_class": AdjustDialog,
            "form_submit_text": gettext_lazy("Adjust"),
        },
    )
    def adjust(self, request: HttpRequest, form: AccountDialog, object_id: str) -> HttpResponse:
        return enter(self, request, form, object_id, self.adjust)

    @action(
        description=gettext_lazy("Statement"),
        permissions=["view"],
        icon="description",
        dialog={
            "title": gettext_lazy("Statement of the service account"),
            "description": gettext_lazy("On a page, from which it is fetched as PDF, CSV or XLSX in the customer's language."),
            "form_class": PeriodDialog,
            "form_submit_text": gettext_lazy("Show"),
        },
    )
    def statement(self, request: HttpRequest, form: PeriodDialog, object_id: str) -> HttpResponse:
        period = {name: form.cleaned_data[name].isoformat() for name in ("first", "last")}
        return leave_dialog(request, f"{reverse('admin:billing_serviceaccount_show', args=[object_id])}?{urlencode(period)}")


@admin.register(Entry)
class EntryAdmin(Entering, HistoryAdmin):
    list_display = ("day", "customer", "kind_label", "what", "time", "in_and_out", "balance_after", "by")
    list_display_links = ("day",)
    list_filter = (
        ("account__customer", AutocompleteSelectFilter),
        ("kind", ChoicesDropdownFilter),
        ("category", AutocompleteSelectFilter),
    )
    list_select_related = ("account__customer", "category")
    sortable_by = ()
    actions_detail = ("reverse",)
    change_form_template = "billing/entry.html"
    fields = ()

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        """An entry is taken back once, and what takes back is not taken back itself."""
        possible = Entry.objects.filter(pk=object_id, reversed_by=None).exclude(kind=Entry.Kind.REVERSAL).exists()
        return super().get_actions_detail(request, object_id) if possible else []

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        entry = self.get_object(request, object_id)
        context: dict[str, Any] = {**(extra_context or {})}
        if isinstance(entry, Entry):
            described([entry], lambda entry: self.address_of(request, entry))
            context |= {"entry": entry, "reversal": Entry.objects.filter(reverses=entry).first()}
        return super().change_view(request, object_id, form_url, context)

    def address_of(self, request: HttpRequest, entry: Entry) -> str:
        """The page of what an entry was for. `billing` knows of none."""
        return ""

    @display(description=gettext_lazy("customer"))
    def customer(self, entry: Entry) -> str:
        return str(entry.account.customer)

    @display(description=gettext_lazy("kind"), label=True)
    def kind_label(self, entry: Entry) -> str:
        return entry.get_kind_display()

    @display(description=gettext_lazy("what"))
    def what(self, entry: Entry) -> str:
        return hours.wording(entry)

    @display(description=gettext_lazy("time"))
    def time(self, entry: Entry) -> str:
        return spelled(entry.minutes)

    @display(description=gettext_lazy("in and out"))
    def in_and_out(self, entry: Entry) -> str:
        return spelled(entry.change) if entry.change else _("free")

    @display(description=gettext_lazy("balance after it"))
    def balance_after(self, entry: Entry) -> str:
        return spelled(entry.balance)

    @action(
        description=gettext_lazy("Reverse"),
        permissions=["enter"],
        icon="undo",
        dialog={
            "title": gettext_lazy("Take the entry back?"),
            "description": gettext_lazy(
                "A new entry does the opposite, and both stay visible. A pack that was sold is credited on the invoice basis."
            ),
            "form_class": ReverseDialog,
            "form_submit_text": gettext_lazy("Reverse"),
        },
    )
    def reverse(self, request: HttpRequest, form: ReverseDialog, object_id: str) -> HttpResponse:
        entry = get_object_or_404(Entry.objects.select_related("account__customer", "category"), pk=object_id)
        try:
            hours.reverse(entry, day=this_day(), by=request.user.get_username(), reason=form.cleaned_data["reason"])
        except Refused as refused:
            address = reverse("admin:billing_entry_change", args=[object_id])
            return leave_dialog(request, address, level=messages.ERROR, message=said(refused.text))
        address = reverse("admin:billing_serviceaccount_change", args=[entry.account_id])
        return leave_dialog(request, address, message=f"{_('The entry is taken back.')} {left(entry.account)}")


@admin.register(WorkCategory)
class WorkCategoryAdmin(Admin):
    list_display = ("__str__", "is_free", "is_used")
    fields = (("name", "name_sv"), "key", ("is_free", "is_used"))
    search_fields = ("name", "name_sv")

    def get_readonly_fields(self, request: HttpRequest, obj: WorkCategory | None = None) -> tuple[str, ...]:
        # The time of an initial sync is drawn under a key; entries of the past were free or not when they were written.
        return ("key",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: WorkCategory | None = None) -> bool:
        """Entries name their category: one that is not used any more is only taken out of use."""
        return False


def described(entries: list[Entry], address_of: Callable[[Entry], str]) -> list[Entry]:
    """The entries with what their rows show: their words, and the page of what they were for."""
    for entry in entries:
        # Why an account may go below nought is told of the entries that took it there, whatever reason was given beforehand.
        told = entry.kind == Entry.Kind.REVERSAL or (entry.kind == Entry.Kind.WORK and entry.balance < 0)
        shown = {"words": hours.wording(entry), "address": address_of(entry), "why": told and hours.because(entry)}
        vars(entry).update(shown)
    return entries


def as_file(shown: statements.Statement, kind: str) -> HttpResponseBase:
    """A statement as a file to be saved, in the customer's language."""
    language = shown.customer.language
    with translation.override(language):
        name = statements.file_name(shown)
        if kind == "pdf":
            answer = HttpResponse(papers.pdf(shown), content_type="application/pdf")
            answer.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
            return answer
        return sheets.answer(list(statements.table(shown)), name, kind, language)


def _period(request: HttpRequest) -> Any:
    """The days asked for, or the usual ones where none can be understood."""
    found = []
    for name, usual in zip(("first", "last"), usual_period(), strict=True):
        try:
            found.append(forms.DateField(input_formats=["%Y-%m-%d"]).clean(request.GET.get(name)))
        except forms.ValidationError:
            found.append(usual)
    return found
