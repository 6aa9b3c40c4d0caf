"""The admin site: its start page and its search."""

from __future__ import annotations

import time
from typing import Any

from allauth.core.ratelimit import consume_or_429
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite

from sharespine import search, startpage
from sharespine.portal.log_in import has_second_factor


class Choosing(AutocompleteJsonView):
    """What a field offers in which one chooses by typing: each record by the name that tells it from the others."""

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        label = self.model_admin.autocomplete_label(obj)  # type: ignore[attr-defined]  # ours, as all that are searched
        return {**super().serialize_result(obj, to_field_name), "text": label}


class LogIn(AuthenticationForm):
    """Asks for a password, and sends whoever has a second factor to the log-in that asks for that, too."""

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if has_second_factor(user):
            asked: Any = self.request
            wanted = asked.GET.get("next") or reverse("admin:index")
            raise ValidationError(
                format_html(
                    '{} <a class="underline" href="{}?{}">{}</a>',
                    gettext("You have a second factor, which this page cannot ask for."),
                    reverse("account_login"),
                    urlencode({"next": wanted}),
                    gettext("Log in here instead; you come back by yourself."),
                )
            )


class BackOffice(UnfoldAdminSite):
    """The tool that support staff have open all day."""

    index_title = _("Is everything all right?")
    enable_nav_sidebar = True
    login_form = LogIn

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """Asked no more often from one address than the portal's."""
        return consume_or_429(request, action="login") or super().login(request, extra_context)

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
