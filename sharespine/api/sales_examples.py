"""What the docs of the public endpoints show. A test sends each of them and looks whether the answer is of that shape."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

#: Of a quote that whoever runs the examples must make first.
NUMBER = "Q-7BXM4KD2RT"
SIGN_UP_ID = "hV3yq0cYw2mB8sJt5RkLx1Qa"
PRICE_LIST = {
    "day": "2026-11-21",
    "currency": "SEK",
    "vat_rate": "25",
    "editions": [
        {
            "edition": "cloud",
            "name": "Cloud",
            "features": [{"feature": "orders", "name": "Order information"}, {"feature": "stock", "name": "Stock"}],
            "packages": [
                {
                    "package": "200",
                    "name": "Paket 200",
                    "valid_from": "2025-01-01",
                    "on_request": False,
                    "monthly": {"without_vat": "495.00", "with_vat": "618.75"},
                    "installation": {"without_vat": "4200.00", "with_vat": "5250.00"},
                    "order_cap": 200,
                    "features": ["orders", "stock"],
                },
            ],
        },
    ],
    "add_ons": [
        {
            "kind": "shop",
            "name": "Extra shop",
            "needs": "multishop",
            "monthly": {"without_vat": "295.00", "with_vat": "368.75"},
        },
    ],
}
SYSTEM = {
    "key": "economic",
    "name": "Visma e-conomic",
    "role": "erp",
    "editions": ["cloud"],
    "modules": [{"module": "startup", "name": "StartUp or larger", "mandatory": True}],
    "documents": [{"kind": "order", "name": "Order"}, {"kind": "invoice", "name": "Invoice"}],
    "variant_dimensions": 0,
    "price_lists": {"supported": True, "reason": ""},
    "reads": ["status", "products", "prices", "price_lists", "stock"],
    "writes": ["orders", "products"],
    "webhooks": False,
    "reconciles": False,
}
REGISTERS = {
    "shop": {"key": "woocommerce", "name": "WooCommerce"},
    "erp": {"key": "economic", "name": "Visma e-conomic"},
    "registers": [
        {
            "register": "stock",
            "name": "Stock",
            "direction": "to_shop",
            "supported": True,
            "reasons": [],
            "fields": [
                {"field": "quantity", "name": "Quantity", "supported": True, "reasons": [], "note": ""},
                {
                    "field": "warehouses",
                    "name": "Several warehouses",
                    "supported": False,
                    "reasons": ["e-conomic does not tell stock per warehouse."],
                    "note": "",
                },
            ],
        }
    ],
}
PACKAGE = {"edition": "cloud", "package": "100", "name": "Paket 100"}
MAIN_FLOW = {
    "main_flow": "shop",
    "name": "#1 The shop leads",
    "packages": [PACKAGE],
    "registers": [
        {
            "register": "orders",
            "name": "Orders with customer",
            "direction": "to_erp",
            "way": "shop → ERP",
            "optional": False,
            "packages": [PACKAGE],
            "possible": True,
            "reasons": [],
        }
    ],
}
ASKED = {
    "shops": [{"system": "woocommerce"}],
    "erp": "economic",
    "orders_per_month": 150,
    "main_flow": "erp",
    "wishes": {"stock": True, "price_lists": True},
    "country": "SE",
}
QUOTE = {
    "number": NUMBER,
    "created_at": "2026-11-21T12:05:00Z",
    "valid_until": "2026-12-21",
    "edition": "cloud",
    "shops": [{"key": "woocommerce", "name": "WooCommerce"}],
    "erp": {"key": "economic", "name": "Visma e-conomic"},
    "main_flow": "erp",
    "main_flow_name": "#2 The ERP leads",
    "orders_per_month": 150,
    "needs": [{"feature": "orders", "name": "Order information"}, {"feature": "stock", "name": "Stock"}],
    "currency": "SEK",
    "vat": {"rate": "25", "note": ""},
    "recommended": "200",
    "add_ons": [],
    "packages": [
        {
            "package": "100",
            "name": "Paket 100",
            "on_request": False,
            "order_cap": 100,
            "features": ["orders", "customers", "products"],
            "covers": False,
            "lacks": [
                {"what": "stock", "text": "Stock is not part of Paket 100."},
                {"what": "orders", "text": "Paket 100 holds 100 orders a month, 150 are wanted."},
            ],
            "monthly": {
                "rows": [
                    {
                        "kind": "subscription",
                        "name": "",
                        "text": "Subscription Paket 100",
                        "without_vat": "295.00",
                        "with_vat": "368.75",
                    },
                ],
                "without_vat": "295.00",
                "with_vat": "368.75",
            },
            "once": {
                "rows": [
                    {
                        "kind": "installation",
                        "name": "",
                        "text": "Installation and start package, Paket 100",
                        "without_vat": "2200.00",
                        "with_vat": "2750.00",
                    },
                ],
                "without_vat": "2200.00",
                "with_vat": "2750.00",
            },
        },
    ],
    "modules": [
        {
            "system": "economic",
            "system_name": "Visma e-conomic",
            "module": "startup",
            "name": "StartUp or larger",
            "mandatory": True,
        },
    ],
    "impossible": [
        {
            "what": "price_lists",
            "name": "Price structures",
            "shop": "woocommerce",
            "shop_name": "WooCommerce",
            "reasons": ["WooCommerce has no price lists: regular and campaign price only."],
        },
    ],
    "warnings": [],
}
SIGNING_UP = {
    "quote": NUMBER,
    "package": "200",
    "company": "Ullbutiken i Skåne AB",
    "organisation_number": "556036-0793",
    "vat_number": "",
    "country": "SE",
    "contact": "Ulla Ull",
    "email": "ulla@ullbutiken.example",
    "phone": "0411-123 45",
    "language": "sv",
    "message": "We would like to begin after the summer.",
    "consent": True,
}
SIGNED_UP = {
    "id": SIGN_UP_ID,
    "state": "unconfirmed",
    "text": "Open the link in the e-mail that we have sent. Nothing happens before: the address must be right.",
    "quote": NUMBER,
    "package": "200",
    "created_at": "2026-11-21T12:09:30Z",
}
RECEIVED = {**SIGNED_UP, "state": "received", "text": "We have received the sign-up. Somebody of ours will be in touch."}


def _answer(name: str, value: Any, status: int = 200) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=[str(status)])


def _sent(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


def _asked(name: str, parameter: str, value: Any, where: str = "query") -> OpenApiExample:
    place: Any = (parameter, getattr(OpenApiParameter, where.upper()))
    return OpenApiExample(name, value=value, parameter_only=place)


EXAMPLES: dict[str, list[OpenApiExample]] = {
    "packages": [_asked("One edition", "edition", "cloud"), _answer("A price list", PRICE_LIST)],
    "contact": [
        _answer(
            "Sales and support",
            {
                "sales": {"name": "Sharespine Sales", "phone": "031-704 38 00", "email": "sales@sharespine.com"},
                "support": {"name": "Sharespine Helpdesk", "phone": "031-704 38 00", "email": "helpdesk@sharespine.com"},
            },
        )
    ],
    "systems": [_asked("ERPs", "role", "erp"), _answer("All ERPs", {"systems": [SYSTEM]})],
    "system": [_asked("An ERP", "key", "economic", "path"), _answer("An ERP", SYSTEM)],
    "registers": [
        _asked("A shop", "shop", "woocommerce", "path"),
        _asked("An ERP", "erp", "economic", "path"),
        _answer("A pair", REGISTERS),
    ],
    "main_flows": [
        _asked("A shop", "shop", "woocommerce"),
        _asked("An ERP", "erp", "economic"),
        _answer("Of a pair", {"shop": "woocommerce", "erp": "economic", "main_flows": [MAIN_FLOW]}),
    ],
    "quote_create": [_sent("A shop with its stock in the ERP", ASKED), _answer("A quote", QUOTE, 201)],
    "quote": [_asked("A quote", "number", NUMBER, "path"), _answer("A quote", QUOTE)],
    "sign_up_create": [
        _asked("A UUID", "Idempotency-Key", "0f8d3f5e-6a53-4f4e-9d0e-1f6b0a8c2b11", "header"),
        _sent("A company in Sweden", SIGNING_UP),
        _answer("Taken", SIGNED_UP, 201),
        _answer("Taken before", SIGNED_UP),
    ],
    "sign_up": [_asked("A sign-up", "sign_up", SIGN_UP_ID, "path"), _answer("Confirmed", RECEIVED)],
}
