"""What is exported, and under which headings."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from import_export import fields, resources

from flows.models import InitialArticle, Item, Transfer
from sharespine.lib.said import said


class TransferResource(resources.ModelResource):
    """Transfers for a spreadsheet: amounts as numbers with VAT, times on the wall clock of this installation."""

    customer = fields.Field(attribute="customer__name")
    flow = fields.Field(attribute="flow")
    state = fields.Field(attribute="get_state_display")
    acts = fields.Field(attribute="get_acts_display")
    message = fields.Field()

    class Meta:
        model = Transfer
        fields = (
            "number",
            "customer",
            "flow",
            "state",
            "message",
            "acts",
            "buyer",
            "total",
            "currency",
            "target_kind",
            "target_id",
            "reference",
            "placed_at",
            "sent_at",
        )
        export_order = fields

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        headings = {
            "number": _("Order number"),
            "customer": _("Customer"),
            "flow": _("Flow"),
            "state": _("State"),
            "message": _("What happened"),
            "acts": _("Who acts"),
            "buyer": _("Buyer"),
            "total": _("Total incl. VAT"),
            "currency": _("Currency"),
            "target_kind": _("Document"),
            "target_id": _("Number in the ERP"),
            "reference": _("Our reference"),
            "placed_at": _("Placed"),
            "sent_at": _("Sent"),
        }
        for name, heading in headings.items():
            self.fields[name].column_name = heading

    def dehydrate_message(self, transfer: Transfer) -> str:
        return said(transfer.message)

    def dehydrate_placed_at(self, transfer: Transfer) -> str:
        return _wall_clock(transfer.placed_at)

    def dehydrate_sent_at(self, transfer: Transfer) -> str:
        return _wall_clock(transfer.sent_at)

    def get_queryset(self) -> Any:
        return super().get_queryset().defer("payload")

    def filter_export(self, queryset: Any, **kwargs: Any) -> Any:
        return queryset.select_related("customer", "flow__shop", "flow__connection__erp").defer("payload")


class InitialArticleResource(resources.ModelResource):
    """What became of each article in an initial sync, for a spreadsheet."""

    outcome = fields.Field(attribute="get_outcome_display")
    message = fields.Field()

    class Meta:
        model = InitialArticle
        fields = ("number", "name", "outcome", "message", "source_id")
        export_order = fields

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        headings = {
            "number": _("Article number"),
            "name": _("Name"),
            "outcome": _("Outcome"),
            "message": _("What happened"),
            "source_id": _("Id in the source"),
        }
        for name, heading in headings.items():
            self.fields[name].column_name = heading

    def dehydrate_message(self, article: InitialArticle) -> str:
        return said(article.message)


class ItemResource(resources.ModelResource):
    """Articles and statuses of orders for a spreadsheet, times on the wall clock of this installation."""

    customer = fields.Field(attribute="flow__connection__customer__name")
    register = fields.Field(attribute="flow__get_register_display")
    flow = fields.Field(attribute="flow")
    state = fields.Field(attribute="get_state_display")
    acts = fields.Field(attribute="get_acts_display")
    message = fields.Field()

    class Meta:
        model = Item
        fields = (
            "number",
            "name",
            "customer",
            "register",
            "flow",
            "state",
            "message",
            "acts",
            "written",
            "written_at",
            "source_id",
            "target_id",
            "seen_at",
        )
        export_order = fields

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        headings = {
            "number": _("Article or order"),
            "name": _("Name"),
            "customer": _("Customer"),
            "register": _("Register"),
            "flow": _("Flow"),
            "state": _("State"),
            "message": _("What happened"),
            "acts": _("Who acts"),
            "written": _("Last written"),
            "written_at": _("Written"),
            "source_id": _("Id in the source"),
            "target_id": _("Id in the target"),
            "seen_at": _("Last seen in the source"),
        }
        for name, heading in headings.items():
            self.fields[name].column_name = heading

    def dehydrate_message(self, item: Item) -> str:
        return said(item.message)

    def dehydrate_written_at(self, item: Item) -> str:
        return _wall_clock(item.written_at)

    def dehydrate_seen_at(self, item: Item) -> str:
        return _wall_clock(item.seen_at)

    def get_queryset(self) -> Any:
        return super().get_queryset().defer("payload")

    def filter_export(self, queryset: Any, **kwargs: Any) -> Any:
        return queryset.select_related("flow__shop", "flow__connection__erp", "flow__connection__customer").defer("payload")


def _wall_clock(moment: Any) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M") if moment else ""
