"""The simulator against what others have recorded of the real server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import simplejson

from connectors.economic.sandbox import AGREEMENT_GRANT_TOKEN, APP_SECRET_TOKEN, Simulator
from connectors.sandbox import Request, Response

TOKENS = {"X-AppSecretToken": APP_SECRET_TOKEN, "X-AgreementGrantToken": AGREEMENT_GRANT_TOKEN}


def call(simulator: Simulator, method: str, target: str, body: Any = None, **headers: str) -> Response:
    sent = {**TOKENS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    content = b"" if body is None else simplejson.dumps(body, use_decimal=True).encode()
    return simulator.answer(Request.parse(method, target, sent, content))


def document(*lines: dict[str, Any], **overrides: Any) -> dict[str, Any]:
    return {
        "date": "2026-11-02",
        "currency": "SEK",
        "paymentTerms": {"paymentTermsNumber": 1},
        "layout": {"layoutNumber": 20},
        "customer": {"customerNumber": 8},
        "recipient": {"name": "Kund 8", "vatZone": {"vatZoneNumber": 1}},
        "lines": list(lines),
        **overrides,
    }


def line(**overrides: Any) -> dict[str, Any]:
    return {
        "lineNumber": 1,
        "description": "Vara",
        "product": {"productNumber": "15"},
        "quantity": 1,
        "unitNetPrice": 100,
        **overrides,
    }


@pytest.fixture
def simulator() -> Simulator:
    simulator = Simulator()
    simulator.add_customer("Kund 8", number=8, email="a@x.se b@x.se")
    simulator.add_product("15", "Vara", group=1)
    return simulator


def found(simulator: Simulator, name: str, where: str) -> list[Any]:
    response = call(simulator, "GET", f"/{name}?filter={quote(where)}")
    assert response.status == 200, response.body
    return list(response.body["collection"])


def test_wrong_tokens_are_refused_with_json(simulator: Simulator) -> None:
    response = call(simulator, "GET", "/self", X_AgreementGrantToken="wrong")
    assert (response.status, response.body["errorCode"]) == (401, "E02250")


def test_the_demo_tokens_may_read_and_nothing_else(simulator: Simulator) -> None:
    demo = {"X_AppSecretToken": "demo", "X_AgreementGrantToken": "demo"}
    assert call(simulator, "GET", "/self", **demo).status == 200
    assert call(simulator, "POST", "/customers", {}, **demo).status == 403


def test_pages_have_the_recorded_keys_and_end_without_a_next_one(simulator: Simulator) -> None:
    for number in range(100, 140):
        simulator.add_customer(f"K{number}", number=number)
    first = call(simulator, "GET", "/customers?pagesize=25").body
    assert set(first) == {"collection", "pagination", "metaData", "self"}
    assert first["pagination"]["nextPage"].endswith("/customers?skippages=1&pagesize=25")
    assert "previousPage" not in first["pagination"]
    last = call(simulator, "GET", "/customers?pagesize=25&skippages=1").body
    assert len(first["collection"]) + len(last["collection"]) == last["pagination"]["results"] == 41
    assert "nextPage" not in last["pagination"]
    assert "previousPage" in last["pagination"]
    past = call(simulator, "GET", "/customers?pagesize=25&skippages=9").body
    assert (past["collection"], past["pagination"]["results"]) == ([], 41)
    assert len(call(simulator, "GET", "/customers").body["collection"]) == 20


def test_a_page_of_more_than_a_thousand_is_refused(simulator: Simulator) -> None:
    response = call(simulator, "GET", "/customers?pagesize=1001")
    assert (response.status, response.body["errorCode"]) == (400, "E04810")


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ("name$eq:ann$(a$)", [1]),
        ("name$eq:a$,b$$c$*", [2]),
        ("name$eq:[x]", [3]),
        ("name$like:ann", [1, 4]),
        ("name$like:*berg", [4]),
        ("name$like:[[]x]", [3]),
        ("name$like:[a]nn", [1, 4]),
        ("customerNumber$in:[1,3]", [1, 3]),
        ("customerNumber$nin:[1,3]", [2, 4, 8]),
        ("name$in:[a$,b$$c$*,[x]]", [2, 3]),
        ("customerNumber$gt:3$and:customerNumber$lte:8", [4, 8]),
        ("customerNumber$eq:1$or:customerNumber$eq:2$and:name$eq:x", [1]),
        ("(customerNumber$eq:1$or:customerNumber$eq:2)$and:name$like:ann", [1]),
        ("email$eq:$null:$and:customerNumber$lt:3", [1, 2]),
        ("barred$eq:true", [4]),
    ],
)
def test_filters_are_understood_with_their_escapes(simulator: Simulator, where: str, numbers: list[int]) -> None:
    for number, name in ((1, "Ann(a)"), (2, "a,b$c*"), (3, "[x]")):
        simulator.add_customer(name, number=number)
    simulator.add_customer("Annberg", number=4, barred=True, email="z@x.se")
    assert [row["customerNumber"] for row in found(simulator, "customers", where)] == numbers


def test_an_unescaped_value_changes_the_question(simulator: Simulator) -> None:
    simulator.add_customer("x", number=1)
    assert len(found(simulator, "customers", "name$eq:y$or:customerNumber$gt:0")) == 2


@pytest.mark.parametrize(
    "where", ["name", "name$eq:a)", "(name$eq:a", "name$in:1,2", f"customerNumber$in:[{','.join('1' * 201)}]"]
)
def test_a_filter_that_cannot_be_read_is_refused(simulator: Simulator, where: str) -> None:
    response = call(simulator, "GET", f"/customers?filter={quote(where)}")
    assert (response.status, response.body["message"]) == (400, "Could not parse query string filter.")


def test_a_property_that_cannot_be_searched_is_named_with_those_that_can(simulator: Simulator) -> None:
    body = call(simulator, "GET", "/customers?filter=bogusProp%24eq:1").body
    assert body["errors"] == ["Filtering is not allowed on property 'bogusProp'."]
    assert "customerNumber" in body["allowedFilteringFields"]
    assert call(simulator, "GET", "/layouts?filter=name%24eq:1").status == 400


def test_rows_are_sorted_and_an_unsortable_property_is_refused(simulator: Simulator) -> None:
    simulator.add_customer("A", number=9)
    rows = call(simulator, "GET", "/customers?sort=-customerNumber").body["collection"]
    assert [row["customerNumber"] for row in rows] == [9, 8]
    assert call(simulator, "GET", "/customers?sort=bogus").status == 400


def test_post_answers_with_the_whole_resource_and_where_it_is(simulator: Simulator) -> None:
    response = call(
        simulator, "POST", "/orders/drafts", document(line(quantity=3, unitNetPrice=Decimal("153.44"), discountPercentage=10))
    )
    assert response.status == 201
    assert response.headers["Location"] == response.body["self"]
    assert response.body["lines"][0]["totalNetAmount"] == Decimal("414.29")
    assert response.body["dueDate"] == "2026-12-02"
    again = call(simulator, "GET", f"/orders/drafts/{response.body['orderNumber']}")
    assert again.body == response.body
    assert "lines" not in found(simulator, "orders/drafts", "orderNumber$gt:0")[0]


def test_put_replaces_and_makes_what_is_not_there(simulator: Simulator) -> None:
    number = call(simulator, "POST", "/orders/drafts", document(line(), references={"other": "S-1"})).body["orderNumber"]
    replaced = call(simulator, "PUT", f"/orders/drafts/{number}", document(line(quantity=2)))
    assert (replaced.status, replaced.body["netAmount"]) == (200, 200)
    assert "references" not in replaced.body
    assert call(simulator, "PUT", "/orders/drafts/4711", document(line())).status == 201


def test_a_deleted_draft_is_gone_and_its_number_is_given_out_again(simulator: Simulator) -> None:
    number = call(simulator, "POST", "/orders/drafts", document(line())).body["orderNumber"]
    assert call(simulator, "DELETE", f"/orders/drafts/{number}").status == 204
    repeated = call(simulator, "DELETE", f"/orders/drafts/{number}")
    assert (repeated.status, repeated.body["errorCode"]) == (404, "E06000")
    assert call(simulator, "POST", "/orders/drafts", document(line())).body["orderNumber"] == number
    invoice = call(simulator, "POST", "/invoices/drafts", document(line())).body["draftInvoiceNumber"]
    assert call(simulator, "DELETE", f"/invoices/drafts/{invoice}").body["deletedCount"] == 1


def test_null_zero_and_excess_are_refused_and_the_unknown_is_ignored(simulator: Simulator) -> None:
    for broken in (
        document(line(), notes=None),
        document(line(lineNumber=0)),
        document(line(unitNetPrice=Decimal("1.005"))),
        document(line(description="x" * 2501)),
        document(line(), currency="SEKK"),
        document(line(), date="2026-11-02T10:00:00"),
    ):
        response = call(simulator, "POST", "/orders/drafts", broken)
        assert (response.status, response.body["errorCode"]) == (400, "E04300")
    simulator.violations.clear()
    response = call(simulator, "POST", "/orders/drafts", document(line(), zipCode="1", netAmount=5))
    assert response.status == 201
    assert "zipCode" not in response.body
    assert response.body["netAmount"] == 100
    assert len(simulator.violations) == 2


def test_a_missing_required_property_is_named(simulator: Simulator) -> None:
    body = document(line())
    del body["recipient"]["vatZone"]
    errors = call(simulator, "POST", "/orders/drafts", body).body["errors"]
    assert errors["recipient"]["vatZone"]["errors"][0]["errorCode"] == "E04042"


def test_references_that_lead_nowhere_come_in_the_live_shape(simulator: Simulator) -> None:
    body = call(simulator, "POST", "/orders/drafts", document(line(), paymentTerms={"paymentTermsNumber": 4711})).body
    error = body["errors"]["paymentTerms"]["errors"][0]
    assert (error["errorCode"], error["inputValue"], body["errorCount"]) == ("E07080", 4711, 1)


def test_a_barred_product_is_named_with_its_row(simulator: Simulator) -> None:
    simulator.bar_product("15")
    simulator.add_product("16")
    body = call(simulator, "POST", "/orders/drafts", document(line(product={"productNumber": "16"}), line(lineNumber=2))).body
    item = body["errors"]["lines"]["items"][0]
    assert item["arrayIndex"] == 1
    assert item["product"]["errors"][0]["errorCode"] == "E06600"


def test_a_closed_year_and_rows_without_product_are_refused(simulator: Simulator) -> None:
    simulator.close_year(2026)
    body = call(simulator, "POST", "/orders/drafts", document(line())).body
    assert body["errors"]["date"]["errors"][0]["errorCode"] == "E04041"
    simulator.open_year(2026)
    assert (
        call(simulator, "POST", "/orders/drafts", document({"lineNumber": 1, "description": "x", "quantity": 1})).status == 400
    )
    assert call(simulator, "POST", "/orders/drafts", document({"lineNumber": 1, "description": "Bara text"})).status == 201


def test_an_order_keeps_its_number_from_draft_to_archive(simulator: Simulator) -> None:
    created = call(simulator, "POST", "/orders/drafts", document(line(), references={"other": "S-1"})).body
    number = created["orderNumber"]
    assert call(simulator, "POST", "/orders/sent", {**document(line()), "orderNumber": number}).status == 201
    assert call(simulator, "GET", f"/orders/drafts/{number}").status == 404
    assert call(simulator, "GET", f"/orders/sent/{number}").body["orderNumber"] == number
    template = call(simulator, "GET", f"/orders/sent/{number}/templates/upgrade-instructions/draftInvoice").body
    assert template["references"] == {"other": "S-1"}
    invoice = simulator.invoice_order(number)
    assert call(simulator, "GET", f"/orders/archived/{number}").status == 200
    booked = call(simulator, "POST", "/invoices/booked", {"draftInvoice": {"draftInvoiceNumber": invoice}, "sendBy": "none"})
    assert (booked.status, booked.body["orderNumber"], booked.body["remainder"]) == (201, invoice, Decimal("125.00"))
    assert call(simulator, "GET", f"/invoices/drafts/{invoice}").status == 404


def test_a_sent_order_posted_as_a_draft_is_open_again(simulator: Simulator) -> None:
    number = call(simulator, "POST", "/orders/drafts", document(line())).body["orderNumber"]
    simulator.send_order(number)
    assert call(simulator, "POST", "/orders/drafts", {**document(line()), "orderNumber": number}).status == 201
    assert call(simulator, "GET", f"/orders/drafts/{number}").status == 200


def test_the_same_key_has_one_effect_for_an_hour(simulator: Simulator) -> None:
    moment = datetime(2026, 11, 2, 12, tzinfo=UTC)
    simulator._clock = lambda: moment
    first = call(simulator, "POST", "/orders/drafts", document(line()), Idempotency_Key="k")
    moment += timedelta(minutes=59)
    second = call(simulator, "POST", "/orders/drafts", document(line()), Idempotency_Key="k")
    assert second.body == first.body
    assert second.headers["X-ResultFromCache"] == "true"
    assert "X-ResultFromCache" not in first.headers
    moment += timedelta(minutes=2)
    assert call(simulator, "POST", "/orders/drafts", document(line()), Idempotency_Key="k").body != first.body
    assert len(simulator.documents()) == 2


def test_calls_cost_tokens_until_none_are_left() -> None:
    moment = datetime(2026, 11, 2, 12, tzinfo=UTC)
    simulator = Simulator(token_limit=10, clock=lambda: moment)
    answers = [call(simulator, "GET", "/self") for _ in range(11)]
    assert [answer.status for answer in answers] == [200] * 10 + [429]
    assert answers[0].headers["X-RateLimiting"] == "token-limit-10-per-60-seconds: 1/10"
    moment += timedelta(seconds=60)
    assert call(simulator, "GET", "/self").status == 200


def test_new_documents_can_be_hidden_from_collections_for_a_while() -> None:
    moment = datetime(2026, 11, 2, 12, tzinfo=UTC)
    simulator = Simulator(index_delay=30, clock=lambda: moment)
    simulator.add_customer("Kund 8", number=8)
    simulator.add_product("15")
    call(simulator, "POST", "/orders/drafts", document(line()))
    assert found(simulator, "orders/drafts", "orderNumber$gt:0") == []
    moment += timedelta(seconds=30)
    assert len(found(simulator, "orders/drafts", "orderNumber$gt:0")) == 1


def test_an_agreement_with_the_inventory_module_refuses_orders() -> None:
    simulator = Simulator(inventory_module=True)
    assert call(simulator, "POST", "/orders/drafts", document(line())).status == 403
    assert 15 in [module["moduleNumber"] for module in call(simulator, "GET", "/self").body["modules"]]


def test_customers_and_products_can_be_created_read_replaced_and_deleted(simulator: Simulator) -> None:
    customer = {
        "name": "Ny",
        "currency": "SEK",
        "customerGroup": {"customerGroupNumber": 1},
        "vatZone": {"vatZoneNumber": 1},
        "paymentTerms": {"paymentTermsNumber": 1},
    }
    created = call(simulator, "POST", "/customers", customer)
    assert (created.status, created.body["customerNumber"]) == (201, 1)
    assert "barred" not in created.body
    assert call(simulator, "POST", "/customers", {**customer, "customerNumber": 1}).status == 400
    assert call(simulator, "PUT", "/customers/1", {**customer, "name": "Annan"}).body["name"] == "Annan"
    assert call(simulator, "DELETE", "/customers/1").status == 204
    assert call(simulator, "GET", "/customers/1").status == 404
    product = {"productNumber": "a b/c", "name": "P", "productGroup": {"productGroupNumber": 2}, "salesPrice": Decimal("1.5")}
    assert call(simulator, "POST", "/products", product).body["barred"] is False
    assert call(simulator, "POST", "/products", product).status == 400
    assert call(simulator, "GET", "/products/a_9_b_6_c").body["salesPrice"] == Decimal("1.50")
    assert call(simulator, "GET", "/products/A%20B%2Fc").status == 200
    assert call(simulator, "DELETE", "/products/a_9_b_6_c").status == 204


def test_its_state_survives_a_restart(tmp_path: Path) -> None:
    first = Simulator(journal=tmp_path / "journal")
    customer = {
        "name": "Ny",
        "currency": "SEK",
        "customerGroup": {"customerGroupNumber": 1},
        "vatZone": {"vatZoneNumber": 1},
        "paymentTerms": {"paymentTermsNumber": 1},
    }
    call(first, "POST", "/customers", customer)
    call(first, "POST", "/products", {"productNumber": "15", "name": "P", "productGroup": {"productGroupNumber": 1}})
    body = document(line(), customer={"customerNumber": 1})
    call(first, "POST", "/orders/drafts", body, Idempotency_Key="k")
    second = Simulator(journal=tmp_path / "journal")
    assert second.documents() == first.documents()
    assert call(second, "POST", "/orders/drafts", body, Idempotency_Key="k").headers["X-ResultFromCache"] == "true"


def test_unknown_addresses_are_not_found(simulator: Simulator) -> None:
    assert call(simulator, "GET", "/nothing").status == 404
    assert call(simulator, "GET", "/orders/booked").status == 404
    assert call(simulator, "PATCH", "/customers/8", {}).status == 405
