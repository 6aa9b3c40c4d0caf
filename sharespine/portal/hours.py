"""The service account: the balance and its entries."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path

from sharespine.portal.access import Access, page, show


@page()
def hours(request: HttpRequest, access: Access) -> HttpResponseBase:
    return show(request, access, "portal/home.html", {"area": "hours"})


urls = [path("", hours, name="hours")]
