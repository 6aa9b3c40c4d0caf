"""Encrypts all stored credentials with the first key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from flows.models import Endpoint


class Command(BaseCommand):
    help = "Encrypts all stored credentials anew with the first key of SHARESPINE_KEYS. Afterwards the others can be removed."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            endpoints = Endpoint.objects.exclude(secrets="")
            for endpoint in endpoints:
                Endpoint.objects.filter(pk=endpoint.pk).update(secrets=endpoint.secrets)
        self.stdout.write(f"{len(endpoints)} endpoints are encrypted with the first key.")
