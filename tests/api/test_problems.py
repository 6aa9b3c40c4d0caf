"""Whatever goes wrong below /api/ is a problem with a code: never a page, never what went on inside."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import include, path
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from sharespine import errors
from sharespine.api.problems import TABLE, Code, Problem, body, field_errors
from sharespine.api.views import LONGEST, PublicView
from sharespine.lib.text import Text


class Row(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=5)


class Wish(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    rows = Row(many=True)

    def validate(self, attrs: Any) -> Any:
        raise serializers.ValidationError("Not both.", code="both")


class Trying(PublicView):
    """Fails as it is asked to."""

    def get(self, request: Request, how: str) -> Response:
        if how == "bug":
            raise ZeroDivisionError("secret of the house")
        if how == "big":
            raise RequestDataTooBig
        raise Problem(Code.CONFLICT, Text("%(n)s is taken.", {"n": "17"}), status=423)

    def post(self, request: Request, how: str) -> Response:
        wish = Wish(data=request.data)
        wish.is_valid(raise_exception=True)
        return Response({})


class ForNobody(Trying):
    permission_classes = (AllowAny,)

    def get(self, request: Request, how: str) -> Response:
        self.permission_denied(request)
        raise AssertionError


urlpatterns = [
    path("api/v1/try/<str:how>/", Trying.as_view()),
    path("api/v1/nobody/<str:how>/", ForNobody.as_view()),
    path("", include("sharespine.urls")),
]
handler400, handler403, handler404, handler500 = errors.bad_request, errors.forbidden, errors.not_found, errors.failed

pytestmark = pytest.mark.urls(__name__)
client = Client(raise_request_exception=False, headers={"accept-language": "en"})


def problem(answer: Any) -> tuple[int, str]:
    """Its status and code; it must be a problem through and through."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "no-store" in answer.headers["Cache-Control"]
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["type"].endswith(f"#{told['code']}")
    assert told["title"]
    assert told["detail"]
    assert not [word for word in ("Traceback", "ZeroDivision", "secret", "<html") if word in answer.content.decode()]
    return answer.status_code, told["code"]


@pytest.mark.parametrize(
    ("method", "address", "asked", "expected"),
    [
        ("get", "/api/v1/nothing/", {}, (404, "not_found")),
        ("get", "/api/v1/problems", {}, (404, "not_found")),  # no redirect: one would lose what is posted
        ("post", "/api/nothing/", {"data": "{", "content_type": "application/json"}, (404, "not_found")),
        ("get", "/api/v1/registers/nothing/nothing/", {}, (404, "not_found")),
        ("get", "/api/v1/transfers/x/", {}, (404, "not_found")),
        ("get", f"/api/v1/transfers/{'9' * 19}/", {}, (404, "not_found")),
        ("delete", "/api/v1/problems/", {}, (405, "method_not_allowed")),
        ("options", "/api/v1/problems/", {}, (405, "method_not_allowed")),
        ("trace", "/api/v1/problems/", {}, (405, "method_not_allowed")),
        ("get", "/api/v1/problems/", {"headers": {"accept": "text/html"}}, (406, "not_acceptable")),
        ("get", "/api/v1/problems/", {"headers": {"host": "evil.example"}}, (400, "invalid_request")),
        ("get", "/api/v1/problems/", {"headers": {"if-match": '"x"'}}, (412, "precondition_failed")),
        ("post", "/api/v1/try/x/", {"data": "{", "content_type": "application/json"}, (400, "invalid_json")),
        ("post", "/api/v1/try/x/", {"data": b"\xff", "content_type": "application/json"}, (400, "invalid_json")),
        ("post", "/api/v1/try/x/", {"data": "NaN", "content_type": "application/json"}, (400, "invalid_json")),
        (
            "post",
            "/api/v1/try/x/",
            {"data": "[" * 49_000 + "]" * 49_000, "content_type": "application/json"},
            (400, "invalid_json"),
        ),
        ("post", "/api/v1/try/x/", {"data": "a=1", "content_type": "text/plain"}, (415, "unsupported_media_type")),
        ("post", "/api/v1/try/x/", {"data": {"a": "1"}}, (415, "unsupported_media_type")),
        ("post", "/api/v1/try/x/", {"data": b"1" * (LONGEST + 1), "content_type": "application/json"}, (413, "too_large")),
        ("get", "/api/v1/try/x/", {"CONTENT_LENGTH": "many"}, (413, "too_large")),
        ("get", "/api/v1/try/x/", {"CONTENT_LENGTH": "9" * 5000}, (413, "too_large")),
        ("post", "/api/v1/try/x/", {"data": "[]", "content_type": "application/json"}, (400, "invalid_request")),
        ("get", "/api/v1/try/big/", {}, (413, "too_large")),
        ("get", "/api/v1/try/conflict/", {}, (423, "conflict")),
        ("get", "/api/v1/try/bug/", {}, (500, "internal_error")),
    ],
)
def test_whatever_goes_wrong_is_a_problem(method: str, address: str, asked: dict[str, Any], expected: tuple[int, str]) -> None:
    assert problem(getattr(client, method)(address, **asked)) == expected


def test_a_problem_says_what_happened_in_the_language_that_is_asked_for() -> None:
    told = client.get("/api/v1/try/conflict/").json()
    assert (told["title"], told["detail"]) == ("This cannot be done as things stand.", "17 is taken.")
    refused = client.delete("/api/v1/problems/")
    assert refused.headers["Allow"] == "GET, HEAD"


def test_what_is_wrong_with_a_body_is_told_field_by_field() -> None:
    wish = {"number": "x", "rows": [{"name": "Kaffe"}, {"name": "Kaffekanna"}, {}]}
    answer = client.post("/api/v1/try/x/", json.dumps(wish), content_type="application/json")
    assert problem(answer) == (400, "invalid_request")
    assert {(error["field"], error["code"]) for error in answer.json()["errors"]} == {
        ("number", "invalid"), ("rows.1.name", "max_length"), ("rows.2.name", "required"),
    }  # fmt: skip
    good = {"number": 1, "rows": [{"name": "Kaffe"}]}
    assert client.post("/api/v1/try/x/", json.dumps(good), content_type="application/json").json()["errors"] == [
        {"field": "", "code": "both", "message": "Not both."}
    ]


def test_errors_of_any_depth_become_flat() -> None:
    detail = {"a": {"b": [["wrong"], {"c": ["worse"]}]}, "non_field_errors": ["all"]}
    flat = [(error.field, error.message) for error in field_errors(detail)]
    assert flat == [("a.b.0", "wrong"), ("a.b.1.c", "worse"), ("", "all")]


def test_people_get_a_page_and_no_problem() -> None:
    for status, handler in ((400, errors.bad_request), (403, errors.forbidden), (404, errors.not_found)):
        page = handler(_asked("/portal/x/"), Exception("secret"))
        assert (page.status_code, page.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
        assert b"secret" not in page.content
    assert errors.failed(_asked("/admin/")).status_code == 500
    for answer in (errors.forbidden(_asked("/api/v1/x/")), errors.no_token(_asked("/api/v1/x/"), "no cookie")):
        assert problem(_readable(answer)) == (403, "not_permitted")


def test_every_code_is_explained_and_its_type_leads_there() -> None:
    told = client.get(body(Code.CONFLICT)["type"].partition("#")[0]).json()["problems"]
    assert [one["code"] for one in told] == [str(code) for code in Code]
    assert set(Code) == set(TABLE)
    assert all(one["title"].endswith(".") and one["remedy"].endswith(".") for one in told)


def _asked(address: str) -> HttpRequest:
    return RequestFactory().get(address)


def _readable(answer: HttpResponse) -> Any:
    answer.json = lambda: json.loads(answer.content)  # type: ignore[attr-defined]  # as the test client has it
    return answer
