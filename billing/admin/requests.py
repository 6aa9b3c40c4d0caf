"""The inbox of sales: what customers ask for in the portal, and the answers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import requests
from billing.admin.verbs import Asked, carry_out
from billing.models import PackageRequest
from sharespine.lib.admin import (
    ActionVariant,
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    Dialog,
    HistoryAdmin,
    Textarea,
    action,
    display,
)

State = PackageRequest.State
TONES = {State.NEW: "warning", State.DONE: "success", State.DECLINED: "default"}
#: unfold looks a permission with a dot up in the database, before there is one: this names a method.
MAY = ["answer"]


class AnswerDialog(Dialog):
    text = forms.CharField(
        label=gettext_lazy("Answer"),
        max_length=2000,
        widget=Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("The customer reads it in the portal."),
    )


@admin.register(PackageRequest)
class PackageRequestAdmin(HistoryAdmin):
    list_display = ("customer", "state_label", "package", "asked_by", "created_at", "handled_by")
    list_display_links = ("customer",)
    list_filter = (("state", ChoicesDropdownFilter), ("customer", AutocompleteSelectFilter))
    list_select_related = ("customer", "package")
    search_fields = ("customer__name", "customer__organisation_number")
    search_help_text = gettext_lazy("Customer or organisation number")
    sortable_by = ("created_at",)
    actions_detail = ("answer", "decline")
    change_form_template = "billing/package_request.html"
    fields = ()

    def has_answer_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may answer. What was asked nobody edits."""
        return bool(request.user.has_perm("billing.change_packagerequest"))

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        """What is answered stays so."""
        is_new = PackageRequest.objects.filter(pk=object_id, state=State.NEW).exists()
        return super().get_actions_detail(request, object_id) if is_new else []

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        asked = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if asked:
            context |= {"asked": asked, "tone": TONES[State(asked.state)]}
        return super().change_view(request, object_id, form_url, context)

    @display(description=gettext_lazy("state"), label={str(state): tone for state, tone in TONES.items()})
    def state_label(self, asked: PackageRequest) -> tuple[str, str]:
        return asked.state, asked.get_state_display()

    @action(
        description=gettext_lazy("Answer"),
        permissions=MAY,
        icon="reply",
        variant=ActionVariant.PRIMARY,
        dialog={
            "title": gettext_lazy("Answer the request"),
            "description": gettext_lazy("Change the package first, where that is what comes of it: nothing changes by itself."),
            "form_class": AnswerDialog,
            "form_submit_text": gettext_lazy("Answer"),
        },
    )
    def answer(self, request: HttpRequest, form: AnswerDialog, object_id: str) -> HttpResponse:
        asked = PackageRequest.objects.get(pk=object_id)
        return carry_out(
            request,
            _page(object_id),
            lambda actor: requests.answer(asked, form.cleaned_data["text"], actor),
            _("The request is answered."),
            Asked(self.answer, form),
        )

    @action(
        description=gettext_lazy("Decline"),
        permissions=MAY,
        icon="cancel",
        dialog={
            "title": gettext_lazy("Decline the request?"),
            "description": gettext_lazy("Say why, and what the customer can do instead."),
            "form_class": AnswerDialog,
            "form_submit_text": gettext_lazy("Decline"),
        },
    )
    def decline(self, request: HttpRequest, form: AnswerDialog, object_id: str) -> HttpResponse:
        asked = PackageRequest.objects.get(pk=object_id)
        return carry_out(
            request,
            _page(object_id),
            lambda actor: requests.decline(asked, form.cleaned_data["text"], actor),
            _("The request is declined."),
            Asked(self.decline, form),
        )


def _page(request_id: Any) -> str:
    return reverse("admin:billing_packagerequest_change", args=[request_id])
