"""The admin site of this project in place of Django's own, and the project itself as an app (commands, templates, checks)."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import pre_save

from connectors import addresses


class AdminConfig(DjangoAdminConfig):
    default_site = "sharespine.backoffice.BackOffice"


class SharespineConfig(AppConfig):
    name = "sharespine"
    verbose_name = "Sharespine"

    def ready(self) -> None:
        pre_save.connect(in_small_letters, sender=settings.AUTH_USER_MODEL)
        inside = [*settings.ALLOWED_NETWORKS, *(addresses.LOOPBACK if settings.SANDBOX else ())]
        try:
            addresses.allow(inside)
        except ValueError as error:
            raise ImproperlyConfigured(f"ALLOWED_NETWORKS must hold networks such as 10.1.2.0/24: {error}.") from None


def in_small_letters(instance: Any, **kwargs: Any) -> None:
    """E-mails of users are kept in small letters: allauth looks for them so, and only so."""
    instance.email = instance.email.strip().lower()
