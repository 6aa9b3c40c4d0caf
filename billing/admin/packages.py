"""Packages as a matrix: what each costs, how many orders it holds, and which features, from a date on."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing import pricelist
from billing.admin.verbs import today
from billing.dates import next_month
from billing.models import CLIENT_ONLY, AddOnPrice, Edition, Feature, HourPack, Offer, Package
from billing.refusals import Refused
from sharespine.lib.admin import Admin, ChoicesDropdownFilter, ConfigurationAdmin, IntegerInput, display
from sharespine.lib.display import amount, hours
from sharespine.lib.fields import AmountField, DayField
from sharespine.lib.said import said


def sold_in(edition: str) -> list[Feature]:
    """The features that an edition can have: those of the Client edition are granted to others one by one."""
    return [feature for feature in Feature if edition == Edition.CLIENT or feature not in CLIENT_ONLY]


class OfferForm(forms.Form):
    """One column of the matrix."""

    monthly_price = AmountField(label=gettext_lazy("Monthly price, kr"), required=False)
    installation_price = AmountField(label=gettext_lazy("Installation, once, kr"), required=False)
    order_cap = forms.IntegerField(
        label=gettext_lazy("Orders per month, at most"), required=False, min_value=0, widget=IntegerInput
    )
    start_minutes = forms.IntegerField(
        label=gettext_lazy("Start package, minutes"), required=False, min_value=0, widget=IntegerInput
    )
    features = forms.MultipleChoiceField(choices=Feature.choices, required=False, widget=forms.CheckboxSelectMultiple)

    numbers = ("monthly_price", "installation_price", "order_cap", "start_minutes")

    def __init__(self, package: Package, edition: str, offer: Offer | None, *args: Any, **kwargs: Any) -> None:
        self.package = package
        initial = {name: getattr(offer, name) for name in (*self.numbers, "features")} if offer else {}
        super().__init__(*args, **{"prefix": package.code, "initial": initial, **kwargs})
        for name in self.numbers:
            self.fields[name].widget.attrs["aria-label"] = f"{self.fields[name].label}, {package}"
        features: Any = self.fields["features"]
        features.choices = [(feature.value, feature.label) for feature in sold_in(edition)]

    def wanted(self) -> pricelist.Wanted:
        """What was filled in. Belongs after `is_valid`."""
        values = self.cleaned_data
        return pricelist.Wanted(
            package=self.package,
            monthly_price=values["monthly_price"],
            installation_price=values["installation_price"],
            order_cap=values["order_cap"],
            start_minutes=values["start_minutes"] or 0,
            features=frozenset(values["features"]),
        )


class WhenForm(forms.Form):
    valid_from = DayField(label=gettext_lazy("Valid from"))


@admin.register(Package)
class PackageAdmin(Admin):
    """The list of packages is the matrix. Of a package itself only the name can be changed: the rest is its offers."""

    fields = ("name", "code", "rank")
    readonly_fields = ("code", "rank")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perms(["billing.add_offer", "billing.change_offer"]))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        edition = request.GET.get("edition", "")
        if edition not in Edition.values:
            edition = Edition.CLOUD
        day = parse_date_or_none(request.GET.get("day", "")) or today()
        may_publish = self.has_publish_permission(request)
        if request.method == "POST" and not may_publish:
            raise PermissionDenied
        offers = {offer.package_id: offer for offer in Offer.on(day, edition)}
        sent = request.POST if request.method == "POST" else None
        columns = [OfferForm(package, edition, offers.get(package.pk), sent) for package in Package.objects.all()]
        first = day if day > today() else next_month(today())
        when = WhenForm(sent, initial={"valid_from": first})
        if sent is not None and when.is_valid() and all(column.is_valid() for column in columns):
            answer = self._publish(request, edition, columns, when.cleaned_data["valid_from"])
            if answer is not None:
                return answer
        dates = pricelist.dates(edition)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Packages"),
            "edition": edition,
            "editions": Edition.choices,
            "columns": columns,
            "numbers": [(OfferForm.base_fields[name].label, [form[name] for form in columns]) for name in OfferForm.numbers],
            "features": _features(columns, sold_in(edition)),
            "when": when,
            "dates": [(one, one > today()) for one in dates],
            "shown": max((one for one in dates if one <= day), default=None),
            "holds_now": max((one for one in dates if one <= today()), default=None),
            "day": day,
            "may_publish": may_publish and day >= today(),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "billing/packages.html", context)

    def _publish(self, request: HttpRequest, edition: str, columns: list[OfferForm], valid_from: date) -> HttpResponse | None:
        """Where to go once it is published; None if it was refused, which is said."""
        wanted = [column.wanted() for column in columns]
        try:
            changed = pricelist.publish(
                edition, wanted, valid_from=valid_from, today=today(), actor=request.user.get_username()
            )
        except Refused as refused:
            self.message_user(request, said(refused.text), messages.ERROR)
            return None
        if not changed:
            self.message_user(request, _("Nothing differs from what holds then: nothing was saved."), messages.WARNING)
        else:
            sentence = ngettext(
                "%(n)d package has new terms from %(day)s. What was sold before stays as it was.",
                "%(n)d packages have new terms from %(day)s. What was sold before stays as it was.",
                changed,
            )
            self.message_user(request, sentence % {"n": changed, "day": valid_from}, messages.SUCCESS)
        address = reverse("admin:billing_package_changelist")
        return HttpResponseRedirect(f"{address}?edition={edition}&day={valid_from}")


def _features(columns: list[OfferForm], features: list[Feature]) -> list[dict[str, Any]]:
    """A row for each feature: its name, and for each package the box to tick and whether it is ticked."""
    boxes = [list(column["features"]) for column in columns]
    return [
        {
            "label": feature.label,
            "cells": [
                (column.package, box[row], bool(box[row].data["selected"])) for column, box in zip(columns, boxes, strict=True)
            ],
        }
        for row, feature in enumerate(features)
    ]


def parse_date_or_none(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


@admin.register(AddOnPrice)
class AddOnPriceAdmin(ConfigurationAdmin):
    """What an add-on costs from a date on. Whoever has one keeps the price it was sold at."""

    list_display = ("kind_label", "price", "valid_from")
    list_filter = (("kind", ChoicesDropdownFilter),)
    fields = ("kind", "valid_from", "monthly_price")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=gettext_lazy("kind"), ordering="kind")
    def kind_label(self, row: AddOnPrice) -> str:
        return row.get_kind_display()

    @display(description=gettext_lazy("monthly price"), ordering="monthly_price")
    def price(self, row: AddOnPrice) -> str:
        return amount(row.monthly_price)


@admin.register(HourPack)
class HourPackAdmin(ConfigurationAdmin):
    list_display = ("name", "time", "price_shown", "per_hour", "is_sold")
    list_filter = ("is_sold",)
    search_fields = ("name",)
    fields = ("name", "minutes", "price", "is_sold")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is no longer sold is marked so: it stands on invoices."""
        return False

    @display(description=gettext_lazy("hours"), ordering="minutes")
    def time(self, pack: HourPack) -> str:
        return hours(pack.minutes)

    @display(description=gettext_lazy("price, excl. VAT"), ordering="price")
    def price_shown(self, pack: HourPack) -> str:
        return amount(pack.price)

    @display(description=gettext_lazy("an hour, excl. VAT"))
    def per_hour(self, pack: HourPack) -> str:
        return amount(pack.price * 60 / pack.minutes)
