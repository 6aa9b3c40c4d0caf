"""The admin pages of billing."""

from billing.admin.customers import CustomerAdmin
from billing.admin.hours import EntryAdmin, ServiceAccountAdmin, WorkCategoryAdmin
from billing.admin.invoices import InvoiceBasisAdmin
from billing.admin.keys import ApiKeyAdmin
from billing.admin.packages import AddOnPriceAdmin, HourPackAdmin, PackageAdmin
from billing.admin.quotes import QuoteAdmin
from billing.admin.requests import PackageRequestAdmin
from billing.admin.sign_ups import SignUpAdmin
from billing.admin.subscriptions import AddOnAdmin, GrantAdmin, SubscriptionAdmin

__all__ = [
    "AddOnAdmin",
    "AddOnPriceAdmin",
    "ApiKeyAdmin",
    "CustomerAdmin",
    "EntryAdmin",
    "GrantAdmin",
    "HourPackAdmin",
    "InvoiceBasisAdmin",
    "PackageAdmin",
    "PackageRequestAdmin",
    "QuoteAdmin",
    "ServiceAccountAdmin",
    "SignUpAdmin",
    "SubscriptionAdmin",
    "WorkCategoryAdmin",
]
