"""What anybody may ask: the public part of the REST API."""

from __future__ import annotations

from django.urls import path

from sharespine.api.catalogue import Contacts, Packages
from sharespine.api.main_flows import MainFlows
from sharespine.api.quotes import QuoteByNumber, Quotes
from sharespine.api.registers import Registers
from sharespine.api.sign_ups import SignUpById, SignUps
from sharespine.api.systems import System, Systems

urlpatterns = [
    path("packages/", Packages.as_view(), name="api-packages"),
    path("systems/", Systems.as_view(), name="api-systems"),
    path("systems/<slug:key>/", System.as_view(), name="api-system"),
    path("registers/<slug:shop>/<slug:erp>/", Registers.as_view(), name="api-registers"),
    path("main-flows/", MainFlows.as_view(), name="api-main-flows"),
    path("contact/", Contacts.as_view(), name="api-contact"),
    path("quotes/", Quotes.as_view(), name="api-quotes"),
    path("quotes/<slug:number>/", QuoteByNumber.as_view(), name="api-quote"),
    path("sign-ups/", SignUps.as_view(), name="api-sign-ups"),
    path("sign-ups/<slug:sign_up>/", SignUpById.as_view(), name="api-sign-up"),
]
