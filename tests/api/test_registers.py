"""What systems can do together, for whoever asks: public, cached, in the language that is asked for."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

from connectors.matrix import matrix_of, to_json
from connectors.registry import connector_class

ADDRESS = "/api/v1/registers/woocommerce/economic/"


def test_anybody_may_ask_and_may_keep_the_answer_for_a_while() -> None:
    answer = Client().get(ADDRESS, headers={"accept-language": "en"})
    assert answer.status_code == 200
    assert answer.json() == to_json(matrix_of(connector_class("woocommerce"), connector_class("economic")))
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert "Accept-Language" in answer.headers["Vary"]
    assert "Cookie" not in answer.headers["Vary"]
    assert not answer.cookies


def test_the_answer_is_in_the_language_that_is_asked_for() -> None:
    answer = Client().get(ADDRESS, headers={"accept-language": "sv"}).json()
    with translation.override("sv"):
        assert answer["registers"][0]["name"] == gettext("Orders with customer") != "Orders with customer"


@pytest.mark.parametrize("pair", ["economic/woocommerce", "woocommerce/fortnine", "x/economic"])
def test_what_is_no_shop_and_no_erp_of_ours_is_not_found(pair: str) -> None:
    assert Client().get(f"/api/v1/registers/{pair}/").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_changed_there(method: str) -> None:
    assert getattr(Client(), method)(ADDRESS).status_code == 405


@pytest.mark.django_db
def test_it_is_in_the_schema(admin_client: Client) -> None:
    schema = admin_client.get("/api/v1/schema/?format=json").json()
    path = schema["paths"]["/api/v1/registers/{shop}/{erp}/"]["get"]
    assert path["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/Registers")
    assert set(schema["components"]["schemas"]["RegisterField"]["properties"]) == {
        "field", "name", "supported", "reasons", "note",
    }  # fmt: skip
