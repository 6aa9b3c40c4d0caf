"""What answers say to caches and browsers: tags, languages, who may keep them, and which sites may ask."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.api.world import Merchant

ADDRESS = "/api/v1/problems/"
SITE = "https://www.sharespine.example"


@pytest.mark.parametrize("method", ["get", "head"])
def test_what_one_has_already_is_not_sent_again(method: str) -> None:
    client = Client(headers={"accept-language": "en"})
    first = client.get(ADDRESS)
    tag = first.headers["ETag"]
    again = getattr(client, method)(ADDRESS, headers={"if-none-match": f'"x", {tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert "Accept-Language" in again.headers["Vary"]
    assert getattr(client, method)(ADDRESS, headers={"if-none-match": '"x"'}).status_code == 200


@pytest.mark.django_db
def test_a_merchants_answer_is_its_own_and_asked_for_again_each_time(shop: Merchant) -> None:
    client = shop.client()
    answer = client.get("/api/v1/hours/")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert {"Accept-Language", "Authorization"} <= set(answer.headers["Vary"].split(", "))
    assert not answer.cookies
    tag = {"if-none-match": answer.headers["ETag"]}
    assert client.get("/api/v1/hours/", headers=tag).status_code == 304
    # A tag opens nothing.
    assert Client(headers=tag).get("/api/v1/hours/").status_code == 401


def test_the_language_is_that_of_the_header_and_never_of_a_cookie() -> None:
    client = Client()
    client.cookies["django_language"] = "sv"
    matrix = "/api/v1/registers/woocommerce/economic/"
    assert client.get(matrix, headers={"accept-language": "en"}).headers["Content-Language"] == "en"
    tags = {client.get(matrix, headers={"accept-language": language}).headers["ETag"] for language in ("en", "sv", "en-GB")}
    assert len(tags) == 2


def preflight(origin: str, method: str = "POST", address: str = ADDRESS) -> Any:
    asked = {"origin": origin, "access-control-request-method": method, "access-control-request-headers": "idempotency-key"}
    return Client(headers=asked).options(address)


def test_a_listed_site_may_call_from_a_browser(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [SITE]
    before = preflight(SITE)
    assert before.status_code == 200
    assert before.headers["Access-Control-Allow-Origin"] == SITE
    assert before.headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST"
    allowed = set(before.headers["Access-Control-Allow-Headers"].split(", "))
    assert {"authorization", "content-type", "idempotency-key", "if-none-match", "accept-language"} <= allowed
    answer = Client(headers={"origin": SITE}).get(ADDRESS)
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert "origin" in answer.headers["Vary"]
    seen = set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    assert {"ETag", "Link", "Location", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After"} <= seen
    # No cookie ever goes with it.
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "http://www.sharespine.example", f"{SITE}.evil.example", "null"])
def test_any_other_site_may_not(settings: Any, origin: str) -> None:
    settings.CORS_ALLOWED_ORIGINS = [SITE]
    for answer in (preflight(origin), Client(headers={"origin": origin}).get(ADDRESS)):
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_a_site_that_is_listed_may_see_what_went_wrong_and_nothing_beside_the_api(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [SITE]
    client = Client(headers={"origin": SITE})
    assert client.get("/api/v1/nothing/").headers["Access-Control-Allow-Origin"] == SITE
    assert "Access-Control-Allow-Origin" not in client.get("/healthz/web/").headers
    assert "Access-Control-Allow-Origin" not in preflight(SITE, address="/admin/login/").headers
