"""What the package holds, what the next one adds, and asking for it."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path

from sharespine.portal.access import Access, page, show


@page()
def package(request: HttpRequest, access: Access) -> HttpResponseBase:
    return show(request, access, "portal/home.html", {"area": "package"})


urls = [path("", package, name="package")]
