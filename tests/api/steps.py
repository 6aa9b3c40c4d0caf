"""What `test_sign_ups` has several processes do at the same moment (`tests.faults.steps` finds it by its dotted name)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import mail
from django.utils import timezone

from billing import requests, sign_ups
from billing.models import Customer, Package, PackageRequest, SignUp, Subscription
from billing.refusals import Refused
from tests.api.signing import form, link, quote, send
from tests.faults.remote.steps import _together


def one_sign_up(given: dict[str, Any]) -> dict[str, object]:
    """All send the same, all confirm it, all start it, and all ask for another package. How often each was done."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.ALLOWED_HOSTS = ["testserver"]
    number = quote()["number"]

    def sign() -> list[int]:
        mail.outbox = []
        status = send(form(number)).status_code
        return [int(status), len([link(message) for message in mail.outbox])]

    def confirm() -> list[int]:
        return [int(sign_ups.confirm(SignUp.objects.get(), page="", now=timezone.now()))]

    def start() -> list[int]:
        try:
            sign_ups.start(SignUp.objects.get(), begins_on=timezone.now().date(), actor="siv")
        except Refused:
            return [0]
        return [1]

    def ask() -> list[int]:
        try:
            requests.ask(Customer.objects.get(), Package.objects.get(code="800"), "", "ulla")
        except Refused:
            return [0]
        return [1]

    signed = _together(given["workers"], sign)
    return {
        "statuses": sorted(answer[0] for answer in signed),
        "mails": sum(answer[1] for answer in signed),
        "sign_ups": SignUp.objects.count(),
        "confirmed": sum(answer[0] for answer in _together(given["workers"], confirm)),
        "customers": Customer.objects.count(),
        "started": sum(answer[0] for answer in _together(given["workers"], start)),
        "subscriptions": Subscription.objects.count(),
        "asked": sum(answer[0] for answer in _together(given["workers"], ask)),
        "requests": PackageRequest.objects.count(),
    }
