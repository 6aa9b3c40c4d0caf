"""The admin site of this project in place of Django's own, and the project itself as an app (commands, templates, checks)."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    default_site = "sharespine.backoffice.BackOffice"


class SharespineConfig(AppConfig):
    name = "sharespine"
    verbose_name = "Sharespine"
