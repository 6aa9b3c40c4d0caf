"""Customers: who they are, who may log in as them, what they have and how much of it is used."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import standing
from billing.admin import overview
from billing.admin.bars import bar
from billing.admin.contracts import ContractVerbs
from billing.admin.people import ChangeInline, InvitationInline, MembershipInline, PeopleVerbs
from billing.models import Contact, Customer
from sharespine.lib.admin import ChoicesDropdownFilter, ConfigurationAdmin, TabularInline, display
from sharespine.lib.display import TONES

Status = Customer.Status
#: What is left to staff: the rest comes by itself with a subscription, a notice and an end.
BY_HAND = {
    Status.PROSPECT: [Status.PROSPECT],
    Status.STARTING: [Status.STARTING, Status.ACTIVE],
    Status.ACTIVE: [Status.ACTIVE, Status.STARTING],
    Status.LEAVING: [Status.LEAVING],
    Status.ENDED: [Status.ENDED],
}


class CustomerForm(forms.ModelForm):
    """A name is enough: what is not filled in is as with most customers."""

    class Meta:
        model = Customer
        fields = (
            "name",
            "status",
            "organisation_number",
            "vat_number",
            "email",
            "phone",
            "language",
            "country",
            "time_zone",
            "key_account_manager",
            "notes",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("country", "time_zone", "status"):
            if name in self.fields:
                self.fields[name].required = False
        if "status" in self.fields:
            status = Status(self.instance.status)
            self.fields["status"].choices = [  # type: ignore[attr-defined]  # a choice field
                (one.value, one.label) for one in BY_HAND[status]
            ]

    def clean_country(self) -> str:
        return (self.cleaned_data["country"] or self.instance.country).upper()

    def clean_time_zone(self) -> str:
        return self.cleaned_data["time_zone"] or self.instance.time_zone

    def clean_status(self) -> str:
        return self.cleaned_data["status"] or self.instance.status


class ContactInline(TabularInline):
    model = Contact
    extra = 0
    tab = True


@admin.register(Customer)
class CustomerAdmin(ContractVerbs, PeopleVerbs, ConfigurationAdmin):
    form = CustomerForm
    actions_detail = (*ContractVerbs.actions_detail, *PeopleVerbs.actions_detail)
    list_display = ("name", "status_label", "package", "usage", "email", "phone", "created_at")
    list_filter = (("status", ChoicesDropdownFilter),)
    search_fields = ("name", "organisation_number", "email", "phone")
    search_help_text = gettext_lazy("Name, organisation number, e-mail or phone")
    inlines = (ContactInline, MembershipInline, InvitationInline, ChangeInline)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "status"),
                    ("organisation_number", "vat_number"),
                    ("email", "phone"),
                    ("country", "time_zone"),
                    "language",
                )
            },
        ),
        (gettext_lazy("Internal"), {"fields": ("key_account_manager", "notes")}),
    )

    def get_inlines(self, request: HttpRequest, obj: Customer | None) -> Any:
        return self.inlines if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Customer | None = None) -> bool:
        """Whoever has bought anything stays: invoices and hours hang on it."""
        return not (obj and obj.subscriptions.exists()) and super().has_delete_permission(request, obj)

    def complete(self, rows: list[Any]) -> None:
        """What each has and uses: of those on the page, in one question."""
        found = standing.of(rows, at=timezone.now())
        for customer in rows:
            customer.standing = found.get(customer.pk)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        customer = self.get_object(request, object_id) if object_id else None
        may_see = customer and request.user.has_perm("billing.view_subscription")
        context = {"contract": overview.of(customer)} if customer and may_see else {}
        return super().changeform_view(request, object_id, form_url, {**context, **(extra_context or {})})

    @display(description=gettext_lazy("status"), label=TONES, ordering="status")
    def status_label(self, customer: Customer) -> tuple[str, str]:
        return customer.status, customer.get_status_display()

    @display(description=gettext_lazy("package"))
    def package(self, customer: Any) -> str:
        return customer.standing.package if customer.standing else "–"

    @display(description=gettext_lazy("orders this month"))
    def usage(self, customer: Any) -> str:
        if customer.standing is None:
            return "–"
        return _("paused") if customer.standing.is_paused else bar(customer.standing.usage)
