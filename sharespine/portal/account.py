"""A user's own log-in: name, password, second factor."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path


def account(request: HttpRequest) -> HttpResponseBase:
    return redirect("portal:home")


urls = [path("account/", account, name="account")]
