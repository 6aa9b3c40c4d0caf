"""Who pays for what: customers, packages, subscriptions, orders of a month, hours, and what is to be invoiced."""

from billing.models.access import ApiKey, Invitation, Membership, Role, Scope
from billing.models.customer import Contact, Customer
from billing.models.hours import Entry, ServiceAccount, WorkCategory
from billing.models.invoices import InvoiceBasis, InvoiceRow
from billing.models.packages import (
    CLIENT_ONLY,
    NEEDED,
    AddOnKind,
    AddOnPrice,
    Edition,
    Feature,
    HourPack,
    Offer,
    Package,
)
from billing.models.sales import PackageRequest, Quote, SignUp
from billing.models.subscriptions import AddOn, Grant, Pause, Subscription, Term
from billing.models.usage import Notice, OrderMonth, OrderUse

__all__ = [
    "CLIENT_ONLY",
    "NEEDED",
    "AddOn",
    "AddOnKind",
    "AddOnPrice",
    "ApiKey",
    "Contact",
    "Customer",
    "Edition",
    "Entry",
    "Feature",
    "Grant",
    "HourPack",
    "Invitation",
    "InvoiceBasis",
    "InvoiceRow",
    "Membership",
    "Notice",
    "Offer",
    "OrderMonth",
    "OrderUse",
    "Package",
    "PackageRequest",
    "Pause",
    "Quote",
    "Role",
    "Scope",
    "ServiceAccount",
    "SignUp",
    "Subscription",
    "Term",
    "WorkCategory",
]
