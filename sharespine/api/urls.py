"""The addresses of the REST API."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import IsAdminUser

from sharespine.api.features import CustomerFeatures
from sharespine.api.registers import Registers

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(permission_classes=[IsAdminUser]), name="api-schema"),
    path("customers/<int:customer>/features/", CustomerFeatures.as_view(), name="api-customer-features"),
    path("registers/<slug:shop>/<slug:erp>/", Registers.as_view(), name="api-registers"),
]
