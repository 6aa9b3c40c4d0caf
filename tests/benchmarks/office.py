"""The process of a back office that `tests.benchmarks.admin` opens pages of: `python -m tests.benchmarks.office`."""

from __future__ import annotations

import os
import resource
import time
from functools import cache
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sharespine.settings")
django.setup()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from flows.admin.exports import MOST  # noqa: E402
from flows.models import Transfer  # noqa: E402
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


@cache
def _client() -> Client:
    client = Client()
    client.force_login(seed.user())
    return client


def open_page(path: str) -> dict[str, Any]:
    asked: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    began = time.perf_counter()
    with connection.execute_wrapper(count):
        answer = _client().get(path, headers={"accept-language": "sv"})
    assert answer.status_code == 200, (path, answer.status_code)
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
    obey({"fill": fill_up, "open": open_page, "export": export})
