"""The lists stay quick when the orders become many: what they ask is answered by indexes, on both databases."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from flows import finding
from sharespine.lib.admin import CappedPaginator
from tests.benchmarks import admin as benchmark
from tests.benchmarks import filling
from tests.browser import seed

pytestmark = pytest.mark.django_db
ORDERS = 20_000
#: No question looks at more rows than this, whatever is asked for.
LOOKED_AT = 2500
PAGES = ("list", "search", "ctrl-k", "start", "runs")
#: The last page is another one here, where counting ends sooner.
NAMES = [name for name in benchmark.pages(benchmark.NOWHERE) if name.startswith(PAGES) and name != "list: last page"]


@pytest.fixture(scope="module")
def facts(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """A filled database, for all tests of this module, gone after them."""
    with django_db_blocker.unblock(), transaction.atomic():
        filling.fill(ORDERS)
        yield {**filling.facts(), "user": seed.user()}
        transaction.set_rollback(True)


@pytest.mark.parametrize("name", NAMES)
def test_a_page_looks_at_few_rows(name: str, facts: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CappedPaginator, "ceiling", 500)
    monkeypatch.setattr(finding, "NEWEST", 500)
    client = Client()
    client.force_login(facts["user"])
    with CaptureQueriesContext(connection) as asked:
        assert client.get(benchmark.pages(facts)[name]).status_code == 200
    assert len(asked) <= 15
    questions = [q["sql"] for q in asked if re.search(r'FROM "flows_(transfer|run)"', q["sql"])]
    assert questions
    wrong = {question: plan for question in questions if (plan := too_much(question))}
    assert wrong == {}


def too_much(question: str) -> str:
    """What the database would do to answer, where that is more than it may."""
    return too_much_of("transfer|run", question)


def too_much_of(tables: str, question: str) -> str:
    """The same, for a question that asks about one of `tables`: names without that of the app, with bars between."""
    return _on_postgresql(question) if connection.vendor == "postgresql" else _on_sqlite(tables, question)


def _on_postgresql(question: str) -> str:
    # So small a table it would sometimes rather read through, however well an index fits; or gather all that fit before it
    # takes as many as are asked for. Which of them is cheaper hangs on statistics that are drawn by chance.
    return _planned(question, without=["seqscan"]) and _planned(question, without=["seqscan", "bitmapscan"])


def _planned(question: str, *, without: list[str]) -> str:
    with transaction.atomic(), connection.cursor() as cursor:
        for way in without:
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {question}")
        plan = cursor.fetchone()[0]
        for way in without:
            cursor.execute(f"SET LOCAL enable_{way} = on")
    plan = plan if isinstance(plan, list) else json.loads(plan)
    most = max(_looked_at(plan[0]["Plan"]))
    return f"{most} rows: {json.dumps(plan)}" if most > LOOKED_AT else ""


def _looked_at(node: dict[str, Any]) -> Iterator[int]:
    rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    yield rows * node["Actual Loops"]
    for child in node.get("Plans", ()):
        yield from _looked_at(child)


def _on_sqlite(tables: str, question: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {question.replace('%', '%%')}")
        lines = [row[3] for row in cursor.fetchall()]
    through_all = [line for line in lines if re.fullmatch(rf"SCAN flows_({tables})( USING INTEGER PRIMARY KEY)?", line)]
    # Without a condition it walks along the key, and ends at the limit; so does what only carries counts.
    allowed = (" WHERE " not in question and " LIMIT " in question) or question.endswith('."id" ASC LIMIT 1')
    return "" if allowed or not through_all else "; ".join(lines)
