"""Which addresses a webhook may have. What a name leads to is judged when it is called (`connectors.addresses`)."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from connectors.addresses import what_is_inside
from sharespine.lib.text import N_, Text

LONGEST = 500
_NOT_ONE = N_("“%(address)s” is not a web address. Write it like https://shop.example.com/webhooks.")
_NOT_SECURE = N_("The address must begin with https://, so that nobody on the way reads what is sent.")
_USER = N_("The address holds a user name. Remove it, and what else stands before the @: messages are signed instead.")
_FRAGMENT = N_("Remove what stands after the #: it is never sent.")
_INSIDE = N_("“%(host)s” is %(kind)s, which is not called from here. The receiver must be reached from the internet.")


def trouble_with(address: str) -> Text | None:
    """Why `address` cannot be that of a webhook; None for one that can."""
    not_one = Text(_NOT_ONE, {"address": address[:100]})
    if len(address) > LONGEST:
        return not_one
    try:
        URLValidator(schemes=["http", "https"])(address)
        parts = urlsplit(address)
        _ = parts.port
    except (ValidationError, ValueError):
        return not_one
    if "@" in parts.netloc:
        return Text(_USER)
    if parts.fragment:
        return Text(_FRAGMENT)
    if parts.scheme != "https" and not settings.SANDBOX:
        return Text(_NOT_SECURE)
    return _inside(parts)


def _inside(parts: SplitResult) -> Text | None:
    host = parts.hostname or ""
    if host == "localhost":
        # The only name that is the same everywhere.
        host = "127.0.0.1"
    if not host.replace(".", "").isdigit() and ":" not in host:
        return None
    kind = what_is_inside(host)
    return Text(_INSIDE, {"host": host, "kind": Text(kind)}) if kind else None
