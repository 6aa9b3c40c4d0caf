"""What every page of the portal shows around its content."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings

from billing.models import Membership
from sharespine.portal import menu
from sharespine.portal.access import Access

register = template.Library()


@register.simple_tag
def portal_menu(access: Access) -> list[menu.Entry]:
    """The menu of a customer, for those who may see it."""
    return menu.entries(access)


@register.inclusion_tag("portal/settings_tabs.html")
def settings_tabs(access: Access, area: str) -> dict[str, Any]:
    """The pages under “Settings”, with that of `area` as the chosen one."""
    return {"entries": menu.settings(access), "area": area}


@register.simple_tag
def several_customers(access: Access) -> bool:
    """Whether the user may log in as more than one customer."""
    return Membership.objects.filter(user=access.user.pk).count() > 1


@register.simple_tag
def contact() -> dict[str, Any]:
    """Whom merchants call for help."""
    return dict(settings.CONTACTS["support"])
