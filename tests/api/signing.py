"""What tests of the sales site send: a quote, a form, and the link of an e-mail."""

from __future__ import annotations

import json
import re
from typing import Any

from django.test import Client

API = "/api/v1/"
KEY = "0f8d3f5e-6a53-4f4e-9d0e-1f6b0a8c2b11"


def quote(**changes: Any) -> dict[str, Any]:
    asked = {"shops": [{"system": "woocommerce"}], "erp": "economic", "orders_per_month": 80, **changes}
    answer = Client().post(
        f"{API}quotes/", json.dumps(asked), content_type="application/json", headers={"accept-language": "en"}
    )
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def form(number: str, **changes: Any) -> dict[str, Any]:
    return {
        "quote": number,
        "company": "Ullbutiken i Skåne AB",
        "organisation_number": "5560360793",
        "contact": "Ulla Ull",
        "email": "ulla@ull.example",
        "phone": "0411-123 45",
        "message": "Vi vill börja efter sommaren.",
        "consent": True,
        **changes,
    }


def send(body: dict[str, Any], *, key: str = KEY, language: str = "en") -> Any:
    headers = {"accept-language": language, **({"idempotency-key": key} if key else {})}
    return Client().post(f"{API}sign-ups/", json.dumps(body), content_type="application/json", headers=headers)


def link(message: Any) -> str:
    """The address in an e-mail, without scheme and host."""
    found = re.search(r"https?://[^/\s]+(/confirm/\S+/)", message.body)
    assert found
    return found[1]
