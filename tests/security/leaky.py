"""Addresses of a bad installation: what each does wrong must be noticed."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, re_path

from flows.models import Transfer, Webhook
from sharespine.portal.access import Access, page
from sharespine.urls import urlpatterns as good


@page()
def by_id_alone(request: HttpRequest, access: Access, order: int) -> HttpResponse:
    return HttpResponse(get_object_or_404(Transfer, pk=order).buyer)


@page()
def changes(request: HttpRequest, access: Access) -> HttpResponse:
    Webhook.objects.filter(pk=request.POST.get("webhook", 0)).update(failures=1)
    raise Http404


@page()
def tells(request: HttpRequest, access: Access, order: int) -> HttpResponse:
    get_object_or_404(Transfer, customer=access.customer, pk=order) if Transfer.objects.filter(pk=order).exists() else None
    return HttpResponse(status=403)


@page()
def fails(request: HttpRequest, access: Access, order: int) -> HttpResponse:
    raise KeyError(order)


@page()
def searches(request: HttpRequest, access: Access) -> HttpResponse:
    found = Transfer.objects.filter(buyer=request.GET.get("q", ""))
    return JsonResponse({"found": [one.target_id for one in found]})


def ungated(request: HttpRequest, customer: int) -> HttpResponse:
    return redirect("/nowhere/")


def unknown(request: HttpRequest, **_given: Any) -> HttpResponse:
    return HttpResponse()


urlpatterns = [
    path("portal/<int:customer>/by-id-alone/<int:order>/", by_id_alone),
    path("portal/<int:customer>/changes/", changes),
    path("portal/<int:customer>/tells/<int:order>/", tells),
    path("portal/<int:customer>/fails/<int:order>/", fails),
    path("portal/<int:customer>/searches/", searches),
    path("portal/<int:customer>/ungated/", ungated),
    path("portal/unknown/<slug:something>/", unknown),
    re_path(r"^portal/unknown-too/(?P<something>\d+)/$", unknown),
    re_path(r"^portal/unclear/\d/$", unknown),
    *good,
]
