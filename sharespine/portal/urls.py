"""The addresses of the portal. Everything of a customer lies below its id, and goes through `sharespine.portal.access.page`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from sharespine.portal import (
    account,
    connections,
    hours,
    invitations,
    items,
    keys,
    notifications,
    orders,
    overview,
    package,
    runs,
    users,
    webhooks,
)

app_name = "portal"
of_customer: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("orders/", include(orders.urls)),
    path("items/", include(items.urls)),
    path("runs/", include(runs.urls)),
    path("connections/", include(connections.urls)),
    path("hours/", include(hours.urls)),
    path("package/", include(package.urls)),
    path("users/", include(users.urls)),
    path("notifications/", include(notifications.urls)),
    path("keys/", include(keys.urls)),
    path("webhooks/", include(webhooks.urls)),
]
urlpatterns = [
    path("", overview.home, name="home"),
    path("<int:customer>/", include(of_customer)),
    *account.urls,
    *invitations.urls,
]
