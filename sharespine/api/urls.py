"""The addresses of the REST API."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView

urlpatterns = [
    path("v1/", include("sharespine.api.public_urls")),
    path("v1/", include("sharespine.api.merchant_urls")),
    path("v1/schema/", SpectacularJSONAPIView.as_view(), name="api-schema"),
]
