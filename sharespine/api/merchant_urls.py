"""What merchants' own systems ask, with a key of theirs; and what staff ask about a merchant."""

from __future__ import annotations

from django.urls import path, register_converter

from sharespine.api.features import CustomerFeatures, Features
from sharespine.api.hours import Entries, Hours
from sharespine.api.queries import IdConverter
from sharespine.api.transfers import TransferDetail, TransferRetry, Transfers
from sharespine.api.usage import UsageNow

register_converter(IdConverter, "id")

urlpatterns = [
    path("transfers/", Transfers.as_view(), name="api-transfers"),
    path("transfers/<id:transfer>/", TransferDetail.as_view(), name="api-transfer"),
    path("transfers/<id:transfer>/retry/", TransferRetry.as_view(), name="api-transfer-retry"),
    path("usage/", UsageNow.as_view(), name="api-usage"),
    path("features/", Features.as_view(), name="api-features"),
    path("hours/", Hours.as_view(), name="api-hours"),
    path("hours/entries/", Entries.as_view(), name="api-hours-entries"),
    path("customers/<id:customer>/features/", CustomerFeatures.as_view(), name="api-customer-features"),
]
