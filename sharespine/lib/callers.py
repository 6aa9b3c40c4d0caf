"""Who calls: the address of whoever made a request, as far as it can be believed."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The IP address of the caller.

    Each proxy adds the address that called it at the end of X-Forwarded-For; what stands before those of our own
    (`settings.TRUSTED_PROXIES`) anybody may have written there.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    proxies: int = settings.TRUSTED_PROXIES
    if not proxies:
        return direct
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    return forwarded[-proxies] if len(forwarded) >= proxies else direct
