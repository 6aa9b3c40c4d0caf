"""Encrypts all stored credentials with the first key."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from flows.models import ConnectionPlugin, Endpoint
from sharespine.portal.log_in import encrypt_factors_anew


class Command(BaseCommand):
    help = "Encrypts all stored credentials anew with the first key of SHARESPINE_KEYS. Afterwards the others can be removed."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                # Locked, so that credentials which somebody saves meanwhile are not put back.
                endpoints = Endpoint.objects.select_for_update().exclude(secrets="")
                for endpoint in endpoints:
                    Endpoint.objects.filter(pk=endpoint.pk).update(secrets=endpoint.secrets)
                plugins = ConnectionPlugin.objects.select_for_update().exclude(secrets="")
                for plugin in plugins:
                    ConnectionPlugin.objects.filter(pk=plugin.pk).update(secrets=plugin.secrets)
                encrypt_factors_anew()
        except ImproperlyConfigured as error:
            raise CommandError(f"{error} Nothing was changed.") from None
        self.stdout.write(f"{len(endpoints)} endpoints and {len(plugins)} plugins are encrypted with the first key.")
