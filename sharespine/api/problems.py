"""What goes wrong, said the same way everywhere: `application/problem+json` (RFC 9457) with a `code` that stays the same.

Whoever reads answers by machine goes by `code`; `title` and `detail` are for people, in their language. `errors` names what is
wrong field by field. `TABLE` is the list of all codes: `/api/v1/problems/` shows it, and so do the docs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, JsonResponse
from django.utils.translation import gettext
from rest_framework import exceptions
from rest_framework.response import Response

from sharespine.lib.said import said
from sharespine.lib.text import N_, Text

MEDIA_TYPE = "application/problem+json"
#: Where the codes are explained; with `#` and the code this is the `type` of a problem.
EXPLAINED = "/api/v1/problems/"
#: What a key is asked for, in the header that goes with 401 and with a scope that is missing.
CHALLENGE = 'Bearer realm="Sharespine"'


class Code(StrEnum):
    """What machines go by."""

    INVALID_REQUEST = "invalid_request"
    INVALID_JSON = "invalid_json"
    NOT_AUTHENTICATED = "not_authenticated"
    KEY_INVALID = "key_invalid"
    KEY_EXPIRED = "key_expired"
    KEY_REVOKED = "key_revoked"
    SCOPE_MISSING = "scope_missing"
    NOT_PERMITTED = "not_permitted"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_ACCEPTABLE = "not_acceptable"
    CONFLICT = "conflict"
    QUOTE_EXPIRED = "quote_expired"
    PRECONDITION_FAILED = "precondition_failed"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    RATE_LIMITED = "rate_limited"
    INTERNAL_ERROR = "internal_error"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: the status of the answer, what it is called, and what to do about it."""

    status: int
    title: str
    remedy: str


TABLE: Mapping[Code, Kind] = {
    Code.INVALID_REQUEST: Kind(
        400, N_("The request is not valid."), N_("Correct what “errors” names, and send the request again.")
    ),
    Code.INVALID_JSON: Kind(400, N_("The body is not JSON."), N_("Send one JSON object, in UTF-8.")),
    Code.NOT_AUTHENTICATED: Kind(401, N_("A key is needed."), N_("Send the header “Authorization: Bearer” with a key.")),
    Code.KEY_INVALID: Kind(
        401, N_("The key is not known."), N_("See that the whole key is sent. A key that is lost is replaced by a new one.")
    ),
    Code.KEY_EXPIRED: Kind(401, N_("The key has expired."), N_("Make a new key in the portal.")),
    Code.KEY_REVOKED: Kind(401, N_("The key was revoked."), N_("Make a new key in the portal.")),
    Code.SCOPE_MISSING: Kind(403, N_("The key does not open this."), N_("Make a key in the portal that opens it.")),
    Code.NOT_PERMITTED: Kind(403, N_("This is not permitted."), N_("Ask the helpdesk if you think that it should be.")),
    Code.NOT_FOUND: Kind(
        404, N_("There is no such thing here."), N_("See that the address is right. Addresses of the API end with a slash.")
    ),
    Code.METHOD_NOT_ALLOWED: Kind(
        405, N_("This cannot be done with that method."), N_("The header “Allow” says which methods there are.")
    ),
    Code.NOT_ACCEPTABLE: Kind(406, N_("There is no answer of the type that is asked for."), N_("Accept application/json.")),
    Code.CONFLICT: Kind(409, N_("This cannot be done as things stand."), N_("Fetch how things stand before trying again.")),
    Code.QUOTE_EXPIRED: Kind(
        409, N_("The prices of the quote hold no longer."), N_("Ask for a new quote, and sign up by that one.")
    ),
    Code.PRECONDITION_FAILED: Kind(
        412, N_("It has changed meanwhile."), N_("Fetch it again: its tag is no longer the one that was sent.")
    ),
    Code.TOO_LARGE: Kind(413, N_("The body is too large."), N_("Send less.")),
    Code.UNSUPPORTED_MEDIA_TYPE: Kind(
        415, N_("The body is of a type that is not read here."), N_("Send JSON, with “Content-Type: application/json”.")
    ),
    Code.RATE_LIMITED: Kind(
        429, N_("Too many requests."), N_("Wait as many seconds as the header “Retry-After” says, and go on.")
    ),
    Code.INTERNAL_ERROR: Kind(
        500, N_("Something in Sharespine failed."), N_("Try again later. Our developers can see what happened.")
    ),
    Code.UNAVAILABLE: Kind(
        503, N_("Something that this needs does not answer."), N_("Send the same again in some minutes: it is done once.")
    ),
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field. `field` is its path, as in `shops.0.name`; empty where it is about all of them."""

    field: str
    code: str
    message: str


class Problem(exceptions.APIException):
    """What an endpoint raises: the code decides the status, unless `status` says another."""

    def __init__(
        self,
        code: Code,
        detail: Text | str = "",
        *,
        status: int = 0,
        errors: list[FieldError] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.code = code
        self.status_code = status or TABLE[code].status
        self.errors = errors or []
        self.headers = dict(headers or {})
        # Said now: the language is that of the request.
        self.detail = exceptions.ErrorDetail(said(detail) if isinstance(detail, Text) else detail, str(code))

    def body(self) -> dict[str, Any]:
        return body(self.code, str(self.detail), status=self.status_code, errors=self.errors)


def body(code: Code, detail: str = "", *, status: int = 0, errors: list[FieldError] | None = None) -> dict[str, Any]:
    """A problem as it is sent, in the active language."""
    kind = TABLE[code]
    found: dict[str, Any] = {
        "type": f"{EXPLAINED}#{code}",
        "title": gettext(kind.title),
        "status": status or kind.status,
        "detail": detail or gettext(kind.remedy),
        "code": str(code),
    }
    if errors:
        found["errors"] = [{"field": e.field, "code": e.code, "message": e.message} for e in errors]
    return found


def answer(code: Code, detail: str = "") -> JsonResponse:
    """A problem as an answer of Django's own: for what never gets as far as a view of the API."""
    found = JsonResponse(
        body(code, detail), status=TABLE[code].status, content_type=MEDIA_TYPE, json_dumps_params={"ensure_ascii": False}
    )
    found.headers["Cache-Control"] = "no-store"
    return found


def handle(exception: Exception, context: Mapping[str, Any]) -> Response | None:
    """What views raise, as a problem. What nobody foresaw is left to Django, which logs it and asks `sharespine.errors`."""
    problem = as_problem(exception)
    if problem is None:
        return None
    headers = dict(problem.headers)
    if problem.status_code == 401:
        refused = problem.code != Code.NOT_AUTHENTICATED
        headers["WWW-Authenticate"] = f'{CHALLENGE}, error="invalid_token"' if refused else CHALLENGE
    elif problem.code == Code.SCOPE_MISSING:
        headers["WWW-Authenticate"] = f'{CHALLENGE}, error="insufficient_scope"'
    return Response(problem.body(), status=problem.status_code, headers=headers, content_type=MEDIA_TYPE)


#: What the framework raises, and what we call it. The first that fits counts.
_KNOWN: tuple[tuple[type[Exception], Code], ...] = (
    (exceptions.ParseError, Code.INVALID_JSON),
    (exceptions.NotAuthenticated, Code.NOT_AUTHENTICATED),
    (exceptions.AuthenticationFailed, Code.KEY_INVALID),
    (exceptions.PermissionDenied, Code.NOT_PERMITTED),
    (PermissionDenied, Code.NOT_PERMITTED),
    (exceptions.NotFound, Code.NOT_FOUND),
    (Http404, Code.NOT_FOUND),
    (exceptions.MethodNotAllowed, Code.METHOD_NOT_ALLOWED),
    (exceptions.NotAcceptable, Code.NOT_ACCEPTABLE),
    (exceptions.UnsupportedMediaType, Code.UNSUPPORTED_MEDIA_TYPE),
    (RequestDataTooBig, Code.TOO_LARGE),
    (SuspiciousOperation, Code.INVALID_REQUEST),
)


def as_problem(exception: Exception) -> Problem | None:
    """`exception` as a problem; None for what nobody foresaw. Words of the framework are ours to say better."""
    if isinstance(exception, Problem):
        return exception
    if isinstance(exception, exceptions.ValidationError):
        return Problem(Code.INVALID_REQUEST, errors=list(field_errors(exception.detail)))
    if isinstance(exception, exceptions.NotAuthenticated) and exception.status_code == 403:
        # Where one comes in by a session there is nothing that a header could be asked for.
        return Problem(Code.NOT_PERMITTED)
    return next((Problem(code) for kind, code in _KNOWN if isinstance(exception, kind)), None)


def field_errors(detail: Any, path: str = "") -> Iterator[FieldError]:
    """The errors of a serializer, flat: each with the path of its field."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from field_errors(inner, ".".join(filter(None, (path, own))))
    elif isinstance(detail, list | tuple):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list | tuple)
            yield from field_errors(inner, f"{path}.{index}" if nested else path)
    else:
        yield FieldError(path, str(getattr(detail, "code", "invalid")), str(detail))
