"""Who calls by machine: `Authorization: Bearer` with a key. What a key opens is its customer's, whatever the address says."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from billing import keys
from billing.models import ApiKey, Customer, Scope
from sharespine.api.problems import CHALLENGE, Code, Problem
from sharespine.lib.text import N_, Text

WITHOUT_CUSTOMER = Text(N_("This is a customer's own. The key belongs to no customer."))
LACKS = Text(N_("The key does not open this: it lacks the scope “%(scope)s”."))


class KeyAuthentication(BaseAuthentication):
    """Finds the key that a request comes with. `request.auth` is then an `ApiKey`; nobody is logged in."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        """None where there is no key. Raises `Problem` for one that opens nothing."""
        scheme, _space, plain = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        key = keys.find(plain.strip())
        if key is None:
            raise Problem(Code.KEY_INVALID)
        if key.revoked_at is not None:
            raise Problem(Code.KEY_REVOKED)
        if not key.is_valid:
            raise Problem(Code.KEY_EXPIRED)
        keys.used(key)
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class OpensThis(BasePermission):
    """A key of a customer, with the scope that the view names."""

    def has_permission(self, request: Request, view: Any) -> bool:
        key = request.auth
        if not isinstance(key, ApiKey):
            raise Problem(Code.NOT_AUTHENTICATED)
        if key.customer_id is None:
            raise Problem(Code.SCOPE_MISSING, WITHOUT_CUSTOMER)
        scope: Scope = view.scope
        if scope not in key.scopes:
            raise Problem(Code.SCOPE_MISSING, Text(LACKS.message, {"scope": str(scope)}))
        return True


def customer_of(request: Request) -> Customer:
    """Whose key it is. Belongs after `OpensThis`."""
    key = request.auth
    if not isinstance(key, ApiKey) or key.customer is None:
        raise Problem(Code.NOT_AUTHENTICATED)
    return key.customer
