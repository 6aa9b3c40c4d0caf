"""The verbs of API keys. A key is shown once, when it is made: what is kept is where it begins and a hash of it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from billing.models import ApiKey, Customer, Scope
from billing.refusals import Refused
from sharespine.lib.text import N_

#: What every key begins with: whoever finds one knows what it is, and so do programs that look for leaked keys.
MARK = "shs"
#: What a customer's own key may open; and one of the sales site.
FOR_CUSTOMERS = (Scope.TRANSFERS, Scope.USAGE, Scope.HOURS)
FOR_SALES = (Scope.SALES,)
#: When a key was last used is written so often at most.
NOTED_EVERY = timedelta(minutes=1)


def make(
    customer: Customer | None, name: str, scopes: Collection[str], expires_at: datetime | None, actor: str
) -> tuple[ApiKey, str]:
    """A new key, and what is shown of it this once. Without a customer it is for the sales site. Raises `Refused`."""
    demand(customer, name, scopes, expires_at)
    prefix = f"{MARK}_{secrets.token_hex(5)}"
    plain = f"{prefix}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        customer=customer,
        name=name.strip(),
        prefix=prefix,
        key_hash=_hash(plain),
        scopes=[scope.value for scope in Scope if scope in scopes],
        created_by=actor,
        expires_at=expires_at,
    )
    return key, plain


def demand(customer: Customer | None, name: str, scopes: Collection[str], expires_at: datetime | None) -> None:
    """Raises `Refused` for a key that cannot be made."""
    if not name.strip():
        raise Refused(N_("Give the key a name that says what it is for."))
    if not scopes or not set(scopes) <= set(FOR_CUSTOMERS if customer else FOR_SALES):
        raise Refused(N_("Choose what the key opens."))
    if expires_at is not None and expires_at <= timezone.now():
        raise Refused(N_("The key would have expired already. Choose a later day, or none."))


def revoke(key: ApiKey, actor: str) -> None:
    """Have a key open nothing from now on. Raises `Refused` when that was done before."""
    changed = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now(), revoked_by=actor)
    if not changed:
        raise Refused(N_("The key was revoked already."))
    key.refresh_from_db(fields=["revoked_at", "revoked_by"])


def find(plain: str) -> ApiKey | None:
    """The key that `plain` is, valid or not, with its customer; None where there is none."""
    mark, _underscore, rest = plain.partition("_")
    prefix, underscore, secret = rest.partition("_")
    if mark != MARK or not underscore or not secret or not prefix.isalnum():
        return None
    key = ApiKey.objects.select_related("customer").filter(prefix=f"{MARK}_{prefix}"[:20]).first()
    return key if key is not None and hmac.compare_digest(key.key_hash, _hash(plain)) else None


def used(key: ApiKey) -> None:
    """Note that a key was used; once a minute is enough."""
    now = timezone.now()
    if key.last_used_at is not None and key.last_used_at > now - NOTED_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - NOTED_EVERY)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


def _hash(plain: str) -> str:
    # The bytes are random: nothing is gained by a hash that is slow.
    return hashlib.sha256(plain.encode()).hexdigest()
