"""The addresses of the REST API."""

from __future__ import annotations

from django.urls import include, path, re_path

from sharespine.api.docs_pages import DocsPage, Problems, SchemaView
from sharespine.api.views import Nothing

urlpatterns = [
    path("v1/", include("sharespine.api.public_urls")),
    path("v1/", include("sharespine.api.merchant_urls")),
    path("v1/problems/", Problems.as_view(), name="api-problems"),
    path("v1/schema/", SchemaView.as_view(), name="api-schema"),
    path("v1/docs/", DocsPage.as_view(), name="api-docs"),
    # Last: whatever else is asked for.
    re_path("", Nothing.as_view()),
]
