"""Each page of the portal and each call of the API asks the database as often for fifty rows of everything as for a few."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from billing.models import AddOn, ApiKey, Contact, Entry, Grant, Invitation, Membership, OrderMonth, PackageRequest
from billing.models.packages import Feature
from flows.models import Connection, Endpoint, Event, Flow, HookMessage, Item, Run, Transfer, Webhook
from tests.benchmarks import doors
from tests.security import callers
from tests.security.callers import Caller
from tests.security.marks import OWN
from tests.security.merchants import Merchant, merchant
from tests.security.places import Address, addresses, places

pytestmark = pytest.mark.django_db
MORE = 50
#: More than any page asks: each question costs a round trip.
MOST = 25


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: Any) -> Iterator[Merchant]:
    """A merchant with a few rows of everything, gone after the tests of this module."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield merchant(OWN)
        transaction.set_rollback(True)


def test_no_page_and_no_call_asks_more_questions_of_more_rows(made: Merchant) -> None:
    pages = list(_pages(made))
    assert len(pages) > 40
    # What is worked out once in a process is not a matter of rows.
    _counts(pages)
    few = _counts(pages)
    with transaction.atomic():
        multiply()
        many = _counts(pages)
        transaction.set_rollback(True)
    assert {name: (few[name], many[name]) for name in few if few[name] != many[name]} == {}
    assert {name: n for name, n in many.items() if n > MOST} == {}


def test_every_page_is_measured_among_many_rows(made: Merchant) -> None:
    """Whatever is added to the portal or the API is added to the measurements, too."""
    measured = {resolve(path.partition("?")[0]).route for path in (*_of(doors.pages), *_of(doors.calls), *_of(doors.public))}
    shown = {address.place.route for caller, address in _pages(made) if _opened(caller, address) == 200}
    assert {route for route in shown if not route.startswith("api/v1/docs/")} - measured == set()


def _of(paths: Callable[[dict[str, Any]], dict[str, str]]) -> Iterator[str]:
    return iter(paths(defaultdict(lambda: "1")).values())


def _pages(made: Merchant) -> Iterator[tuple[Caller, Address]]:
    """All pages of the portal with an administrator, all calls with a key."""
    owner, *_others = callers.members(made)
    keys = callers.keys(made)[:3]
    for place in places():
        for address in addresses(place) if place.is_of_customer or place.door == "api" else ():
            if not address.is_foreign:
                yield from ((caller, address) for caller in ([owner] if place.is_of_customer else keys))


def _opened(caller: Caller, address: Address) -> int:
    """Open a page, and read a file to its end, where it closes. Returns the status."""
    answer: Any = caller.client.get(address.path)
    _ = answer.getvalue() if answer.streaming else answer.content
    return int(answer.status_code)


def _counts(pages: list[tuple[Caller, Address]]) -> dict[str, int]:
    """How many questions each page asks, of those that are shown."""
    found = {}
    for caller, address in pages:
        cache.clear()
        with CaptureQueriesContext(connection) as asked:
            status = _opened(caller, address)
        assert status < 500, address.path
        if status == 200:
            found[f"{address.path} ({caller.name})"] = len(asked)
    return found


def multiply() -> None:
    """Fifty more rows of everything that hangs on a merchant."""
    user = Membership.objects.filter(role="owner").get().user
    _more(Connection, name=lambda n: f"Koppling {n}")
    _more(Endpoint, code=lambda n: f"X{n}", name=lambda n: f"System {n}")
    connections = iter(Connection.objects.filter(name__startswith="Koppling"))
    _more(Flow, connection=lambda n: next(connections))
    _more(Run, first={"state": "done"})
    _more(Transfer, source_id=str, reference=str, number=str)
    _more(Transfer, first={"state": "sent"}, source_id=lambda n: f"s{n}", reference=lambda n: f"s{n}")
    _more(Event)
    _more(Item, source_id=str, number=str)
    _more(Item, first={"state": "done"}, source_id=lambda n: f"s{n}")
    _more(Entry, first={"kind": "work"}, key=lambda n: f"x{n}")
    _more(OrderMonth, month=lambda n: f"{1950 + n}-01-01")
    _more(ApiKey, first={"revoked_at": None}, prefix=lambda n: f"shs_{n}")
    _more(Invitation, email=lambda n: f"ny{n}@example.se", token_hash=str)
    _more(Contact)
    _more(Grant, first={"feature": Feature.PLUGINS})
    _more(AddOn)
    _more(PackageRequest, first={"state": "declined"})
    _more(Webhook, first={"state": "active"})
    _more(HookMessage, uid=lambda n: f"{n:032x}")
    for n in range(MORE):
        user.pk, user.username = None, f"user-{n}"
        user.save()
        Membership.objects.create(user=user, customer_id=OWN.number(1), role="reader")


def _more(model: type[Model], *, first: dict[str, Any] | None = None, **columns: Callable[[int], Any]) -> None:
    """Copies of a row of a model, with what must differ between them."""
    rows: Any = model._default_manager
    original = rows.filter(**(first or {})).order_by("pk")[0]
    for n in range(MORE):
        original.pk = None
        original._state.adding = True
        for column, value in columns.items():
            setattr(original, column, value(n))
        original.save()
