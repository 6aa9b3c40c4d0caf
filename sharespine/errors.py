"""What is answered when nothing else answers: a page for people, a problem for machines. Never what went on inside."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from sharespine.api import problems
from sharespine.api.problems import Code

#: Below it live machines.
API = "/api/"


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 400, Code.INVALID_REQUEST, gettext("See that the name of the host and the address are right."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 403, Code.NOT_PERMITTED)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404, Code.NOT_FOUND)


def failed(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500, Code.INTERNAL_ERROR)


def no_token(request: HttpRequest, reason: Any = "") -> HttpResponse:
    """A form was sent without the token that shows that it is ours."""
    return forbidden(request) if request.path.startswith(API) else render(request, "403_csrf.html", status=403)


def _answer(request: HttpRequest, status: int, code: Code, detail: str = "") -> HttpResponse:
    if f"{request.path}/".startswith(API):
        return problems.answer(code, detail)
    return render(request, f"{status}.html", status=status)
