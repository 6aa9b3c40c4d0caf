"""What the pages of endpoints, connections and flows have in common: one sets a thing up in steps, and is told the next one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from billing.admin.verbs import carry_out
from sharespine.lib.admin import ConfigurationAdmin


class SetUpAdmin(ConfigurationAdmin):
    """A page that stays open after saving, and says what to do next.

    `prefilled` names the columns that a link may fill in for a new record.
    """

    prefilled: tuple[str, ...] = ()
    #: Said when a record was added; and when one was changed, where there is something to say.
    next_step: Any = ""
    next_step_after_change: Any = ""

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {key: value for key, value in request.GET.items() if key in self.prefilled}

    def response_add(self, request: HttpRequest, obj: Model, post_url_continue: str | None = None) -> HttpResponse:
        if "_popup" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        self.message_user(request, self.next_step)
        return HttpResponseRedirect(self.address_of(obj.pk))

    def response_change(self, request: HttpRequest, obj: Model) -> HttpResponse:
        if "_save" in request.POST and self.next_step_after_change:
            self.message_user(request, self.next_step_after_change, messages.SUCCESS)
            return HttpResponseRedirect(request.path)
        return super().response_change(request, obj)

    def address_of(self, pk: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[pk])

    def carry_out(self, request: HttpRequest, object_id: str, verb: Callable[[Any, str], object], done: Any) -> HttpResponse:
        """Do `verb` to the record, on behalf of the user, and say that it is `done`, or why it was refused."""
        record = self.get_queryset(request).get(pk=object_id)
        return carry_out(request, self.address_of(object_id), lambda actor: verb(record, actor), done)
