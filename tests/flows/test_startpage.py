"""The start page of a back office that is empty, or in which next to nothing is going on."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from flows.models import Transfer
from sharespine import startpage
from tests.browser import seed
from tests.customers import subscribed
from tests.flows.test_admin_pages import ADMIN


def test_the_start_page_is_calm_when_all_is_well(db: None) -> None:
    customer = subscribed("Ull AB")
    flow = seed.flow(customer)
    seed.transfer(flow, 1)
    assert startpage.of_today()["all_is_well"]
    seed.stopped(flow, 2, seed.BARRED, sku="A")
    assert not startpage.of_today()["all_is_well"]


def test_the_start_page_welcomes_who_has_nothing_yet(db: None) -> None:
    client = Client()
    client.force_login(seed.user())
    assert "billing/customer/add" in client.get(ADMIN).content.decode()


def test_an_order_that_waits_too_long_is_told(db: None) -> None:
    flow = seed.flow(subscribed("Ull AB"))
    row = seed.transfer(flow, 1, Transfer.State.WAITING)
    assert not startpage.of_today()["stuck"]
    Transfer.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(hours=1))
    assert startpage.of_today()["stuck"]
