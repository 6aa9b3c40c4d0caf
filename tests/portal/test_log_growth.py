"""The overview and the log stay quick when the orders of everybody become many: what a merchant asks is answered by indexes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import Customer, Membership
from connectors.base import Register
from flows import finding
from flows.models import Flow
from tests.benchmarks import filling
from tests.browser import seed
from tests.flows.test_admin_growth import too_much_of
from tests.portal import ledger

pytestmark = pytest.mark.django_db
ORDERS = 20_000
ASKED = (
    "", "orders/", "orders/?view=mine", "orders/?view=ours", "orders/?view=waiting", "orders/?view=held", "orders/?view=sent",
    "orders/?view=skipped", "orders/?view=changed", "orders/?view=mine&cause={cause}", "orders/?state=uncertain",
    "orders/?first={from}&last={to}", "orders/?flow={flow}", "orders/?before={middle}", "orders/?after={middle}",
    "orders/?q={number}", "orders/?q={target}", "orders/?q={reference}", "orders/?q=1", "orders/?q=anna", "orders/?q=berg",
    "orders/?q=qqq", "orders/?q=1&view=mine", "orders/{transfer}/", "orders/retry/?view=mine", "orders/retry/",
    "orders/handled/?view=changed", "orders/handled/",
    "items/", "items/?state=stopped", "items/?register=stock", "items/?q=ART-7", "items/?q=art-1", "items/retry/",
    "runs/", "runs/?state=failed", "runs/?kind=sweep", "runs/?first={from}&last={to}", "runs/?register=orders",
)  # fmt: skip


@pytest.fixture(scope="module")
def facts(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """A filled database, gone after the tests of this module."""
    with django_db_blocker.unblock(), transaction.atomic():
        filling.fill(ORDERS)
        found = filling.facts()
        for flow in Flow.objects.select_related("connection").order_by("pk")[:20]:
            ledger.items([ledger.another(flow, Register.STOCK), ledger.another(flow, Register.PRICES)], 200)
        if connection.vendor == "postgresql":
            # As its autovacuum does; SQLite is never asked to.
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE flows_item")
        customer = Customer.objects.get(pk=found["customer"])
        user = seed.user("mia", is_staff=False, is_superuser=False)
        Membership.objects.create(customer=customer, user=user)
        yield {**found, "middle": found["transfer"] - ORDERS // 2, "user": user}
        transaction.set_rollback(True)


def test_no_page_of_the_log_looks_through_what_everybody_has(facts: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "NEWEST", 200)
    client = Client()
    client.force_login(facts["user"])
    wrong: dict[str, Any] = {}
    for path in ASKED:
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(f"/portal/{facts['customer']}/{path.format(**facts)}")
        assert answer.status_code == 200, path
        questions = [q["sql"] for q in asked if re.search(r'FROM "flows_(transfer|item|run)"', q["sql"])]
        assert questions, path
        wrong |= {f"{path} {question}": plan for question in questions if (plan := too_much_of("transfer|item|run", question))}
    assert wrong == {}
