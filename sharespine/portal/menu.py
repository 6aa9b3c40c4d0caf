"""The menu of the portal, with what waits for the merchant as a badge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models import Role
from flows import merchants
from sharespine.lib.counting import counted
from sharespine.portal.access import Access

#: Area of the portal (the name of its page), its title, and who may see it.
AREAS: tuple[tuple[str, Any, str], ...] = (
    ("overview", _("Overview"), Role.READER),
    ("orders", _("Orders"), Role.READER),
    ("items", _("Articles and statuses"), Role.READER),
    ("runs", _("Runs"), Role.READER),
    ("connections", _("Connections"), Role.READER),
    ("hours", _("Service hours"), Role.READER),
    ("package", _("Package"), Role.READER),
)
#: What is set once and seldom looked at: together under one entry of the menu.
SETTINGS: tuple[tuple[str, Any, str], ...] = (
    ("notifications", _("E-mails"), Role.READER),
    ("users", _("Users"), Role.OWNER),
    ("keys", _("API keys"), Role.OWNER),
    ("webhooks", _("Webhooks"), Role.OWNER),
)
#: A badge says no more than that there are so many.
MANY = 100


@dataclass(frozen=True, slots=True)
class Entry:
    area: str
    title: Any
    address: str
    badge: str = ""


def entries(access: Access) -> list[Entry]:
    """The menu. Staff who look on see what an administrator of the customer does."""
    waiting = merchants.mine(access.customer.pk).order_by()[:MANY].count()
    found = _seen(access, AREAS)
    found[1] = replace(found[1], badge=counted(waiting, MANY) if waiting else "")
    return [*found, replace(_seen(access, SETTINGS)[0], area="settings", title=_("Settings"))]


def settings(access: Access) -> list[Entry]:
    """The pages under “Settings”."""
    return _seen(access, SETTINGS)


def _seen(access: Access, areas: Sequence[tuple[str, Any, str]]) -> list[Entry]:
    return [
        Entry(area, title, reverse(f"portal:{area}", args=[access.customer.pk]))
        for area, title, role in areas
        if access.looks_on or access.has(role)
    ]
