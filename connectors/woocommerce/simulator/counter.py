"""What a merchant and the buyers do by hand in the simulated shop, and what follows from it: stock, notes and mails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connectors.capabilities import Register
from connectors.sandbox import Sandbox, SeenArticle, SeenOrder
from connectors.woocommerce.simulator import hooks, seeded, shelf
from connectors.woocommerce.simulator.access import Access
from connectors.woocommerce.simulator.cart import Cart, Item
from connectors.woocommerce.simulator.catalogue import catalogue
from connectors.woocommerce.simulator.goods import Goods
from connectors.woocommerce.simulator.goods_routes import GoodsRoutes
from connectors.woocommerce.simulator.letters import Letters
from connectors.woocommerce.simulator.listing import HIDDEN, Listing
from connectors.woocommerce.simulator.orders import Orders, Wire
from sharespine.lib.clock import utcnow

#: What is sold is off the shelf in these (measured 2026-11-21).
_RESERVING = ("processing", "on-hold", "completed")


class Counter(Sandbox):
    """The shop without its API. Empty until `seed_orders` and `seed_articles`, unless a seed is given."""

    def __init__(self, *, seed: int = 0, journal: Path | None = None, clock: Callable[[], datetime] = utcnow) -> None:
        super().__init__(seed=seed, journal=journal, clock=clock)
        self.zone = ZoneInfo("Europe/Stockholm")
        self.name = "Testbutiken"
        self.prices_include_tax = True
        self.is_tls = False
        self.access = Access("ck_1111111111111111111111111111111111111111", "cs_2222222222222222222222222222222222222222")
        self.webhook_secret = "a-secret-for-webhooks"
        self.listing = Listing(self.zone)
        self.orders = Orders(self.zone, self.now)
        self.letters = Letters(self.zone, self.now)
        self.goods = Goods(self.zone, self.now)
        self.goods_routes = GoodsRoutes(self.goods, self.listing, self._product_happened)
        self.catalogue = catalogue()
        self.statuses = dict(seeded.STATUSES)
        self.hooks: dict[int, hooks.Hook] = {}
        #: source id → "arrives", "stops: why" or "excluded: why", for a flow with the statuses processing and completed.
        self.expectations: dict[str, str] = {}
        self._due: list[tuple[int, str, int]] = []
        self._reserved: set[int] = set()
        if seed:
            self.seed_orders()
            self.seed_articles()

    def endpoint_options(self, address: str) -> dict[str, str]:
        options = {
            "address": address,
            "consumer_key": self.access.key,
            "consumer_secret": self.access.secret,
            "webhook_secret": self.webhook_secret,
            "organisation_number_field": seeded.ORGANISATION_NUMBER_FIELD,
            "gift_card_fees": seeded.GIFT_CARD_FEE,
        }
        return {**options, "sign_in": "basic"} if self.is_tls else options

    def flow_options(self, register: Register = Register.ORDERS) -> dict[str, Any]:
        if register is Register.PRICES:
            return {"currency": "SEK", "prices_include_vat": self.prices_include_tax}
        return {}

    @property
    def violations(self) -> list[str]:
        """Whatever a careful client would never have sent."""
        return self.goods_routes.violations

    def seed_orders(self, count: int = 500) -> None:
        """Fill the shop with the first `count` of its 500 orders of October and November 2026."""
        with self.lock:
            self.expectations |= seeded.seed(self.orders, self.catalogue, self.random, count)

    def seed_articles(self, quantity: int = 100) -> None:
        """Put the articles of those orders on the shelf, `quantity` of each."""
        with self.lock:
            shelf.stocked(self.goods, self.catalogue, quantity)

    def place_order(self, cart: Cart | None = None, *, at: datetime | None = None, **overrides: Any) -> str:
        """A new order of two socks in status processing, or of `cart`. Returns its id. `overrides` are fields on the wire."""
        with self.lock:
            cart = cart or Cart(items=(Item(self.catalogue[0], 2),))
            order = self.orders.place(cart, at=at or self.now(), overrides=overrides)
            self._follow(order, "")
            self.letters.mails.pop(order["id"], None)
            self._happened("created", order)
            self._happened("updated", order)
            return str(order["id"])

    def sell(self, article_number: str, quantity: int = 1, **overrides: Any) -> str:
        """An order of one article on the shelf, in status processing; its id. What is sold is off the stock at once."""
        with self.lock:
            wire = self.goods.with_sku(article_number)
            if wire is None:
                raise LookupError(article_number)
            return self.place_order(Cart(items=(Item(shelf.sold(wire), quantity),)), **overrides)

    def touch_order(self, source_id: str, *, at: datetime | None = None) -> None:
        """Modified now, or at another time; nothing else changes."""
        with self.lock:
            order = self.orders.by_id[int(source_id)]
            self.orders.touch(order, at)
            self._happened("updated", order)

    def change_order(self, source_id: str, **changes: Any) -> None:
        """Fields as on the wire; objects are merged."""
        with self.lock:
            order = self.orders.by_id[int(source_id)]
            before = order["status"]
            self.orders.change(order, changes)
            self._follow(order, before)
            self._happened("updated", order)

    def refund_order(
        self, source_id: str, amount: Decimal | None = None, *, reason: str = "", rows: Mapping[int, int] | None = None
    ) -> None:
        """`amount` with VAT, or all of it; or `rows`: so many of each article row, by the row's id."""
        with self.lock:
            order = self.orders.by_id[int(source_id)]
            before = order["status"]
            if rows:
                self.orders.take_back(order, rows, reason)
            else:
                self.orders.give_back(order, Decimal(order["total"]) if amount is None else amount, reason)
            self._follow(order, before)
            self._happened("updated", order)

    def trash_order(self, source_id: str) -> None:
        with self.lock:
            order = self.orders.remove(int(source_id), force=False)
            self._happened("deleted", order)

    def seen_orders(self) -> list[SeenOrder]:
        """Every order of the shop, whatever its status, told from its own state."""
        with self.lock:
            return [
                SeenOrder(str(order["id"]), order["number"], order["status"], Decimal(order["total"]), order["currency"])
                for order in self.orders.by_id.values()
            ]

    def mails(self, source_id: str) -> list[str]:
        """Subject and text of each e-mail to the buyer of an order since it was placed."""
        with self.lock:
            return list(self.letters.mails.get(int(source_id), ()))

    def told_of(self, source_id: str) -> str:
        """All that stands on an order and that its buyer or the merchant can read: no field that begins with _ can be."""
        with self.lock:
            order = self.orders.by_id[int(source_id)]
            notes = [note["note"] for note in self.letters.notes.get(int(source_id), ())]
            fields = [f"{row['key']}: {row['value']}" for row in order["meta_data"] if not row["key"].startswith("_")]
            return "\n".join([order["customer_note"], *notes, *fields])

    def articles(self) -> list[SeenArticle]:
        """All articles that exist, told from the shop's own state."""
        with self.lock:
            return [shelf.seen(self.goods, wire) for wire in self.goods.by_id.values() if wire["type"] != "variable"]

    def add_article(self, article_number: str, **fields: Any) -> str:
        """A new article with fields of `SeenArticle`; its id ("12/34" of variation 34). With `part_of` it is a variant."""
        with self.lock:
            parent = self.goods.by_id[int(fields["part_of"])] if fields.get("part_of") else None
            if parent is not None:
                self.goods.update(parent, shelf.widened(parent, fields.get("options", ())))
            wire = self.goods.create({**shelf.entered(self.goods, fields), "sku": article_number}, parent=parent)
            self._product_happened("created", wire)
            return shelf.seen(self.goods, wire).target_id

    def change_article(self, article_number: str, **fields: Any) -> None:
        """Fields of `SeenArticle` are different now, and the article has been modified."""
        with self.lock:
            wire = self.goods.with_sku(article_number)
            if wire is None:
                raise LookupError(article_number)
            self._product_happened("updated", self.goods.update(wire, shelf.entered(self.goods, fields)))

    def remove_article(self, article_number: str) -> None:
        """The article is no longer there."""
        with self.lock:
            wire = self.goods.with_sku(article_number)
            if wire is None:
                raise LookupError(article_number)
            self.goods.remove(wire)

    def _follow(self, order: Wire, before: str) -> None:
        """What a new status brings with it. Moving on to refunded puts nothing back (measured 2026-11-21)."""
        after = order["status"]
        if before == after:
            return
        self.letters.moved(order, before)
        if after in _RESERVING and order["id"] not in self._reserved:
            self._reserved.add(order["id"])
            self._take(order, 1)
        elif after == "cancelled" and order["id"] in self._reserved:
            self._reserved.remove(order["id"])
            self._take(order, -1)

    def _take(self, order: Wire, sign: int) -> None:
        for row in order["line_items"]:
            if self.goods.sell(row["variation_id"] or row["product_id"], sign * Decimal(row["quantity"])) is not None:
                self._product_happened("updated", self.goods.by_id[row["variation_id"] or row["product_id"]])

    def _happened(self, event: str, order: Mapping[str, Any]) -> None:
        if order["status"] not in HIDDEN or event == "deleted":
            self._hear(f"order.{event}", order["id"])

    def _product_happened(self, event: str, wire: Mapping[str, Any]) -> None:
        self._hear(f"product.{event}", wire["id"])

    def _hear(self, topic: str, number: int) -> None:
        self._due += [(hook.id, topic, number) for hook in self.hooks.values() if hook.topic == topic]
