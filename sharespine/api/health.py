"""Whether the installation is alive: `/healthz` for whoever watches over it, `/healthz/web` for a load balancer.

See docs/operations.md for what each figure means and who does what about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django import db
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

from sharespine import condition


class HealthFirst:
    """Answers before anything else looks at the request: no session, no log-in, no host name to know, no redirect to https."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = {"/healthz": healthz, "/healthz/web": web}.get(request.path_info)
        if view is None:
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        try:
            return view()
        except db.Error:
            return _answer({"database": "does not answer"}, well=False)


def healthz() -> HttpResponse:
    """200 while work is taken by workers, else 503. Figures, no names; `wrong` names those that made it 503."""
    now = condition.look()
    return _answer({**asdict(now), "wrong": now.wrong}, well=not now.wrong)


def web() -> HttpResponse:
    """200 while this web server reaches the database, whatever the workers do."""
    with db.connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return _answer({}, well=True)


def _answer(figures: dict[str, Any], *, well: bool) -> HttpResponse:
    return JsonResponse({"ok": well, **figures}, status=200 if well else 503, headers={"Cache-Control": "no-store"})
