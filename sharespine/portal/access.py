"""Who may see and do what in the portal: the one gate that every page of a customer goes through."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from billing.models import Customer, Membership, Role

log = logging.getLogger(__name__)
Parameters = ParamSpec("Parameters")
#: What a role may do, itself and all below it.
RANKS = {Role.READER: 0, Role.OPERATOR: 1, Role.OWNER: 2}
#: Methods that change nothing.
SAFE = ("GET", "HEAD", "OPTIONS")
#: Seeing the portal as a given customer does.
SEE = "billing.see_portal"


@dataclass(frozen=True, slots=True)
class Access:
    """A user at the pages of a customer. `role` is empty for staff, who look on and change nothing."""

    customer: Customer
    user: Any
    role: str
    membership: Membership | None = None

    @property
    def looks_on(self) -> bool:
        """Whether this is staff seeing what the merchant sees."""
        return self.membership is None

    @property
    def may_operate(self) -> bool:
        """Whether orders may be tried again, and flows paused."""
        return self.has(Role.OPERATOR)

    @property
    def may_manage(self) -> bool:
        """Whether users, keys and webhooks may be changed, and another package asked for."""
        return self.has(Role.OWNER)

    @property
    def actor(self) -> str:
        """What the history calls the user."""
        return str(self.user.get_username())

    def has(self, role: str) -> bool:
        return not self.looks_on and RANKS[Role(self.role)] >= RANKS[Role(role)]


def access_to(user: Any, customer_id: int) -> Access | None:
    """What `user` may do at the pages of a customer; None where it is not even to know that there is one."""
    membership = Membership.objects.filter(user=user.pk, customer=customer_id).select_related("customer").first()
    if membership is not None:
        return Access(membership.customer, user, membership.role, membership)
    if user.is_staff and user.has_perm(SEE):
        customer = Customer.objects.filter(pk=customer_id).first()
        return Access(customer, user, "") if customer else None
    return None


def page(
    role: str = Role.READER, *, acts: str = Role.OPERATOR
) -> Callable[
    [Callable[Concatenate[HttpRequest, Access, Parameters], HttpResponseBase]],
    Callable[..., HttpResponseBase],
]:
    """Make a view a page of a customer: for users with at least `role`, whose changes (POST) are for those with `acts`.

    Somebody else's customer does not exist (404). Staff who may see the portal as a customer does may look, and change nothing.
    """

    def made(view: Callable[Concatenate[HttpRequest, Access, Parameters], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @functools.wraps(view)
        def gate(request: HttpRequest, customer: int, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            access = access_to(request.user, customer)
            if access is None:
                raise Http404
            if access.looks_on:
                if request.method not in SAFE:
                    return refused(request, access)
                log.info("%s sees %s as customer %s does", access.actor, request.path, customer)
            elif not access.has(role) or (request.method not in SAFE and not access.has(acts)):
                return refused(request, access)
            with timezone.override(ZoneInfo(access.customer.time_zone)):
                response = view(request, access, *args, **kwargs)
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response

        return gate

    return made


def show(request: HttpRequest, access: Access, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page of the customer that `access` is to."""
    return render(request, template, {"access": access, "customer": access.customer, **context}, status=status)


def refused(request: HttpRequest, access: Access) -> HttpResponse:
    """Says that the user may look, and not do this."""
    return show(request, access, "portal/refused.html", {}, status=403)
