"""Who calls: the address of whoever made a request, as far as it can be believed."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """The IP address of the caller; empty where there is none, as at a socket of this machine.

    Each proxy adds the address that called it at the end of X-Forwarded-For; what stands before those of our own
    (`settings.TRUSTED_PROXIES`) anybody may have written there. What is no address is taken for none.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    proxies: int = settings.TRUSTED_PROXIES
    if not proxies:
        return _address(direct)
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    return (_address(forwarded[-proxies]) if len(forwarded) >= proxies else "") or _address(direct)


def _address(text: str) -> str:
    """`text` as addresses are written, or empty. One of IPv4 that came by a socket of IPv6 is what it was."""
    try:
        found = ip_address(text)
    except ValueError:
        return ""
    return str(found.ipv4_mapped or found) if isinstance(found, IPv6Address) else str(found)
