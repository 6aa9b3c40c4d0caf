"""The addresses of the REST API."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import IsAdminUser

from sharespine.api.features import CustomerFeatures

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(permission_classes=[IsAdminUser]), name="api-schema"),
    path("customers/<int:customer>/features/", CustomerFeatures.as_view(), name="api-customer-features"),
]
