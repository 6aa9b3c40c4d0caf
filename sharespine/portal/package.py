"""What the package holds, what the next one adds, and asking for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import contracts, gates, requests
from billing.admin import overview
from billing.models import AddOn, Customer, Edition, Feature, Offer, Package, PackageRequest, Role, Subscription, Term
from billing.refusals import Refused
from sharespine.lib.display import amount
from sharespine.lib.said import said
from sharespine.lib.text import Text
from sharespine.portal.access import Access, page, show

#: So many requests are shown with their answers.
ANSWERED = 5


class RequestForm(forms.Form):
    """Another package, or anything else about it."""

    package = forms.ModelChoiceField(
        label=gettext_lazy("Package"), queryset=Package.objects.all(), required=False, to_field_name="code"
    )
    text = forms.CharField(
        label=gettext_lazy("What we should know"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("For instance from when, or what you want to do with it."),
    )

    def __init__(self, *args: Any, offers: list[Offer], now: Term | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sold = [(offer.package.code, _priced(offer)) for offer in offers if now is None or offer.package_id != now.package_id]
        self.fields["package"].choices = [("", _("Something else, see below")), *sold]  # type: ignore[attr-defined]  # a choice field

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not data.get("package") and not data.get("text", "").strip() and not self.errors:
            self.add_error("text", _("Choose a package, or say what you wish."))
        return data


@dataclass(frozen=True, slots=True)
class Row:
    """A feature: whether the customer has it, how, and what to do if not. `until` is the last day of a grant that has one."""

    label: str
    held: bool
    granted: bool
    until: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class Next:
    """The package above: what it would cost and change. Without a `change`, `refusal` says why that cannot be told."""

    offer: Offer
    change: contracts.Change | None
    refusal: Text | None
    now: Term

    @property
    def more(self) -> Any:
        """What it costs beyond the package of now, in kronor a month without VAT."""
        return self.change.monthly_price - self.now.monthly_price if self.change else None


@page(acts=Role.OWNER)
def package(request: HttpRequest, access: Access) -> HttpResponseBase:
    context = _context(access.customer)
    subscription, term = context["subscription"], context.get("term")
    edition = subscription.edition if subscription else Edition.CLOUD
    offers = Offer.on(context["day"], edition)
    form = RequestForm(
        request.POST if request.method == "POST" else None, offers=offers, now=None if context.get("is_over") else term
    )
    if form.is_valid():
        wanted, text = form.cleaned_data["package"], form.cleaned_data["text"].strip()
        try:
            requests.ask(access.customer, wanted, text, access.actor)
        except Refused as refused:
            messages.error(request, said(refused.text))
        else:
            messages.success(request, _("Thank you. We have your request and get back to you. Nothing changes before that."))
        return redirect("portal:package", access.customer.pk)
    asked = list(PackageRequest.objects.filter(customer=access.customer).select_related("package")[:ANSWERED])
    context |= {
        "area": "package",
        "form": form,
        "asked": asked,
        "is_open": any(one.state == PackageRequest.State.NEW for one in asked),
    }
    if subscription and term and not context["is_over"]:
        context |= {
            "features": _features(subscription, context["day"]),
            "next": _next(subscription, term, offers, context["day"]),
        }
    return show(request, access, "portal/package.html", context)


def _context(customer: Customer) -> dict[str, Any]:
    """What the customer has, as staff see it, without what is between them."""
    found = overview.of(customer)
    subscription, day = found["subscription"], found["day"]
    if subscription is None:
        return found
    lasting: list[AddOn] = [one for one in found["add_ons"] if one.span.last is None or one.span.last >= day]
    prices = [one.monthly_price for one in lasting if one.begins_on <= day]
    term: Term | None = found["term"]
    return {
        **found,
        "add_ons": lasting,
        "grants": [one for one in found["grants"] if one.span.last is None or one.span.last >= day],
        "monthly": sum(prices, term.monthly_price) if term else None,
    }


def _features(subscription: Subscription, day: date) -> list[Row]:
    """All that there is, in the order of the price list, as it is when nothing is paused."""
    on = max(day, subscription.begins_on)
    rights = replace(gates.rights(subscription.customer_id, on), stopped=None)
    lasts = {grant.feature: grant.expires_on for grant in subscription.grants.all() if on in grant.span}
    found = []
    for feature in Feature:
        verdict = rights.of(feature)
        until = lasts.get(feature) if verdict.granted else None
        found.append(Row(str(feature.label), verdict.allowed, verdict.granted, until, said(verdict.reason)))
    return found


def _next(subscription: Subscription, term: Term, offers: list[Offer], day: date) -> Next | None:
    """The cheapest step up from `term`, if there is one."""
    above = [offer for offer in offers if offer.package.rank > term.package.rank]
    if not above:
        return None
    try:
        return Next(above[0], contracts.what_if(subscription, above[0].package, today=day), None, term)
    except Refused as refused:
        return Next(above[0], None, refused.text, term)


def _priced(offer: Offer) -> str:
    if offer.monthly_price is None:
        return _("%(package)s, price on request") % {"package": offer.package}
    price = amount(offer.monthly_price)
    return _("%(package)s, %(price)s a month excl. VAT") % {"package": offer.package, "price": price}


urls = [path("", package, name="package")]
