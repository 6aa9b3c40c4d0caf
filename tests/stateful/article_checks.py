"""What must hold of articles after every step and in the end, seen from what the shops and the ERP have."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.articles import Price, Product, StockLevel
from connectors.base import Change, Register
from connectors.errors import WhoActs
from flows.ledger.items import key_of
from flows.models import Item, Run, Transfer
from sharespine.lib.money import ZERO, cents, decimal
from tests.stateful.checks import Checker
from tests.stateful.market import SHOPS, UNPAID, Market

VAT = Decimal("1.25")
MORE_THAN_A_DAY = timedelta(hours=25)
#: So long, a draft that nobody books is held back.
DRAFTS = timedelta(days=5)


class ArticleChecker:
    """Watches a market. What is found wrong in the middle of a write is kept by the checker of orders, which is told first."""

    def __init__(self, market: Market, checker: Checker) -> None:
        self.market, self.checker = market, checker
        #: What people changed in a shop by hand, and to what: it stays until the ERP says something new of it.
        self.by_hand: dict[tuple[str, str, str], Any] = {}
        self.items = 0
        for name in SHOPS:
            market.shops[name].shelf.on_change = partial(self.on_change, name)

    # --- while an article is written --------------------------------------------------------------------------------------

    def on_change(self, shop: str, register: Register, change: Change) -> None:
        record, erp = change.record, self.market.erp.shelf
        if isinstance(record, StockLevel):
            most = self.most(shop, record)
            if record.quantity > most:
                self.checker.wrong.append(f"{change.key} in {shop} was told to be {record.quantity}, and is {most} at most")
        elif isinstance(record, Product) and record.name not in erp.ever[key_of(change.key)]:
            self.checker.wrong.append(f"{change.key} in {shop} was named {record.name}, which the ERP never said")
        elif isinstance(record, Price) and record.regular not in erp.ever[key_of(change.key)]:
            self.checker.wrong.append(f"{change.key} in {shop} was to cost {record.regular}, which the ERP never said")
        held = self.market.shops[shop].shelf.held.get(change.target_id)
        if held is not None and key_of(held.product.article_number) != key_of(change.key):
            self.checker.wrong.append(f"what is {change.key} in the ERP was written to {held.product.article_number} in {shop}")

    def most(self, shop: str, level: StockLevel) -> Decimal:
        """What the shop may be told at most, by what was read and what was captured before the run that writes it began."""
        item = Item.objects.get(flow=self.market.others[shop, Register.STOCK], source_id=level.source_id)
        told = [said for said in self.market.erp.shelf.said[item.source_id] if said.at <= item.seen_at][-1]
        run = Run.objects.get(owner=str(self.market.workers.running), state=Run.State.RUNNING)
        known = Transfer.objects.filter(kind=Transfer.Kind.ORDER, erp=run.flow.connection.erp, created_at__lt=run.started_at)
        now = self.market.clock.true
        sold = ZERO
        for transfer in known:
            assert transfer.placed_at is not None
            given_up = transfer.state == Transfer.State.SKIPPED and transfer.placed_at < now - UNPAID
            given_up |= transfer.target_kind == "draft" and transfer.sent_at is not None and transfer.sent_at < now - DRAFTS
            if transfer.payload["cancelled"] or transfer.reference in told.counted or given_up:
                continue
            for line in transfer.payload["lines"]:
                if key_of(line["article_number"]) == item.key:
                    sold += decimal(line["quantity"])
        return max(told.quantity - sold, ZERO)

    # --- after every step -------------------------------------------------------------------------------------------------

    def check(self) -> None:
        for name in SHOPS:
            numbers = Counter(key_of(number) for number in self.market.shops[name].shelf.numbers())
            twice = [number for number, times in numbers.items() if times > 1]
            assert not twice, f"{name} has {twice} twice"
        items = Item.objects.count()
        assert items >= self.items, "an item has vanished"
        self.items = items

    # --- in the end -------------------------------------------------------------------------------------------------------

    def all_is_as_in_the_erp(self) -> None:
        market = self.market
        for held in market.erp.shelf.held.values():
            number = held.product.article_number
            for name in SHOPS:
                self._is_as_in_the_erp(name, number)
        for item in Item.objects.all():
            about = f"{item.number} of {item.flow}"
            assert item.state in (Item.State.DONE, Item.State.SKIPPED, Item.State.STOPPED), f"{about} is still under way"
            if item.state != Item.State.DONE:
                assert item.message.message, f"{about} does not say why"
            if item.state == Item.State.STOPPED:
                assert item.acts != WhoActs.NOBODY, f"{about} does not say who acts"

    def _is_as_in_the_erp(self, shop: str, number: str) -> None:
        market = self.market
        theirs, ours = market.erp.shelf.of(number), market.shops[shop].shelf.find(number)
        about = f"{number} in {shop}"
        for register in (Register.PRODUCTS, Register.PRICES, Register.STOCK):
            item = Item.objects.filter(flow=market.others[shop, register], source_id=theirs.product.source_id).first()
            assert item is not None, f"{about} was never captured ({register})"
            assert item.state == Item.State.DONE, f"{about} ({register}): {item.state}, {item.message}"
        assert ours is not None, f"{about} is not there"
        available = max(theirs.quantity - market.uncounted(number), ZERO)
        for what, have, wanted in (
            ("name", ours.product.name, theirs.product.name),
            ("price", ours.regular, cents(theirs.regular * VAT)),
            ("stock", ours.quantity, available),
        ):
            by_hand = self.by_hand.get((shop, key_of(number), what))
            assert have == wanted or (by_hand is not None and have == by_hand), f"the {what} of {about} is {have}, not {wanted}"


def puts(market: Market) -> int:
    """How often anything was written to a shop."""
    return sum(len(market.shops[name].shelf.puts) for name in SHOPS)
