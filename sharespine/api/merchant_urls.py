"""What merchants' own systems ask, with a key of theirs; and what staff ask about a merchant."""

from __future__ import annotations

from django.urls import path

from sharespine.api.features import CustomerFeatures

urlpatterns = [
    path("customers/<int:customer>/features/", CustomerFeatures.as_view(), name="api-customer-features"),
]
