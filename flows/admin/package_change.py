"""Changing a package: what it would do is told before, with the flows that would stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from billing import contracts
from billing.admin import dialogs
from billing.admin.contracts import may_change
from billing.admin.verbs import carry_out, today
from billing.models import Customer, Package, Subscription
from billing.refusals import Refused
from flows import rights
from flows.models import Flow
from sharespine.lib.text import Text


@dataclass(frozen=True, slots=True)
class Choice:
    """A package that may be changed to: what it would do, or why it cannot be done."""

    package: Package
    change: contracts.Change | None
    refusal: Text | None
    stopping: list[Flow]


class AgreedForm(dialogs.AgreedFields):
    """What was agreed with this customer; empty is what the price list says."""


def choice(subscription: Subscription, package: Package, agreed: contracts.Agreed = contracts.LISTED) -> Choice:
    """What a change to `package` would do to the subscription and to the customer's flows."""
    try:
        change = contracts.what_if(subscription, package, today=today(), agreed=agreed)
    except Refused as refused:
        return Choice(package, None, refused.text, [])
    granted = {
        grant.feature for grant in subscription.grants.all() if grant.span.last is None or grant.span.last >= change.begins_on
    }
    lost = {feature for feature in change.lost if feature not in granted}
    return Choice(package, change, None, rights.losing(subscription.customer_id, lost) if lost else [])


def page(request: HttpRequest, customer: Customer | None, context: dict[str, Any], address: str) -> HttpResponse:
    """All packages side by side; with `?package=` one of them, which a POST changes to. `address` is the customer's page."""
    subscription = dialogs.shown(customer.pk) if customer else None
    if not may_change(request):
        raise PermissionDenied
    if customer is None or subscription is None:
        raise Http404
    chosen = Package.objects.filter(code=request.GET.get("package", "")).first()
    term = subscription.term_on(max(today(), subscription.begins_on))
    context = {
        **context,
        "title": _("Change the package of %(customer)s") % {"customer": customer},
        "original": customer,
        "subscription": subscription,
        "term": term,
        "back": address,
        "today": today(),
    }
    if chosen is None:
        choices = [choice(subscription, package) for package in Package.objects.all()]
        return TemplateResponse(request, "flows/packages.html", {**context, "choices": choices})
    form = AgreedForm(request.POST or None)
    agreed = form.agreed() if form.is_valid() else contracts.LISTED
    if form.is_valid() and "confirm" in request.POST:
        return carry_out(
            request,
            address,
            lambda actor: contracts.change_package(subscription, chosen, today=today(), actor=actor, agreed=agreed),
            _("The package is changed."),
        )
    return TemplateResponse(
        request, "flows/package.html", {**context, "choice": choice(subscription, chosen, agreed), "form": form}
    )
