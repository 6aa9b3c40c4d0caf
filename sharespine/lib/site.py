"""Where we are reached, for links in e-mails."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def absolute(request: HttpRequest | Any, path: str) -> str:
    """The whole address of `path`: at `SITE_URL`, or where nobody set that, at the address at which we were called."""
    return f"{settings.SITE_URL}{path}" if settings.SITE_URL else request.build_absolute_uri(path)
