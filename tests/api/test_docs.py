"""The docs are complete, and true: every example in them is sent, and answered as it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from sharespine.api import limits
from sharespine.api.docs import operations
from sharespine.api.problems import Code
from tests.api import documented

PROBLEM = "application/problem+json"
#: Whose parameters go together: one by itself is refused.
TOGETHER = {"main_flows"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return documented.schema()


@pytest.mark.parametrize("language", ["en", "sv"])
def test_the_schema_is_valid_and_made_without_a_warning(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--fail-on-warn", "--validate", "--lang", language, "--format", "openapi-json")
    assert json.loads(capsys.readouterr().out)["openapi"].startswith("3.")


def test_anybody_may_read_the_schema_and_the_page_that_shows_it(schema: dict[str, Any]) -> None:
    answer = Client(headers={"accept-language": "sv"}).get("/api/v1/schema/")
    assert answer.json()["paths"].keys() == schema["paths"].keys()
    # Developers of all countries read the same.
    assert (answer.headers["Content-Language"], answer.json()["info"]["title"]) == ("en", "Sharespine API")
    assert "public" in answer.headers["Cache-Control"]
    assert Client().get("/api/v1/docs/").status_code == 200


def test_every_operation_says_all_that_holds_for_all(schema: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in schema["tags"] if tag["description"]}
    names = []
    for path, method, operation in operations(schema):
        where = f"{method} {path}"
        names.append(operation["operationId"])
        assert operation["summary"], where
        assert operation["description"], where
        assert set(operation["tags"]) <= tags, where
        answers = operation["responses"]
        assert {"400", "406", "413", "429", "500"} <= answers.keys(), where
        for status, answer in answers.items():
            assert answer["description"] or status[0] == "2", where
            if status != "500":
                assert set(limits.HEADERS) <= answer["headers"].keys(), (where, status)
            if status[0] in "45":
                assert [*answer["content"]] == [PROBLEM], (where, status)
                assert answer["content"][PROBLEM]["schema"] == {"$ref": "#/components/schemas/Problem"}
                assert answer["content"][PROBLEM]["examples"], (where, status)
        assert "Retry-After" in answers["429"]["headers"]
        assert "WWW-Authenticate" in answers.get("401", answers["429"])["headers"] or "401" not in answers
        if method == "get":
            assert {"200", "304", "412"} <= answers.keys(), where
            assert "ETag" in answers["200"]["headers"]
        if "requestBody" in operation:
            assert "415" in answers, where
            assert all(content["examples"] for content in operation["requestBody"]["content"].values()), where
        if "{" in path:
            assert "404" in answers, where
        for parameter in operation.get("parameters", []):
            assert parameter.get("examples") or not parameter.get("required"), (where, parameter["name"])
    assert len(names) == len(set(names))


def test_every_code_of_a_problem_is_in_the_docs(schema: dict[str, Any]) -> None:
    assert schema["components"]["schemas"]["ProblemCode"]["enum"] == [str(code) for code in Code]
    assert all(f"`{code}`" in schema["info"]["description"] for code in Code)
    shown = {
        code
        for _path, _method, operation in operations(schema)
        for status, answer in operation["responses"].items()
        if status[0] in "45"
        for code in answer["content"][PROBLEM]["examples"]
    }
    # A method that there is not has no operation.
    assert {str(code) for code in Code} - shown <= {"method_not_allowed"}


@pytest.mark.django_db
def test_every_example_is_answered_as_the_docs_say(schema: dict[str, Any]) -> None:
    shop = documented.world()
    clients = documented.clients(shop)
    # What changes anything comes last.
    for path, method, operation in sorted(operations(schema), key=lambda found: (found[1], found[0])):
        ways = operation.get("security") or [{}]
        client = clients["" if {} in ways else next(iter(ways[0]))]
        expected = {status: list(_values(answer)) for status, answer in operation["responses"].items() if status[0] == "2"}
        assert all(expected.values()), f"{method} {path} shows no answer"
        seen = set()
        for address, extra in _requests(path, operation):
            for _again in expected:
                answer = getattr(client, method)(address, **extra)
                status = str(answer.status_code)
                assert status in expected, (method, address, answer.content)
                for value in expected[status]:
                    assert (differs := list(_differences(value, answer.json()))) == [], (method, address, differs)
                seen.add(status)
        assert seen == expected.keys(), f"{method} {path}"


def _requests(path: str, operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every request that the examples of an operation make: with each of its parameters by itself, and with each body."""
    found: dict[str, dict[str, list[Any]]] = {"path": {}, "query": {}, "header": {}}
    for parameter in operation.get("parameters", []):
        found[parameter["in"]][parameter["name"]] = [example["value"] for example in parameter.get("examples", {}).values()]
    address = path.format_map({name: values[0] for name, values in found["path"].items()})
    headers = {name: values[0] for name, values in found["header"].items() if values}
    bodies = [None, *_values(operation.get("requestBody", {}))]
    for body in bodies[1:] or bodies:
        extra = {"headers": headers} | ({"data": json.dumps(body), "content_type": "application/json"} if body else {})
        yield address, extra
    queries = [f"{name}={value}" for name, values in found["query"].items() for value in values]
    for query in ["&".join(queries)] if operation["operationId"] in TOGETHER else queries:
        yield f"{address}?{query}", {}


def _values(said: dict[str, Any]) -> Iterator[Any]:
    for content in said.get("content", {}).values():
        yield from (example["value"] for example in content.get("examples", {}).values())


def _differences(shown: Any, told: Any, where: str = "") -> Iterator[str]:
    """Where an answer is of another shape than the example: other names, or another kind of value. Null may stand for any."""
    if shown is None or told is None:
        return
    if type(shown) is not type(told):
        yield f"{where}: {told!r} is no {type(shown).__name__}"
    elif isinstance(shown, dict):
        if shown.keys() != told.keys():
            yield f"{where}: {sorted(shown.keys() ^ told.keys())}"
        for name in shown.keys() & told.keys():
            yield from _differences(shown[name], told[name], f"{where}.{name}")
    elif isinstance(shown, list):
        for index, value in enumerate(told if shown else []):
            yield from _differences(shown[0], value, f"{where}.{index}")
