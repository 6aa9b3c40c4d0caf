"""What anybody may ask: the public part of the REST API."""

from __future__ import annotations

from django.urls import path

from sharespine.api.registers import Registers

urlpatterns = [
    path("registers/<slug:shop>/<slug:erp>/", Registers.as_view(), name="api-registers"),
]
