"""Webhooks as they came in."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from flows.admin.filters import DaysFilter
from flows.models import Delivery
from sharespine.lib.admin import ChoicesDropdownFilter, HistoryAdmin, display
from sharespine.lib.display import TONES


@admin.register(Delivery)
class DeliveryAdmin(HistoryAdmin):
    list_display = ("received_at", "customer", "endpoint", "topic", "records", "state_label")
    list_filter = (("state", ChoicesDropdownFilter), ("received_at", DaysFilter))
    list_select_related = ("endpoint__customer",)
    sortable_by = ("received_at",)
    fields = ("endpoint", "received_at", "state", "topic", "source_ids")

    @display(description=_("customer"))
    def customer(self, delivery: Delivery) -> str:
        return str(delivery.endpoint.customer)

    @display(description=_("records"))
    def records(self, delivery: Delivery) -> str:
        return ", ".join(str(source_id) for source_id in delivery.source_ids)

    @display(description=_("state"), label=TONES, ordering="state")
    def state_label(self, delivery: Delivery) -> tuple[str, str]:
        return delivery.state, delivery.get_state_display()
