"""Articles, prices, stock and order statuses, one by one."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path

from sharespine.portal.access import Access, page, show


@page()
def items(request: HttpRequest, access: Access) -> HttpResponseBase:
    return show(request, access, "portal/home.html", {"area": "items"})


urls = [path("", items, name="items")]
