"""Refusals in every shape that has been seen, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest
import simplejson

from connectors.answers import Mask
from connectors.economic.pacing import pace
from connectors.economic.problems import explain
from connectors.errors import (
    BadCredentials,
    ConnectorError,
    ContractChanged,
    Forbidden,
    InvalidRecord,
    Missing,
    ModuleMissing,
    UnexpectedResponse,
)
from connectors.http import Answer


def answer(status: int, body: Any, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else simplejson.dumps(body).encode()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, sent, content, "POST", "https://x/orders/drafts", Mask(["hemlig"]))


def wrapped(errors: Any) -> dict[str, Any]:
    return {"message": "Validation failed. 1 error found.", "errorCode": "E04300", "httpStatusCode": 400, "errors": errors}


BARRED = {"propertyName": "product", "errorMessage": "Product 'A-1' is barred.", "errorCode": "E06600", "inputValue": "A-1"}
TERMS = {
    "propertyName": "paymentTerms",
    "errorMessage": "PaymentTerms '4711' not found.",
    "errorCode": "E07080",
    "inputValue": 4711,
}


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (
            400,
            wrapped({"lines": {"items": [{"arrayIndex": 8, "product": {"errors": [BARRED]}}]}}),
            InvalidRecord,
            "Article A-1 is barred",
        ),
        (400, wrapped({"paymentTerms": {"errors": [TERMS]}}), Missing, "paymentTerms 4711"),
        (400, wrapped({"currency": {"errors": [{"errorCode": "E1", "message": "old shape"}]}}), InvalidRecord, "old shape"),
        (400, wrapped([{"errorCode": "E04041", "errorMessage": "Perioden er spærret."}]), InvalidRecord, "Perioden er spærret"),
        (400, {"message": "x", "errors": ["Feltet er ugyldigt."]}, InvalidRecord, "Feltet er ugyldigt"),
        (400, {"message": "Something new", "errorCode": "E99999"}, InvalidRecord, "Something new"),
        (400, {"message": "Could not parse query string filter.", "errors": ["no"]}, InvalidRecord, "no"),
        (401, {"message": "AppSecretToken does not correspond to the token", "errorCode": "E02250"}, BadCredentials, "tokens"),
        (401, {"message": "hemlig"}, BadCredentials, "•••"),
        (403, {"message": "Not with the Inventory module."}, ModuleMissing, "invoices"),
        (403, {"message": "No."}, Forbidden, "SuperUser"),
        (404, {"message": "Resource not found.", "errorCode": "E06000"}, Missing, "Resource not found"),
        (405, {"message": "Method not allowed."}, ContractChanged, "staff"),
        (400, [], InvalidRecord, "did not accept"),
        (400, wrapped({"a": {"b": [1, None, {"c": 2}]}}), InvalidRecord, "Validation failed"),
    ],
)
def test_each_shape_becomes_the_right_error(status: int, body: Any, error: type[ConnectorError], words: str) -> None:
    found = explain(answer(status, body))
    assert type(found) is error
    assert words in str(found)
    assert "%(" not in str(found)
    assert not found.outcome_unknown


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_what_the_status_says_by_itself_is_left_to_it(status: int) -> None:
    assert explain(answer(status, b"anything")) is None


def test_a_page_from_something_else_is_not_explained() -> None:
    with pytest.raises(UnexpectedResponse):
        explain(answer(400, b"<html>"))


def test_all_complaints_are_told() -> None:
    other = {"errorCode": "E04730", "errorMessage": "Property quantity must have a value"}
    found = explain(answer(400, wrapped({"a": {"errors": [{"errorMessage": "first"}]}, "b": {"errors": [other]}})))
    assert "first Property quantity" in str(found)


@pytest.mark.parametrize(
    ("used", "seconds"), [("0/10000", 0), ("9000/10000", 0), ("9500/10000", 3), ("10000/10000", 6), ("nonsense", 0), ("1/0", 0)]
)
def test_the_pace_slows_down_when_nine_tenths_are_used(used: str, seconds: float) -> None:
    header = f"token-limit-10000-per-60-seconds: {used}"
    assert pace(answer(200, {}, X_RateLimiting=header)) == pytest.approx(seconds)
    assert pace(answer(200, {})) == 0
