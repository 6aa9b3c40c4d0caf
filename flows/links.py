"""Where e-mails lead to: pages of the portal, as whole addresses. The only place that knows them outside the portal itself."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings


def order(customer_id: int, transfer_id: int) -> str:
    return _page(customer_id, f"orders/{transfer_id}/")


def orders(customer_id: int, **filters: str) -> str:
    """The list of orders, or what `filters` leave of it: `view="mine"` is what waits for the merchant."""
    return _page(customer_id, "orders/" + (f"?{urlencode(filters)}" if filters else ""))


def overview(customer_id: int) -> str:
    return _page(customer_id, "")


def connections(customer_id: int) -> str:
    return _page(customer_id, "connections/")


def package(customer_id: int) -> str:
    return _page(customer_id, "package/")


def notifications(customer_id: int) -> str:
    """Where a user says which e-mails it wants."""
    return _page(customer_id, "notifications/")


def webhooks(customer_id: int) -> str:
    return _page(customer_id, "webhooks/")


def _page(customer_id: int, path: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}/portal/{customer_id}/{path}"
