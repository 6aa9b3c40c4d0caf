"""The admin site of this project in place of Django's own, and the project itself as an app (commands, templates, checks)."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.core.exceptions import ImproperlyConfigured

from connectors import addresses


class AdminConfig(DjangoAdminConfig):
    default_site = "sharespine.backoffice.BackOffice"


class SharespineConfig(AppConfig):
    name = "sharespine"
    verbose_name = "Sharespine"

    def ready(self) -> None:
        inside = [*settings.ALLOWED_NETWORKS, *(addresses.LOOPBACK if settings.SANDBOX else ())]
        try:
            addresses.allow(inside)
        except ValueError as error:
            raise ImproperlyConfigured(f"ALLOWED_NETWORKS must hold networks such as 10.1.2.0/24: {error}.") from None
