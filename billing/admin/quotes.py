"""Quotes, to look at: what was offered for which wishes. Nobody changes one."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import quoting
from billing.models import Package, Quote
from sharespine.lib.admin import ChoicesDropdownFilter, HistoryAdmin, display
from sharespine.lib.display import amount


def context_of(quote: Quote, package: Package | None) -> dict[str, Any]:
    """What the pages show of a quote, in the active language: all of it, and `chosen` of `package`."""
    answer = quoting.read(quote)
    for one in answer["packages"]:
        one["total"], one["to_begin"] = _sum(one["monthly"]), _sum(one["once"])
    chosen = next((one for one in answer["packages"] if package and one["package"] == package.code), None)
    return {"quote": quote, "answer": answer, "chosen": chosen}


def price_of(quote: Quote, package: Package | None) -> str:
    """What `package` costs a month by the quote, add-ons included."""
    found = next((one for one in quote.answer["packages"] if package and one["package"] == package.code), None)
    if found is None:
        return "–"
    return amount(_sum(found["monthly"])) if found["monthly"] else _("on request")


def _sum(cost: dict[str, Any] | None) -> Decimal | None:
    return Decimal(cost["without_vat"]) if cost else None


@admin.register(Quote)
class QuoteAdmin(HistoryAdmin):
    list_display = ("number_shown", "package", "price", "orders", "systems", "created_at")
    list_display_links = ("number_shown",)
    list_filter = (("edition", ChoicesDropdownFilter),)
    list_select_related = ("package",)
    search_fields = ("number",)
    search_help_text = gettext_lazy("The number, whole or in part")
    sortable_by = ("created_at",)
    change_form_template = "billing/quote.html"
    fields = ()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        quote = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if quote:
            context |= {**context_of(quote, quote.package), "came_of_it": list(quote.sign_ups.all())}
        return super().change_view(request, object_id, form_url, context)

    @display(description=gettext_lazy("number"))
    def number_shown(self, quote: Quote) -> str:
        return format_html('<span class="bo-nowrap">{}</span>', quote.number)

    @display(description=gettext_lazy("monthly price, excl. VAT"))
    def price(self, quote: Quote) -> str:
        return price_of(quote, quote.package)

    @display(description=gettext_lazy("orders per month"))
    def orders(self, quote: Quote) -> int:
        return int(quote.answer["orders_per_month"])

    @display(description=gettext_lazy("systems"))
    def systems(self, quote: Quote) -> str:
        shops = Counter(shop["name"] for shop in quote.answer["shops"])
        told = ", ".join(f"{name} × {n}" if n > 1 else name for name, n in shops.items())
        return f"{told} → {quote.answer['erp']['name']}"
