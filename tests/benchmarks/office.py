"""The process that `tests.benchmarks.admin` and `doors` open pages of: `python -m tests.benchmarks.office`."""

from __future__ import annotations

import os
import resource
import time
from functools import cache
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sharespine.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from flows.admin.exports import MOST  # noqa: E402
from flows.models import Item, Transfer  # noqa: E402
from tests.benchmarks import filling_doors  # noqa: E402
from tests.benchmarks.filling import facts, fill  # noqa: E402
from tests.benchmarks.wire import obey  # noqa: E402
from tests.browser import seed  # noqa: E402


def fill_up(rows: int) -> dict[str, Any]:
    """Fill the database with `rows` orders, if it is empty. Returns what pages are opened with."""
    began = time.monotonic()
    if not Transfer.objects.exists():
        fill(rows)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint(TRUNCATE)")
    return {**facts(), "filled": time.monotonic() - began}


def fill_doors(rows: int) -> dict[str, Any]:
    """The same with what merchants and their systems look at. Returns that, by whose it is."""
    began = time.monotonic()
    fill_up(rows)
    if not Item.objects.exists():
        filling_doors.fill(rows)
    # Whoever measures asks more often than anybody may.
    settings.API_LIMITS = dict.fromkeys(settings.API_LIMITS, "1000000/second")
    return {**filling_doors.facts(), "filled": time.monotonic() - began}


@cache
def _client() -> Client:
    client = Client()
    client.force_login(seed.user())
    return client


@cache
def _member(user: int) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user))
    return client


def open_page(path: str) -> dict[str, Any]:
    return _timed(_client(), path)


def open_door(path: str, user: int | None = None, bearer: str = "", body: Any = None) -> dict[str, Any]:
    """Open a page as a user, or call the API with a key or with none, sending `body` if there is one."""
    client = Client(headers={"authorization": f"Bearer {bearer}"} if bearer else {}) if user is None else _member(user)
    return _timed(client, path, body)


def _timed(client: Client, path: str, body: Any = None) -> dict[str, Any]:
    """How long an answer takes, of a file until the first of it is there, and what it asks the database."""
    asked: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    began = time.perf_counter()
    with connection.execute_wrapper(count):
        headers = {"accept-language": "sv"}
        if body is None:
            answer: Any = client.get(path, headers=headers)
        else:
            answer = client.post(path, body, content_type="application/json", headers=headers)
        if answer.streaming:
            next(iter(answer.streaming_content))
    assert answer.status_code in (200, 201), (path, answer.status_code)
    return {"ms": (time.perf_counter() - began) * 1000, "queries": len(asked)}


def export(extension: str) -> dict[str, Any]:
    """Take everything along that the format holds; how many rows, how fast, and how much more memory that took."""
    path = "/admin/flows/transfer/export/"
    choices = _client().get(path).context["form"].fields["format"].choices
    chosen = next(value for value, label in choices if label == extension)
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    answer: Any = _client().post(path, {"format": chosen, "resource": ""})
    size = lines = 0
    for part in answer.streaming_content if answer.streaming else [answer.content]:
        size += len(part)
        lines += part.count(b"\n")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000
    return {"rows": lines - 1 if extension == "csv" else MOST, "seconds": time.monotonic() - began, "grown": grown}


if __name__ == "__main__":
    setup_test_environment()
    obey({"fill": fill_up, "fill_doors": fill_doors, "open": open_page, "open_door": open_door, "export": export})
