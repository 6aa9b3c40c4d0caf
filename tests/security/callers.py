"""Who asks: nobody, the users and keys of one merchant, those that were thrown out of the other, and staff."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.contrib.auth.models import Permission, User
from django.test import Client

from billing.models import ApiKey, Membership, Role, Scope
from tests.security.merchants import Merchant

#: Doors at which somebody may be at home.
PORTAL, API = "portal", "api"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks. `home` is the door at which it is known; nowhere: "". `is_staff` may enter the admin."""

    name: str
    client: Client
    home: str = ""
    is_staff: bool = False


def nobody() -> Caller:
    return Caller("nobody", _client())


def members(merchant: Merchant) -> list[Caller]:
    """The users of a merchant, who may most first."""
    return [_logged_in(f"its {role}", merchant.users[role], home=PORTAL) for role in Role]


def keys(merchant: Merchant) -> list[Caller]:
    """The keys of a merchant, one of each scope, and one of the sales site, which is nobody's."""
    plain = f"shs_sales1_{'k' * 43}"
    ApiKey.objects.get_or_create(
        prefix="shs_sales1",
        defaults={"name": "Sales", "key_hash": hashlib.sha256(plain.encode()).hexdigest(), "scopes": [str(Scope.SALES)]},
    )
    scopes = (Scope.TRANSFERS, Scope.USAGE, Scope.HOURS)
    return [
        *(with_key(f"its key for {scope}", merchant.keys[scope], home=API) for scope in scopes),
        with_key("the sales key", plain),
    ]


def with_key(name: str, plain: str, *, home: str = "") -> Caller:
    return Caller(name, _client(authorization=f"Bearer {plain}"), home)


def staff(*permissions: str) -> Caller:
    """Somebody of ours who may do nothing but what the permissions say."""
    user, _made = User.objects.get_or_create(username=f"staff-{'-'.join(permissions)}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return _logged_in(f"staff who may {', '.join(permissions) or 'nothing'}", user, is_staff=True)


def former(merchant: Merchant) -> list[Caller]:
    """Who could once see what is the merchant's: they had come in, or had a key, before they were put out."""
    removed, switched_off = (User.objects.create(username=f"{name}@former.example") for name in ("removed", "off"))
    for user in (removed, switched_off):
        Membership.objects.create(customer=merchant.customer, user=user, role=Role.OWNER)
    callers = [_logged_in("a removed user", removed), _logged_in("a user who was switched off", switched_off)]
    for caller in callers:
        assert caller.client.get(f"/portal/{merchant.id}/").status_code == 200
    Membership.objects.filter(customer=merchant.customer, user=removed).delete()
    User.objects.filter(pk=switched_off.pk).update(is_active=False)
    return [*callers, with_key("a revoked key", merchant.keys["revoked"]), with_key("an expired key", merchant.keys["expired"])]


def _logged_in(name: str, user: User, *, home: str = "", is_staff: bool = False) -> Caller:
    client = _client()
    client.force_login(user)
    return Caller(name, client, home, is_staff)


def _client(**headers: str) -> Client:
    # What fails is answered as it would be outside, and then told here.
    return Client(raise_request_exception=False, headers={"accept-language": "en", **headers})
