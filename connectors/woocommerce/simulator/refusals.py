"""What the shop answers when it does not do what was asked, in the recorded shape."""

from __future__ import annotations

from typing import Any

from connectors.sandbox import Response


class Refusal(Exception):
    """An answer of 400 and above. `data` holds more than the status where the shop says more."""

    def __init__(self, status: int, code: str, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.data = {"status": status} if data is None else data

    def response(self) -> Response:
        return Response(self.status, {"code": self.code, "message": self.message, "data": self.data})


def no_route() -> Refusal:
    """Also for a method that a route does not have: there is no 405 (measured 2026-11-21)."""
    return Refusal(404, "rest_no_route", "No route was found matching the URL and request method.")


def invalid(name: str, message: str, code: str) -> Refusal:
    """A parameter that does not fit."""
    data = {"param": name} if code == "rest_invalid_type" else None
    return Refusal(
        400,
        "rest_invalid_param",
        f"Invalid parameter(s): {name}",
        {"status": 400, "params": {name: message}, "details": {name: {"code": code, "message": message, "data": data}}},
    )


def unknown_order(status: int = 404) -> Refusal:
    return Refusal(status, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
