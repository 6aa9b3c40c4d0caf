"""Which error each recorded refusal is."""

from __future__ import annotations

from typing import Any

import pytest
import simplejson
from requests.structures import CaseInsensitiveDict

from connectors.answers import Answer
from connectors.errors import (
    AccessError,
    BadCredentials,
    Conflict,
    ConnectorError,
    ContractChanged,
    Forbidden,
    InvalidRecord,
    Missing,
    ServerFailed,
    UnexpectedResponse,
    Unsupported,
)
from connectors.woocommerce.problems import Unsortable, explain
from tests.connectors.woocommerce.conftest import recorded

# By the method that was used: the same answer means our mistake in a question, and the merchant's in a record.
READING: dict[str, type[ConnectorError]] = {
    "auth_oauth_nonce_reused": ServerFailed,
    "auth_oauth_old_timestamp": AccessError,
    "auth_oauth_future_timestamp": AccessError,
    "auth_oauth_bad_signature": BadCredentials,
    "auth_oauth_unknown_key": BadCredentials,
    "auth_oauth_missing_param": BadCredentials,
    "auth_oauth_bad_method": BadCredentials,
    "auth_basic_http": BadCredentials,
    "auth_query_keys_http": BadCredentials,
    "auth_none": BadCredentials,
    "auth_basic_unknown_key": BadCredentials,
    "auth_basic_wrong_secret": BadCredentials,
    "auth_writeonly_key_get": Forbidden,
    "auth_wp_users_with_wc_key": Forbidden,
    "per_page_101": ContractChanged,
    "per_page_0": ContractChanged,
    "per_page_-1": ContractChanged,
    "per_page_abc": ContractChanged,
    "page_0": ContractChanged,
    "status_wc_prefix": ContractChanged,
    "status_bad": ContractChanged,
    "orderby_total": Unsortable,
    "modified_after_bad": ContractChanged,
    "modified_after_dateonly": ContractChanged,
    "order_404": Missing,
    "order_id_is_product": Missing,
    "order_id_is_refund": Missing,
    "order_id_nonnumeric": UnexpectedResponse,
    "order_get_deleted": Missing,
    "no_route": UnexpectedResponse,
    "shipment_tracking": UnexpectedResponse,
    "v1_shipment_tracking": UnexpectedResponse,
    "products_type_variation": ContractChanged,
    "products_variations_path": UnexpectedResponse,
    "variation_wrong_parent": Missing,
    "product_404": Missing,
    "product_is_order": Missing,
}
WRITING: dict[str, type[ConnectorError]] = {
    "auth_readonly_key_put": Forbidden,
    "note_missing": InvalidRecord,
    "note_404": Missing,
    "status_bad_put": InvalidRecord,
    "status_wc_prefix_put": InvalidRecord,
    "order_put_404": Missing,
    "line_bad_id": InvalidRecord,
    "order_delete_again": Missing,
    "create_no_product": InvalidRecord,
    "create_bad_coupon": InvalidRecord,
    "create_bad_customer": InvalidRecord,
    "create_bad_email": InvalidRecord,
    "create_bad_json": InvalidRecord,
    "create_wrong_types": InvalidRecord,
    "method_not_allowed": UnexpectedResponse,
    # Refused with 500: asking again never helps.
    "refund_too_large": InvalidRecord,
    "refund_zero": InvalidRecord,
    "refund_negative": InvalidRecord,
    "refund_float_amount": InvalidRecord,
    "refund_api_true_bacs": InvalidRecord,
    "product_put_404": Missing,
    "stock_string_bad": InvalidRecord,
    "stock_float": InvalidRecord,
    "stock_variation_via_products": Missing,
    "sku_dup_create": Conflict,
    "sku_dup_update": Conflict,
    "sku_dup_variation": Conflict,
    "gtin_dup": Conflict,
    "price_number": InvalidRecord,
    "batch_101": InvalidRecord,
    "batch_51_50": InvalidRecord,
}


def answer(status: int, body: Any, *, method: str = "GET") -> Answer:
    content = body.encode() if isinstance(body, str) else simplejson.dumps(body, use_decimal=True).encode()
    return Answer(status, CaseInsensitiveDict(), content, method, "https://shop.example/wp-json/wc/v3/orders")


def test_every_recorded_refusal_is_classified() -> None:
    assert set(recorded("errors")) == READING.keys() | WRITING.keys()


@pytest.mark.parametrize("name", [*READING, *WRITING])
def test_a_recorded_refusal_becomes_the_right_error(name: str) -> None:
    recording = recorded("errors")[name]
    method = "GET" if name in READING else "PUT"
    error = explain(answer(recording["status"], recording["body"], method=method))
    assert type(error) is {**READING, **WRITING}[name]
    assert "&quot;" not in str(error)


def test_an_invalid_parameter_is_named_with_the_shops_own_words() -> None:
    body = recorded("errors")["create_bad_email"]["body"]
    assert "billing Invalid email address." in str(explain(answer(400, body, method="POST")))


def test_the_same_refusal_in_swedish_is_taken_for_wrong_keys() -> None:
    body = {"code": "woocommerce_rest_authentication_error", "message": "Konsumentnyckeln är ogiltig.", "data": {"status": 401}}
    error = explain(answer(401, body))
    assert type(error) is BadCredentials
    assert "Konsumentnyckeln är ogiltig." in str(error)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, "<html>Just a moment...</html>", Forbidden),
        (401, "<html>Staging</html>", Forbidden),
        (404, "<html>Not found</html>", UnexpectedResponse),
        (503, "<html>Briefly unavailable for scheduled maintenance.</html>", type(None)),
        (429, "<html>Too many</html>", type(None)),
        (500, {"code": "internal_server_error", "message": "<p>Critical error</p>", "data": {"status": 500}}, type(None)),
        (500, ["not", "an", "error"], type(None)),
        (409, {"code": "something_new", "message": ""}, type(None)),
        (403, {"code": "woocommerce_rest_cannot_view", "message": "Sorry"}, Forbidden),
        (401, {"code": "rest_login_required", "message": "REST API restricted"}, Forbidden),
        (501, {"code": "woocommerce_rest_trash_not_supported", "message": "No"}, Unsupported),
    ],
)
def test_what_others_answer_in_the_shops_place(status: int, body: Any, error: type) -> None:
    assert type(explain(answer(status, body))) is error
