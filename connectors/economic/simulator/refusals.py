"""Error bodies in the shape that the live server gives them (recorded 2024–2026), which is not the documented one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.economic.simulator.validation import Problem
from connectors.sandbox_wire import Response


class Refused(Exception):
    """The call is answered with `response` instead of being carried out."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def refused(status: int, message: str, *, at: datetime, code: str = "", hint: str = "", **extra: Any) -> Refused:
    body: dict[str, Any] = {"message": message}
    if code:
        body["errorCode"] = code
    body["developerHint"] = hint or "Inspect the request and try again."
    body["logId"] = hashlib.md5(f"{message}{at}".encode(), usedforsecurity=False).hexdigest()[:16] + "-CPH"
    body["httpStatusCode"] = status
    body |= extra
    body["logTime"] = at.strftime("%Y-%m-%dT%H:%M:%S")
    return Refused(Response(status, body))


def missing(at: datetime) -> Refused:
    return refused(404, "Resource not found.", at=at, code="E06000")


def invalid(problems: Sequence[Problem], *, at: datetime) -> Refused:
    """400 with E04300 around all `problems`. Where a nested property stands is ASSUMED from the two recorded samples."""
    errors: dict[str, Any] = {}
    for problem in problems:
        _place(errors, problem)
    count = len(problems)
    message = f"Validation failed. {count} error{'s' if count != 1 else ''} found."
    hint = "Inspect validation errors and correct your request."
    return refused(400, message, at=at, code="E04300", hint=hint, errors=errors, errorCount=count)


def _place(errors: dict[str, Any], problem: Problem) -> None:
    node = errors
    for step in problem.path:
        if isinstance(step, int):
            items: list[dict[str, Any]] = node.setdefault("items", [])
            found = next((item for item in items if item["arrayIndex"] == step), None)
            if found is None:
                found = {"arrayIndex": step}
                items.append(found)
            node = found
        else:
            node = node.setdefault(step, {})
    entry: dict[str, Any] = {"propertyName": str(problem.path[-1]) if problem.path else "", "errorMessage": problem.message}
    if problem.code:
        entry["errorCode"] = problem.code
    entry["inputValue"] = problem.value
    node.setdefault("errors", []).append(entry)
