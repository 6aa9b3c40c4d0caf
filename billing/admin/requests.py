"""Requests in the inbox: what customers ask for in the portal, and the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import requests
from billing.admin.inbox import MAY_HANDLE, InboxAdmin
from billing.admin.verbs import Asked
from billing.models import PackageRequest
from sharespine.lib.admin import (
    ActionVariant,
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    Dialog,
    Textarea,
    action,
    display,
)
from sharespine.lib.site import absolute

State = PackageRequest.State
TONES = {State.NEW: "warning", State.DONE: "success", State.DECLINED: "default"}
Closing = Callable[[PackageRequest, str, str], PackageRequest]


class AnswerDialog(Dialog):
    text = forms.CharField(
        label=gettext_lazy("Answer"),
        max_length=2000,
        widget=Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("The customer gets it by e-mail, and reads it in the portal."),
    )


@admin.register(PackageRequest)
class PackageRequestAdmin(InboxAdmin):
    list_display = ("customer", "state_label", "package", "asked_by", "created_at", "handled_by")
    list_display_links = ("customer",)
    list_filter = (("state", ChoicesDropdownFilter), ("customer", AutocompleteSelectFilter))
    list_select_related = ("customer", "package")
    search_fields = ("customer__name", "customer__organisation_number")
    search_help_text = gettext_lazy("Customer or organisation number")
    sortable_by = ("created_at",)
    actions_detail = ("answer", "decline")
    possible = {State.NEW: {"answer", "decline"}}
    change_form_template = "billing/package_request.html"

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
        permissions=MAY_HANDLE,
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
        return self._close(request, object_id, Asked(self.answer, form), requests.answer, _("The request is answered."))

    @action(
        description=gettext_lazy("Decline"),
        permissions=MAY_HANDLE,
        icon="cancel",
        dialog={
            "title": gettext_lazy("Decline the request?"),
            "description": gettext_lazy("Say why, and what the customer can do instead."),
            "form_class": AnswerDialog,
            "form_submit_text": gettext_lazy("Decline"),
        },
    )
    def decline(self, request: HttpRequest, form: AnswerDialog, object_id: str) -> HttpResponse:
        return self._close(request, object_id, Asked(self.decline, form), requests.decline, _("The request is declined."))

    def _close(self, request: HttpRequest, object_id: str, asked: Asked, verb: Closing, done: str) -> HttpResponse:
        """Call `verb` with the text of the dialog, and tell whoever asked what became of it."""

        def close(row: PackageRequest, actor: str) -> None:
            page = absolute(request, reverse("portal:package", args=[row.customer_id]))
            requests.tell(verb(row, asked.form.cleaned_data["text"], actor), page=page)

        return self.handle(request, object_id, asked, close, done)
