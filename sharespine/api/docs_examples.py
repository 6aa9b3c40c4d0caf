"""What the docs of the merchants' endpoints show. A test sends each of them and looks whether the answer is of that shape."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

TRANSFER = {
    "id": "4711",
    "kind": "order",
    "number": "1042",
    "source_id": "1042",
    "reference": "HKTWQ-1042",
    "flow": {"id": "12", "name": "Ullbutiken → e-conomic"},
    "shop": "Ullbutiken",
    "erp": "e-conomic",
    "state": "stopped",
    "state_text": "stopped",
    "changed_after": False,
    "acts": "merchant",
    "acts_text": "the merchant",
    "message": "The article “T-shirt, red” has no article number in the shop. Give it one there, and then try again.",
    "error_code": "MissingArticleNumber",
    "can_retry": True,
    "currency": "SEK",
    "total": "149.00",
    "erp_total": None,
    "erp_number": "",
    "erp_state": "",
    "placed_at": "2026-11-02T09:30:00Z",
    "sent_at": None,
    "next_try_at": None,
    "first_seen_at": "2026-11-02T09:31:12Z",
    "changed_at": "2026-11-02T09:31:15Z",
}
FETCHED = {"at": "2026-11-02T09:31:12Z", "kind": "captured", "kind_text": "fetched", "text": "Fetched from the shop."}
STOPPED = {"at": "2026-11-02T09:31:15Z", "kind": "stopped", "kind_text": "stopped", "text": TRANSFER["message"]}
RETRIED = {"at": "2026-11-02T10:02:40Z", "kind": "staff", "kind_text": "by hand", "text": "Retried by API: Warehouse screen."}
#: What the package allows, of one customer.
FEATURES = {
    "customer": "17",
    "day": "2026-11-29",
    "package": "Paket 200",
    "edition": "cloud",
    "features": [
        {"feature": "orders", "name": "Order information", "allowed": True, "granted": False, "reason": "", "package": ""},
        {
            "feature": "multishop",
            "name": "Multishop",
            "allowed": False,
            "granted": False,
            "reason": "Multishop is not part of Paket 200. Paket 400 has it.",
            "package": "Paket 400",
        },
    ],
}
ENTRY = {
    "id": "318",
    "day": "2026-11-20",
    "kind": "work",
    "kind_text": "work",
    "category": "Support",
    "text": "Looked into orders that stopped",
    "reason": "",
    "about": "1042",
    "by": "siv",
    "minutes": 30,
    "change": -30,
    "balance": 270,
}
SERVER = "https://app.sharespine.example/api/v1"


def _answer(name: str, value: Any, status: int = 200) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=[str(status)])


def _asked(name: str, parameter: str, value: Any, where: str = "query") -> OpenApiExample:
    place: Any = (parameter, getattr(OpenApiParameter, where.upper()))
    return OpenApiExample(name, value=value, parameter_only=place)


EXAMPLES: dict[str, list[OpenApiExample]] = {
    "transfers_list": [
        _asked("What needs somebody", "state", "stopped"),
        _asked("By order number", "search", "1042"),
        _asked("From a day on", "placed_from", "2026-11-01"),
        _asked("Changed since", "changed_since", "2026-11-02T09:00:00Z"),
        _answer(
            "A page",
            {"next": f"{SERVER}/transfers/?limit=1&cursor=o3mv", "previous": None, "results": [TRANSFER]},
        ),
    ],
    "transfers_get": [
        _asked("An order", "transfer", "4711", "path"),
        _answer("Stopped", {**TRANSFER, "timeline": [FETCHED, STOPPED]}),
    ],
    "transfers_retry": [
        _asked("An order", "transfer", "4711", "path"),
        _answer(
            "Tried again",
            {
                **TRANSFER,
                "state": "waiting",
                "state_text": "waiting",
                "acts": "nobody",
                "acts_text": "nobody",
                "message": "",
                "error_code": "",
                "can_retry": False,
                "changed_at": "2026-11-02T10:02:40Z",
                "timeline": [FETCHED, STOPPED, RETRIED],
            },
        ),
    ],
    "usage_get": [
        _answer(
            "Nearly used up",
            {
                "month": "2026-11",
                "used": 171,
                "cap": 200,
                "left": 29,
                "percent": 85,
                "forecast": 180,
                "level": "near",
                "room_again_at": "2026-11-30T23:00:00Z",
                "history": [{"month": "2026-10", "used": 164, "cap": 200}],
            },
        )
    ],
    "features_list": [_answer("Paket 200", FEATURES)],
    "customer_features": [_asked("A customer", "customer", "17", "path"), _answer("Paket 200", FEATURES)],
    "hours_get": [_answer("Four and a half hours", {"balance": 270})],
    "hours_entries_list": [
        _answer(
            "A page",
            {"next": f"{SERVER}/hours/entries/?limit=1&cursor=o8u", "previous": None, "results": [ENTRY]},
        )
    ],
}
