"""Writing products to a shop: found by article number, made where they may be, and changed in what differs only."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.articles import Product
from connectors.base import Change, Put
from connectors.errors import Conflict, ConnectorError, ContractChanged, InvalidRecord, RejectedError, Unsupported
from connectors.http import Answer, Transport
from connectors.woocommerce.batches import batch
from connectors.woocommerce.categories import Categories
from connectors.woocommerce.finding import by_number, folded
from connectors.woocommerce.goods import PRODUCT_FIELDS, place
from connectors.woocommerce.problems import not_there, of_item
from connectors.woocommerce.product_forms import check, product_body, writes
from connectors.woocommerce.settings import Settings
from connectors.woocommerce.taxes import home_rates
from connectors.woocommerce.variants import put_variants
from connectors.woocommerce.wire import Wire, identity, understood
from sharespine.lib.text import N_, Text

_ELSEWHERE = N_(
    "Variant %(variant)s of article %(article)s is an article of its own in WooCommerce. Change its article number there, or "
    "remove it, and press Retry."
)
_IS_VARIANT = N_(
    "Article %(article)s is a variant in WooCommerce: only its EAN, weight, VAT class and whether it is active were written; "
    "the rest is that of its product."
)
_CLASS_LOST = N_("WooCommerce did not take the tax class of article %(article)s. Check its tax classes and press Retry.")
#: What a variation shares with its product.
_OF_PRODUCT = ("name", "text", "short_text", "categories")


@dataclass
class _Work:
    """One change on its way. `current` is what the shop has, None for a product that is to be made."""

    change: Change
    product: Product
    current: Wire | None = None
    body: dict[str, Any] = field(default_factory=dict)
    put: Put | None = None
    #: Refused since somebody has just made it: now, and ever.
    is_taken: bool = False
    was_taken: bool = False

    def refuse(self, error: ConnectorError) -> None:
        self.put = Put(key=self.change.key, target_id=place(self.current) if self.current else "", written=False, error=error)


class Products:
    """The products of one shop. Used by several threads at once."""

    def __init__(self, api: Transport, settings: Settings) -> None:
        self._api = api
        self._settings = settings
        self._categories = Categories(api)
        self._lock = threading.Lock()
        self._rates: Mapping[str, Decimal] = {}

    def put(self, changes: Sequence[Change]) -> list[Put]:
        """What became of each. Raises what concerns all of them."""
        works = [_work(change) for change in changes]
        # At the second round those that somebody else made while they were about to be made.
        for _ in range(2):
            waiting = [work for work in works if work.put is None]
            self._look_up(waiting)
            self._send([work for work in waiting if work.put is None])
        return [work.put or Put(key=work.change.key, written=False, error=not_there(work.change.key)) for work in works]

    def _look_up(self, works: Sequence[_Work]) -> None:
        """What the shop has of each, and what is to be sent."""
        numbers = [variant.article_number for work in works for variant in work.product.variants]
        numbers += [work.product.article_number for work in works]
        found = by_number(self._api, numbers, PRODUCT_FIELDS) if works else {}
        for work in works:
            work.current = found.get(folded(work.product.article_number))
            try:
                work.body = self._body(work, found)
            except (RejectedError, ContractChanged) as error:
                work.refuse(error)

    @understood()
    def _body(self, work: _Work, found: Mapping[str, Wire]) -> dict[str, Any]:
        if work.current is None and not work.change.create:
            raise not_there(work.change.key)
        parent = identity(work.current) if work.current else 0
        for variant in work.product.variants:
            there = found.get(folded(variant.article_number))
            if there is not None and (there.get("type") != "variation" or there.get("parent_id") != parent):
                values = {"variant": variant.article_number, "article": work.product.article_number}
                raise Conflict(Text(_ELSEWHERE, values))
        return product_body(
            work.product,
            work.change.fields,
            work.current,
            rates=self._home_rates() if writes(work.change.fields, "vat_rate") else {},
            kilograms=self._settings.kilograms,
            category=self._categories.number,
        )

    def _send(self, works: Sequence[_Work]) -> None:
        groups: dict[str, list[_Work]] = {}
        for work in works:
            groups.setdefault(place(work.current).rpartition("/")[0] if work.current else "", []).append(work)
        for parent, group in groups.items():
            self._send_batch(parent, group)

    def _send_batch(self, parent: str, works: Sequence[_Work]) -> None:
        new = [work for work in works if work.current is None]
        old = [work for work in works if work.current is not None and work.body]
        items = {
            "create": [work.body for work in new],
            "update": [{"id": identity(work.current), **work.body} for work in old if work.current is not None],
        }
        items = {name: rows for name, rows in items.items() if rows}
        if items:
            answer, rows = batch(self._api, parent, items)
            for work, row in zip([*new, *old], [*rows.get("create", ()), *rows.get("update", ())], strict=True):
                self._settle(work, row, answer)
        for work in works:
            if work.put is None and not work.is_taken:
                self._finish(work)
            work.is_taken = False

    def _settle(self, work: _Work, row: Wire, answer: Answer) -> None:
        error = row.get("error")
        if not isinstance(error, dict):
            work.current = row
            if "tax_class" in work.body and row.get("tax_class") != work.body["tax_class"]:
                work.refuse(InvalidRecord(Text(_CLASS_LOST, {"article": work.change.key})))
        elif work.current is None and error.get("code") == "product_invalid_sku" and not work.was_taken:
            # Made by another at the same moment: looked up again.
            work.is_taken = work.was_taken = True
        else:
            work.refuse(of_item(error, work.change.key, answer))

    def _finish(self, work: _Work) -> None:
        """The variants, once their product is there."""
        current = work.current
        if current is None:
            return
        written, error = bool(work.body), None
        is_variation = current.get("type") == "variation"
        if work.product.variants and not is_variation and writes(work.change.fields, "variants"):
            varied, error = put_variants(
                self._api, current, work.product.variants, work.change, kilograms=self._settings.kilograms
            )
            written = written or varied
        notices: tuple[Text, ...] = ()
        if is_variation and any(writes(work.change.fields, name) for name in _OF_PRODUCT):
            notices = (Text(_IS_VARIANT, {"article": work.change.key}),)
        work.put = Put(
            key=work.change.key,
            target_id=place(current),
            written=written and error is None,
            error=error,
            notices=() if error else notices,
        )

    def _home_rates(self) -> Mapping[str, Decimal]:
        """VAT in percent by tax class. Asked for again as long as there is none."""
        with self._lock:
            if not self._rates:
                self._rates = home_rates(self._api, self._settings.home_country)
            return self._rates


def _work(change: Change) -> _Work:
    if not isinstance(change.record, Product):
        raise Unsupported()
    work = _Work(change, change.record)
    try:
        check(change.record)
    except RejectedError as error:
        work.refuse(error)
    return work
