"""What any day in the shops found, each as a short story that stays told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.base import Register
from connectors.errors import ServerFailed, TimedOut
from connectors.progress import Milestone
from flows.models import Flow, Item, Transfer
from tests.stateful.article_checks import ArticleChecker
from tests.stateful.checks import Checker
from tests.stateful.house import MINUTE, opened
from tests.stateful.market import Market
from tests.stateful.status_machine import RULES
from tests.stateful.workers import Plan

pytestmark = pytest.mark.thorough


@pytest.fixture
def market(db: None) -> Iterator[Market]:
    with opened(datetime(2026, 11, 2, 9, 30, 15, 123_456, UTC), Market) as market:
        market.only(Register.PRODUCTS, Register.PRICES, Register.STOCK, Register.STATUS)
        market.rest(rounds=1)
        yield market


def offered(market: Market, number: str = "A-1", shop: str = "wool") -> Decimal:
    return market.shops[shop].shelf.of(number).quantity


def run(market: Market, register: Register | None = None, plan: Plan | None = None) -> None:
    """One run of the flow of `register` of the first shop, of its orders without one, and of no other."""
    pk = market.flows["wool"] if register is None else market.others["wool", register]
    Flow.objects.update(next_run_at=market.clock.true + timedelta(days=1))
    Flow.objects.filter(pk=pk).update(next_run_at=None, queued_at=None)
    market.tick("north")
    market.work("north", plan)
    Flow.objects.update(next_run_at=None)


def test_an_article_with_a_new_number_is_not_written_to_the_one_that_it_was(market: Market) -> None:
    checker = Checker(market)
    ArticleChecker(market, checker)
    market.erp.shelf.renumber("Artikel A-1", "B-1")
    market.erp.shelf.change("B-1", quantity=Decimal(4))
    market.rest()
    checker.check()
    assert offered(market, "B-1") == 4
    assert offered(market, "A-1") == 10


def test_stock_that_could_not_be_read_anew_is_not_told_as_if_the_order_were_counted(market: Market) -> None:
    market.sell("wool", {"A-1": 3})
    run(market)
    assert len(market.erp.documents) == 1
    market.clock.advance(5 * MINUTE)
    market.erp.fail_next("list", ServerFailed())
    run(market, Register.STOCK)
    assert offered(market) == 7
    market.rest()
    assert offered(market) == 7


def test_an_order_that_comes_in_while_stock_is_written_is_taken_off(market: Market) -> None:
    """What was sold was reckoned before, for the articles that the run took on first."""
    for number in range(1, 7):
        market.erp.shelf.add(f"C-{number}", quantity=Decimal(8))
    Flow.objects.filter(pk=market.flows["wool"]).update(trigger_statuses=["completed"])
    run(market, Register.PRODUCTS)
    market.shops["wool"].shelf.change("C-6", quantity=Decimal(8))
    run(market, Register.STOCK, Plan("shop:putting", freeze=True))
    (worker,) = market.workers.frozen
    assert Item.objects.filter(flow=market.others["wool", Register.STOCK], due_at__isnull=False).exists()
    market.sell("wool", {"C-6": 2}, status="pending")
    Flow.objects.filter(pk=market.flows["wool"]).update(next_run_at=None, queued_at=None)
    market.tick("south")
    market.work("south")
    assert Transfer.objects.count() == 1
    market.workers.wake(worker)
    market.rest(rounds=2)
    assert offered(market, "C-6") == 6


def test_an_order_that_was_in_doubt_is_taken_off_no_longer_once_it_is_found(market: Market) -> None:
    """The ERP counts it and has lost its answer: for a while it is taken off twice, but not until the next day."""
    market.erp.fail_next("answer lost", TimedOut(outcome_unknown=True))
    market.sell("wool", {"A-1": 3})
    run(market)
    run(market, Register.STOCK)
    assert Transfer.objects.get().state == Transfer.State.UNCERTAIN
    assert offered(market) == 4
    market.rest(rounds=3)
    assert Transfer.objects.get().state == Transfer.State.SENT
    assert offered(market) == 7


def test_a_draft_that_was_booked_is_held_back_no_longer(market: Market) -> None:
    market.erp.kind = "draft"
    market.sell("wool", {"A-1": 3})
    market.rest(rounds=1)
    assert offered(market) == 7
    assert market.erp.shelf.of("A-1").quantity == 10
    market.clock.advance(timedelta(hours=2))
    market.pass_("WOOL-1", Milestone.INVOICED)
    # The stock is read before the status is.
    run(market, Register.STOCK)
    market.rest(rounds=6)
    assert offered(market) == 7
    assert market.erp.shelf.of("A-1").quantity == 7


def test_an_article_that_was_made_anew_takes_the_place_of_the_one_that_is_gone(market: Market) -> None:
    market.erp.shelf.remove("A-1")
    market.erp.shelf.add("A-1", name="Nygammal", quantity=Decimal(2), regular=Decimal(1))
    market.rest()
    assert Item.objects.filter(number="A-1", error_code="Duplicate").exists()
    market.clock.advance(timedelta(hours=25))
    market.rest()
    assert not Item.objects.filter(error_code="Duplicate").exists()
    assert market.shops["wool"].shelf.of("A-1").product.name == "Nygammal"
    assert offered(market) == 2


def test_an_article_that_is_gone_from_the_erp_is_left_as_it_is_though_it_sells(market: Market) -> None:
    market.erp.shelf.remove("A-1")
    market.clock.advance(timedelta(hours=25))
    market.rest()
    market.shops["wool"].shelf.change("A-1", quantity=Decimal(5))
    market.sell("wool", {"A-1": 1})
    market.clock.advance(timedelta(hours=25))
    market.rest()
    assert offered(market) == 4
    assert {item.state for item in Item.objects.filter(number="A-1")} == {"skipped"}


def test_an_order_that_the_erp_cancelled_is_no_news_to_it_though_its_worker_died(market: Market) -> None:
    """The shop had been told, and nobody had noted that yet."""
    Flow.objects.filter(pk=market.others["wool", Register.STATUS]).update(rules=RULES)
    market.sell("wool", {"A-1": 1})
    run(market)
    run(market, Register.STATUS)
    market.pass_("WOOL-1", Milestone.CANCELLED)
    market.clock.advance(timedelta(hours=2))
    # A document that is missing is asked for once more before it is taken for cancelled.
    run(market, Register.STATUS)
    market.clock.advance(timedelta(hours=2))
    run(market, Register.STATUS, Plan("after_write"))
    assert market.shops["wool"].orders["1"].status == "cancelled"
    run(market)
    transfer = Transfer.objects.get()
    assert transfer.payload["cancelled"]
    assert not transfer.attention
