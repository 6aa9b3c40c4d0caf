"""What the merchant's own systems are told."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path

from sharespine.portal.access import Access, page, show


@page()
def webhooks(request: HttpRequest, access: Access) -> HttpResponseBase:
    return show(request, access, "portal/home.html", {"area": "webhooks"})


urls = [path("", webhooks, name="webhooks")]
