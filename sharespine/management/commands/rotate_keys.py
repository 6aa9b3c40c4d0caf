"""Encrypts all stored credentials with the first key."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt, encrypt
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from flows.models import ConnectionPlugin, Endpoint, Webhook

#: Whose column `secrets` is encrypted, and what they are called.
KEEPERS = ((Endpoint, "endpoints"), (ConnectionPlugin, "plugins"), (Webhook, "webhooks"))
#: What of a second factor is encrypted; the last holds several.
OF_FACTORS = ("secret", "seed", "migrated_codes")


class Command(BaseCommand):
    help = "Encrypts all stored credentials anew with the first key of SHARESPINE_KEYS. Afterwards the others can be removed."

    def handle(self, *args: Any, **options: Any) -> None:
        counts: list[str] = []
        try:
            with transaction.atomic():
                for model, name in KEEPERS:
                    # Locked, so that credentials which somebody saves meanwhile are not put back.
                    rows = model._default_manager.select_for_update().exclude(secrets="")  # noqa: SLF001 - Django's documented API
                    for row in rows:
                        type(row)._default_manager.filter(pk=row.pk).update(secrets=row.secrets)  # noqa: SLF001
                    counts.append(f"{len(rows)} {name}")
                factors = Authenticator.objects.select_for_update()
                for factor in factors:
                    Authenticator.objects.filter(pk=factor.pk).update(data=_anew(factor.data))
                counts.append(f"{len(factors)} second factors")
        except ImproperlyConfigured as error:
            raise CommandError(f"{error} Nothing was changed.") from None
        self.stdout.write(f"Encrypted with the first key: {', '.join(counts)}.")


def _anew(data: dict[str, Any]) -> dict[str, Any]:
    """What allauth keeps of a second factor, with the first key."""
    made = dict(data)
    for name in OF_FACTORS:
        if name in data:
            kept = data[name]
            made[name] = [encrypt(decrypt(one)) for one in kept] if isinstance(kept, list) else encrypt(decrypt(kept))
    return made
