"""What the schema of the API says beyond its views: the ways in, every problem, and the headers of every answer.

Views declare what is theirs; what holds for all is added here, so that no view can forget it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils import translation
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from connectors.base import Register
from sharespine.api import problems as kinds
from sharespine.api.problems import MEDIA_TYPE, TABLE, Code

INTRODUCTION = """
For merchants' own systems, and for sites that sell: packages, what systems can do together, quotes and sign-ups.

**Keys.** What is a merchant's own needs a key, which an administrator makes in the portal and sees once. It is sent as
`Authorization: Bearer shs_…`, opens only what it was made for (its scopes), and only what is its customer's.

**Texts, amounts, times.** `Accept-Language: sv` or `en` chooses the language of texts. Amounts are decimals written as text.
Times are in UTC, days are `YYYY-MM-DD`. Ids are text.

**Limits.** `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (seconds) stand on every answer. Who asks too often
gets 429 with `Retry-After`.

**Pages.** Lists have the newest first. Follow `next` (or the header `Link`) until it is null: rows that are added meanwhile
move nothing.

**Tags.** Every good answer to GET has an `ETag`. Sent back as `If-None-Match` it gives 304 with no body while nothing has
changed.

**Problems** are `application/problem+json` (RFC 9457). Go by `code`, which stays the same:
"""
TAGS = {
    "Catalogue": "What is sold, and which systems can do what together. The same for everybody.",
    "Quotes and sign-ups": "What some wishes cost, and the way from there to a subscription.",
    "Transfers": "Orders on their way from the shop to the ERP. Needs the scope `transfers`.",
    "Usage": "The orders of the month, and what the package allows. Needs the scope `usage`.",
    "Service hours": "Hours that were bought and worked, in minutes. Needs the scope `hours`.",
    "Problems": "What the codes of problems mean.",
    "Staff": "For staff who are logged in to the back office.",
}
#: As the schema lists them. The settings of drf-spectacular name these lists.
REGISTERS = [str(register) for register in Register]
CODES = [(str(code), str(code)) for code in Code]
WHOLE = {"type": "integer", "minimum": 0}
LIMITS = {
    "RateLimit-Limit": {"description": "Requests in a window of time.", "required": True, "schema": WHOLE},
    "RateLimit-Remaining": {"description": "How many of them are left.", "required": True, "schema": WHOLE},
    "RateLimit-Reset": {"description": "Seconds until the window ends.", "required": True, "schema": WHOLE},
}
TEXT = {"type": "string", "minLength": 1}
ETAG = {"ETag": {"description": "Tells this answer from others.", "required": True, "schema": TEXT}}
LINK = {"Link": {"description": "The pages beside this one, by rel next and prev.", "required": False, "schema": TEXT}}
CHALLENGE = {"WWW-Authenticate": {"description": "How to come in.", "required": True, "schema": TEXT}}
RETRY = {"Retry-After": {"description": "Seconds to wait.", "required": True, "schema": WHOLE}}
#: What may stand in the way of any request, of one with a body, and of one with a key.
ALWAYS = (Code.INVALID_REQUEST, Code.NOT_ACCEPTABLE, Code.TOO_LARGE, Code.RATE_LIMITED, Code.INTERNAL_ERROR)
WITH_BODY = (Code.INVALID_JSON, Code.UNSUPPORTED_MEDIA_TYPE)
WRONG_KEY = (Code.KEY_INVALID, Code.KEY_EXPIRED, Code.KEY_REVOKED)


class KeyScheme(OpenApiAuthenticationExtension):
    """How a key is sent."""

    target_class = "sharespine.api.keys.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A key, as it was shown when it was made."}


class FieldErrorSerializer(serializers.Serializer[dict[str, Any]]):
    """What is wrong with one field."""

    field = serializers.CharField(allow_blank=True, help_text="Its path, as in shops.0.name. Empty: all of them together.")
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(serializers.Serializer[dict[str, Any]]):
    """What went wrong (RFC 9457)."""

    type = serializers.CharField(help_text="Where the code is explained.")
    title = serializers.CharField(help_text="What kind of problem it is, in the language of the request.")
    status = serializers.IntegerField(min_value=400, max_value=599)
    detail = serializers.CharField(help_text="What to do about it.")
    code = serializers.ChoiceField(CODES, help_text="Stays the same.")
    errors = FieldErrorSerializer(many=True, required=False)  # type: ignore[assignment]  # a field of that name, as the JSON has it


def problems(*codes: Code) -> dict[tuple[int, str], OpenApiResponse]:
    """For the `responses` of a view: the problems that are its own."""
    return {
        (status, MEDIA_TYPE): OpenApiResponse(
            ProblemSerializer, examples=[OpenApiExample(str(code), value={"code": str(code)}) for code in of_status]
        )
        for status, of_status in _by_status(codes).items()
    }


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Adds to a schema what holds for all of it: a hook of drf-spectacular."""
    with translation.override("en"):
        rows = "\n".join(f"| `{code}` | {kind.status} | {kind.title} {kind.remedy} |" for code, kind in TABLE.items())
    result["info"]["description"] = f"{INTRODUCTION}\n| code | status | |\n|---|---|---|\n{rows}\n"
    result["tags"] = [{"name": name, "description": description} for name, description in TAGS.items()]
    for path, method, operation in operations(result):
        _complete(path, method, operation)
        for content in operation.get("requestBody", {}).get("content", {}).values():
            _close(content["schema"], result["components"]["schemas"])
    return result


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The address, the method and what is said of it, of everything in a schema."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            if isinstance(operation, dict) and "responses" in operation:
                yield path, method, operation


def _close(schema: Any, components: dict[str, Any]) -> None:
    """What is sent has no other names than those that are told (`sharespine.api.bodies`)."""
    if isinstance(schema, list):
        for each in schema:
            _close(each, components)
    elif isinstance(schema, dict):
        if name := schema.get("$ref", "").rpartition("/")[2]:
            if components[name].get("type") == "object":
                components[name]["additionalProperties"] = False
            _close(components[name], components)
        for each in schema.values():
            _close(each, components)


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    for status, codes in _by_status([*_possible(path, method, operation), *_own(answers)]).items():
        answers[str(status)] = _problem(codes)
    if method == "get":
        answers["304"] = {"description": "Nothing has changed since the answer with that tag."}
    for status, answer in answers.items():
        more = {
            **LIMITS,
            **(ETAG if method == "get" and status in ("200", "304") else {}),
            **(LINK if status == "200" and any(each["name"] == "cursor" for each in operation.get("parameters", [])) else {}),
            **(CHALLENGE if status == "401" else {}),
            **(RETRY if status == "429" else {}),
        }
        # An answer that nobody foresaw comes from outside of the views, which know of no limits.
        answer["headers"] = {**(more if status != "500" else {}), **answer.get("headers", {})}
    operation["responses"] = {status: answers[status] for status in sorted(answers)}


def _own(answers: dict[str, Any]) -> Iterator[Code]:
    """The problems that a view declares, by `problems`."""
    for answer in answers.values():
        for example in answer.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}).values():
            yield Code(example["value"]["code"])


def _possible(path: str, method: str, operation: dict[str, Any]) -> Iterator[Code]:
    yield from ALWAYS
    if method == "get":
        yield Code.PRECONDITION_FAILED
    ways = operation.get("security", [])
    if any("key" in way for way in ways):
        yield from WRONG_KEY
        if {} not in ways:
            yield from (Code.NOT_AUTHENTICATED, Code.SCOPE_MISSING)
    elif ways and {} not in ways:
        yield Code.NOT_PERMITTED
    if "requestBody" in operation:
        yield from WITH_BODY
    if "{" in path:
        yield Code.NOT_FOUND


def _by_status(codes: Any) -> dict[int, list[Code]]:
    found: dict[int, list[Code]] = {}
    for code in dict.fromkeys(codes):
        found.setdefault(TABLE[code].status, []).append(code)
    return found


def _described(codes: list[Code]) -> str:
    return "\n\n".join(f"`{code}`: {TABLE[code].title} {TABLE[code].remedy}" for code in codes)


def _problem(codes: list[Code]) -> dict[str, Any]:
    """An answer that is a problem, as a schema has it."""
    with translation.override("en"):
        examples = {str(code): {"value": kinds.body(code)} for code in codes}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": _described(codes), "content": {MEDIA_TYPE: {"schema": schema, "examples": examples}}}
