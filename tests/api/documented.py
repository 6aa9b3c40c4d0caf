"""What the docs show, made true: the order, the quote and all else that their examples name."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from billing import keys
from billing.models import Quote, Scope, SignUp
from sharespine.api import docs_examples, sales_examples
from tests.api.signing import form, quote, send
from tests.api.world import Merchant, merchant, used, worked


def schema() -> dict[str, Any]:
    """The schema as `/api/v1/schema/` shows it, made by itself: what was kept of another one tells nothing."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return dict(json.loads(json.dumps(made, default=str)))


def world() -> Merchant:
    """Everything that the examples name, of the customer whose key it is."""
    shop = merchant(pk=int(str(docs_examples.FEATURES["customer"])))
    shop.stopped("1042", pk=int(str(docs_examples.TRANSFER["id"])))
    for months in (0, 1):
        used(shop.customer, 164, months_ago=months)
    worked(shop.customer, reason="trusted")
    Quote.objects.filter(number=quote()["number"]).update(number=sales_examples.NUMBER)
    send(form(sales_examples.NUMBER, email="somebody@else.example"), key="another-key-0001")
    SignUp.objects.update(public_id=sales_examples.SIGN_UP_ID, state=SignUp.State.NEW)
    return shop


def clients(shop: Merchant) -> dict[str, Client]:
    """Who may ask, by the security scheme of an operation; empty: anybody."""
    staff = Client(headers={"accept-language": "en"})
    staff.force_login(User.objects.create_superuser("siv"))
    return {"key": shop.client(), "cookieAuth": staff, "": Client(headers={"accept-language": "en"})}


def key_of_sales() -> str:
    return keys.make(None, "Sales site", [Scope.SALES], None, "siv")[1]
