"""The list of items stays quick when they become many: what it asks is answered by indexes, on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from connectors import registry
from flows import connecting
from flows.models import Flow, Item
from sharespine.lib.admin import CappedPaginator
from tests.flows import pairs
from tests.flows.test_admin_growth import too_much_of

pytestmark = pytest.mark.django_db
ITEMS = 20_000
QUERIES = (
    "",
    "p=10",
    "state__exact=stopped",
    "state__exact=retrying",
    "state__exact=done",
    "register=stock",
    "register=stock&state__exact=stopped",
    "flow__id__exact={large}",
    "flow__id__exact={small}",
    "flow__id__exact={large}&state__exact=waiting",
    "flow__connection__customer__id__exact={customer}&state__exact=stopped",
    "q=ART-19999",
    "q=art-1999",
    "q=nowhere",
)


@pytest.fixture(scope="module")
def facts(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """A flow with nine of ten items, and one with the rest; gone after the tests of this module."""
    with django_db_blocker.unblock(), transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        for key in ("shop", "erp"):
            patch.setitem(registry.SYSTEMS, f"pair_{key}", f"tests.pairs.{key}")
        made = pairs.connection("800", edition="client")
        connecting.add_shop(made, pairs.shop(made), actor="siv")
        connecting.choose_main_flow(made, "erp", actor="siv")
        large, small = (Flow.objects.get(connection=made, register=register).pk for register in ("stock", "products"))
        Item.objects.bulk_create([_item(n, small if n % 10 == 0 else large) for n in range(ITEMS)], batch_size=2000)
        if connection.vendor == "postgresql":
            # As its autovacuum does; SQLite is never asked to.
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE flows_item")
        user = User.objects.create_superuser("sara")
        yield {"large": large, "small": small, "customer": made.customer_id, "user": user}
        transaction.set_rollback(True)


def _item(n: int, flow: int) -> Item:
    state = {0: Item.State.STOPPED, 1: Item.State.RETRYING, 2: Item.State.WAITING}.get(n % 100, Item.State.DONE)
    return Item(flow_id=flow, source_id=str(n), key=f"art-{n}", number=f"ART-{n}", state=state, seen_at=timezone.now())


@pytest.mark.parametrize("query", QUERIES)
def test_a_page_of_items_looks_at_few_rows(query: str, facts: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("shop", "erp"):
        monkeypatch.setitem(registry.SYSTEMS, f"pair_{key}", f"tests.pairs.{key}")
    monkeypatch.setattr(CappedPaginator, "ceiling", 500)
    client = Client()
    client.force_login(facts["user"])
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/admin/flows/item/?" + query.format(**facts)).status_code == 200
    assert len(asked) <= 15
    questions = [q["sql"] for q in asked if re.search(r'FROM "flows_item"', q["sql"])]
    assert questions
    assert {question: plan for question in questions if (plan := too_much_of("item", question))} == {}


def test_the_page_of_a_flow_counts_no_further_than_lists_do(facts: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("shop", "erp"):
        monkeypatch.setitem(registry.SYSTEMS, f"pair_{key}", f"tests.pairs.{key}")
    client = Client()
    client.force_login(facts["user"])
    page = client.get(f"/admin/flows/flow/{facts['large']}/change/")
    counts = {state: n for state, _label, n in page.context["item_counts"]}
    assert counts == {"waiting": 200, "retrying": 200, "stopped": 0, "skipped": 0, "done": 10_000}
