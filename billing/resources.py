"""What is exported of the invoice bases of a month, and under which headings. Amounts are kronor."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from import_export import fields, resources, widgets

from billing.models import InvoiceBasis, InvoiceRow


class MonthResource(resources.ModelResource):
    """One row for each basis: what a customer is to pay for a month."""

    month = fields.Field()
    customer_number = fields.Field(attribute="customer_id")
    customer = fields.Field(attribute="customer__name")
    organisation_number = fields.Field(attribute="customer__organisation_number")
    vat_number = fields.Field(attribute="customer__vat_number")
    country = fields.Field(attribute="customer__country")
    email = fields.Field(attribute="customer__email")

    class Meta:
        model = InvoiceBasis
        fields = (
            "month", "customer_number", "customer", "organisation_number", "vat_number", "country", "email",
            "net", "vat_rate", "vat", "total", "vat_note",
        )  # fmt: skip
        export_order = fields

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _name(self)

    def dehydrate_month(self, basis: InvoiceBasis) -> str:
        return f"{basis.month:%Y-%m}"


class RowResource(resources.ModelResource):
    """One row for each row of the bases, its text in the customer's language."""

    month = fields.Field()
    customer_number = fields.Field(attribute="basis__customer_id")
    customer = fields.Field(attribute="basis__customer__name")
    organisation_number = fields.Field(attribute="basis__customer__organisation_number")
    vat_number = fields.Field(attribute="basis__customer__vat_number")
    country = fields.Field(attribute="basis__customer__country")
    kind = fields.Field(attribute="get_kind_display")
    for_month = fields.Field()
    vat_rate = fields.Field(attribute="basis__vat_rate", widget=widgets.DecimalWidget())
    vat_note = fields.Field(attribute="basis__vat_note")

    class Meta:
        model = InvoiceRow
        fields = (
            "month", "customer_number", "customer", "organisation_number", "vat_number", "country", "kind", "text",
            "for_month", "first_day", "last_day", "days", "unit_price", "amount", "vat_rate", "vat_note",
        )  # fmt: skip
        export_order = fields

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _name(self)

    def dehydrate_month(self, row: InvoiceRow) -> str:
        return f"{row.basis.month:%Y-%m}"

    def dehydrate_for_month(self, row: InvoiceRow) -> str:
        return f"{row.month:%Y-%m}"


def _name(resource: resources.ModelResource) -> None:
    """Give the fields their headings in the active language."""
    headings = {
        "month": _("Month"),
        "customer_number": _("Customer number"),
        "customer": _("Customer"),
        "organisation_number": _("Organisation number"),
        "vat_number": _("VAT number"),
        "country": _("Country"),
        "email": _("E-mail"),
        "kind": _("Kind"),
        "text": _("Text"),
        "for_month": _("For the month"),
        "first_day": _("From"),
        "last_day": _("Until"),
        "days": _("Days"),
        "unit_price": _("Price excl. VAT"),
        "amount": _("Amount excl. VAT"),
        "net": _("Excl. VAT"),
        "vat_rate": _("VAT in per cent"),
        "vat": _("VAT"),
        "total": _("Incl. VAT"),
        "vat_note": _("Note on VAT"),
    }
    for name, field in resource.fields.items():
        field.column_name = headings[name]
