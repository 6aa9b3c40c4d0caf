"""Hours registered where the work is done: on the page of a customer, of an order, or of the account itself.

`billing` knows nothing of connections and transfers, so what the work was for is asked and linked here.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import translation
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.admin import EntryAdmin, ServiceAccountAdmin
from billing.admin.hours import Entering, described, registering, selling
from billing.admin.work import PackDialog, WorkDialog
from billing.hours import NOTHING, About
from billing.models import Customer, Entry, ServiceAccount
from flows.models import Connection, Transfer
from sharespine.lib.admin import ActionVariant, Select

admin.site.unregister([ServiceAccount, Entry])


class ConnectionWorkDialog(WorkDialog):
    """Work for one of the customer's connections, or for none of them."""

    connection = forms.ModelChoiceField(
        label=gettext_lazy("For which connection"), queryset=Connection.objects.none(), required=False, widget=Select
    )
    field_order = ("category", "quick", "minutes", "text", "connection", "reason", "day")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        theirs = Connection.objects.filter(customer=self.customer).order_by("pk")
        self.fields["connection"].queryset = theirs
        found = list(theirs[:2])
        self.fields["connection"].initial = found[0] if len(found) == 1 else None
        self.order_fields(self.field_order)

    def about(self) -> About:
        connection = self.cleaned_data["connection"]
        return About(connection.pk, None, connection.name) if connection else NOTHING


class CustomerWorkDialog(ConnectionWorkDialog):
    """Opened on the page of a customer."""

    @cached_property
    def customer(self) -> Customer:
        return get_object_or_404(Customer, pk=self.object_id)


class CustomerPackDialog(PackDialog):
    """Opened on the page of a customer, who may have no account yet."""

    @cached_property
    def customer(self) -> Customer:
        return get_object_or_404(Customer, pk=self.object_id)


class TransferWorkDialog(WorkDialog):
    """Opened on the page of an order, which the text names to begin with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        with translation.override(self.customer.language):
            self.fields["text"].initial = _("Order %(number)s") % {"number": self.transfer}

    @cached_property
    def transfer(self) -> Transfer:
        found = Transfer.objects.select_related("customer", "flow__connection").defer("payload")
        return get_object_or_404(found, pk=self.object_id)

    @cached_property
    def customer(self) -> Customer:
        return self.transfer.customer

    def about(self) -> About:
        connection = self.transfer.flow.connection
        return About(connection.pk, self.transfer.pk, f"{self.transfer}, {connection.name}")


class CustomerHours(Entering):
    """The verbs of hours on the page of a customer."""

    register_hours = registering(CustomerWorkDialog)
    sell_pack = selling(CustomerPackDialog)


def spent_on(transfer: Transfer) -> list[Entry]:
    """The entries that were for an order, oldest first: found among those of its customer, which an index holds together."""
    of_customer = Entry.objects.filter(account__customer=transfer.customer_id, transfer_id=transfer.pk)
    return described(list(of_customer.select_related("category").order_by("pk")), lambda entry: "")


class LinkedEntries:
    """Links from entries to the order or the connection that they were for."""

    def address_of(self, request: HttpRequest, entry: Entry) -> str:
        if entry.transfer_id and request.user.has_perm("flows.view_transfer"):
            return reverse("admin:flows_transfer_change", args=[entry.transfer_id])
        if entry.connection_id and request.user.has_perm("flows.view_connection"):
            return reverse("admin:flows_connection_change", args=[entry.connection_id])
        return ""


@admin.register(ServiceAccount)
class LinkedServiceAccountAdmin(LinkedEntries, ServiceAccountAdmin):
    register_hours = registering(ConnectionWorkDialog, ActionVariant.PRIMARY)


@admin.register(Entry)
class LinkedEntryAdmin(LinkedEntries, EntryAdmin):
    pass
