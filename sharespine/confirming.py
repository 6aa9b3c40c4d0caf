"""The page that the e-mail of a sign-up leads to. Opening it changes nothing: programs open links, too."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing import sign_ups
from billing.models import SignUp
from billing.sign_ups import Expired
from sharespine.api.sign_ups import STATES
from sharespine.lib.site import absolute


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """What was signed up for, with a button that confirms it; once it is confirmed, what becomes of it."""
    found = sign_ups.by_token(token)
    if found is None:
        return _page(request, "unknown", status=404)
    # The e-mail was in the language of the sign-up; whoever has chosen another one here keeps that.
    language = found.language if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES else translation.get_language()
    with translation.override(language):
        if request.method == "POST":
            try:
                sign_ups.confirm(found, page=_inbox(request, found), now=timezone.now())
            except Expired:
                return _page(request, "late", found, status=410)
            return redirect("confirm", token=token)
        if found.state != SignUp.State.UNCONFIRMED:
            return _page(request, "done", found)
        return (
            _page(request, "late", found, status=410)
            if sign_ups.is_late(found, timezone.now())
            else _page(request, "ask", found)
        )


def _page(request: HttpRequest, state: str, sign_up: SignUp | None = None, *, status: int = 200) -> HttpResponse:
    context = {
        "state": state,
        "sign_up": sign_up,
        "text": STATES[sign_up.state][1] if sign_up else "",
        "sales": settings.CONTACTS["sales"],
    }
    return render(request, "sales/confirm.html", context, status=status)


def _inbox(request: HttpRequest, sign_up: SignUp) -> str:
    """Where staff find it."""
    return absolute(request, reverse("admin:billing_signup_change", args=[sign_up.pk]))
