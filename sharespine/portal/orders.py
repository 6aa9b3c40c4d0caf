"""The transfer log: where every order is, in plain words."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path

from sharespine.portal.access import Access, page, show


@page()
def orders(request: HttpRequest, access: Access) -> HttpResponseBase:
    return show(request, access, "portal/home.html", {"area": "orders"})


@page()
def order(request: HttpRequest, access: Access, order: int) -> HttpResponseBase:
    return show(request, access, "portal/home.html", {"area": "orders"})


urls = [path("", orders, name="orders"), path("<int:order>/", order, name="order")]
