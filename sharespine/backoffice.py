"""The admin site: its start page and its search."""

from __future__ import annotations

import time
from typing import Any

from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from sharespine import search, startpage


class Choosing(AutocompleteJsonView):
    """What a field offers in which one chooses by typing: each record by the name that tells it from the others."""

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        label = self.model_admin.autocomplete_label(obj)  # type: ignore[attr-defined]  # ours, as all that are searched
        return {**super().serialize_result(obj, to_field_name), "text": label}


class BackOffice(UnfoldAdminSite):
    """The tool that support staff have open all day."""

    index_title = _("Is everything all right?")
    enable_nav_sidebar = True

    def autocomplete_view(self, request: HttpRequest) -> HttpResponseBase:
        return Choosing.as_view(admin_site=self)(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {**_start(request), **(extra_context or {})})

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """What Ctrl+K finds.

        unfold's own search evaluates every match of every model, and keeps the answers for five minutes: a state that was
        true five minutes ago is worse than none.
        """
        began = time.monotonic()
        term = request.GET.get("s", "").strip()
        if not term:
            return HttpResponse()
        pages = Paginator(search.find(request, term), 100)
        return TemplateResponse(
            request,
            "unfold/helpers/command_results.html",
            {
                "page_obj": pages,
                "results": pages.page(1),
                "page_counter": 0,
                "execution_time": time.monotonic() - began,
                "command_show_history": False,
                "search_term": term,
            },
            headers={"HX-Trigger": "search"},
        )


def _start(request: HttpRequest) -> dict[str, Any]:
    contracts = startpage.of_contracts() if request.user.has_perm("billing.view_subscription") else {}
    orders = startpage.of_today() if request.user.has_perm("flows.view_transfer") else {"may_not_see": True}
    return {**orders, "follow_up": contracts}
