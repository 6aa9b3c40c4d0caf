"""Credentials at rest: encrypted with rotatable keys, never shown again.

`EncryptedJSONField` keeps a flat mapping of secrets. In the database it is one Fernet token (AES-128-CBC with HMAC-SHA256);
`settings.SHARESPINE_KEYS[0]` encrypts and any of the keys decrypts.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.query_utils import DeferredAttribute

if TYPE_CHECKING:

    class _TextField(models.TextField[Any, Any]):
        # The type checker's plugin takes what may be assigned from here.
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any

else:
    _TextField = models.TextField


class Secrets(dict[str, str]):
    """Secrets by key, whose `repr` tells which there are but not what they say."""

    def __repr__(self) -> str:
        return f"<secrets: {', '.join(sorted(self)) or 'none'}>"

    __str__ = __repr__


@cache
def _box(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise ImproperlyConfigured(
            "SHARESPINE_KEYS must hold Fernet keys (url-safe base64 of 32 bytes). Make one with `manage.py new_key`."
        ) from None


def encrypt(values: dict[str, str]) -> str:
    return _box(tuple(settings.SHARESPINE_KEYS)).encrypt(json.dumps(values).encode()).decode()


def decrypt(token: str) -> Secrets:
    """The secrets in `token`. Raises `ImproperlyConfigured` when none of the keys fits: nothing is lost, the key is missing."""
    try:
        return Secrets(json.loads(_box(tuple(settings.SHARESPINE_KEYS)).decrypt(token.encode())))
    except InvalidToken:
        raise ImproperlyConfigured(
            "Stored credentials cannot be read with the keys in SHARESPINE_KEYS. Put the key that encrypted them back."
        ) from None


class _Guarded(DeferredAttribute):
    """Makes whatever is assigned into `Secrets` at once, so that not even an unsaved row shows them."""

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = self.field.to_python(value)


class EncryptedJSONField(_TextField):
    """Secrets by key. Empty is stored as the empty string."""

    descriptor_class = _Guarded

    def from_db_value(self, value: str | None, *_: object) -> Secrets:
        return decrypt(value) if value else Secrets()

    def to_python(self, value: Any) -> Secrets:
        if isinstance(value, str):
            return decrypt(value) if value else Secrets()
        return Secrets(value or {})

    def get_prep_value(self, value: Any) -> str:
        return encrypt(dict(value)) if value else ""

    def value_to_string(self, obj: models.Model) -> str:
        """What `dumpdata` writes: the token, never the secret."""
        return self.get_prep_value(self.value_from_object(obj))
