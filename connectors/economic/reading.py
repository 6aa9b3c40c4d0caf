"""Articles, prices and stock read out of e-conomic as pages of canonical records.

An article that cannot be understood stops alone. What is kept in memory is one page, and the special prices of the price
lists that are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cached_property
from typing import Any

from connectors.articles import ListPrice, ListPrices, Price, Product
from connectors.base import Page, Query, Register, Unreadable
from connectors.economic.agreement import PAGE_SIZE, Agreement, Row, changed
from connectors.economic.assortment import Batch, changed_since
from connectors.economic.checking import check_currency
from connectors.economic.price_lists import PriceLists, SpecialPrice
from connectors.economic.products import amount, changed_at, number_of, product_from, stock_from, vat_rate_of
from connectors.economic.settings import ArticleSettings, unusable
from connectors.errors import ContractChanged
from sharespine.lib.money import ZERO


class Reading:
    """One read of a register of articles."""

    def __init__(self, agreement: Agreement, price_lists: PriceLists, settings: ArticleSettings) -> None:
        self._agreement = agreement
        self._price_lists = price_lists
        self._settings = settings

    def pages(self, query: Query) -> Iterator[Page]:
        """The records that `query` asks for, each at least once."""
        record_of: dict[Register, Callable[[Row], Any]] = {
            Register.PRODUCTS: self._product,
            Register.PRICES: self._price,
            Register.PRICE_LISTS: self._prices_on_lists,
            Register.STOCK: stock_from,
        }
        self._look_up(query.register)
        for batch in self._batches(query):
            yield _page(batch, record_of[query.register])

    def _look_up(self, register: Register) -> None:
        """Read what concerns all articles before any of them: an error in it is not that of the first one."""
        if register in (Register.PRICES, Register.PRICE_LISTS) and not self._base_currency:
            raise changed("/self")
        if register is Register.PRODUCTS:
            self._agreement.unit_names()
        elif register is Register.PRICES:
            if self._currency != self._base_currency:
                check_currency(self._currency, self._agreement)
                self._price_lists.prices_in(self._currency)
            for key in ("price_group", "campaign_price_group"):
                self._look_up_group(key, getattr(self._settings, key))
        elif register is Register.PRICE_LISTS:
            for group in self._price_lists.groups():
                self._price_lists.special_prices(group)

    def _look_up_group(self, key: str, group: int | None) -> None:
        """Raises `InvalidRecord` for a price group that is gone: without it, all its articles would get other prices."""
        if group is None:
            return
        if group not in self._price_lists.groups():
            raise unusable(key, group)
        self._price_lists.special_prices(group)

    def _batches(self, query: Query) -> Iterator[Batch]:
        # The number is the id, too.
        if numbers := (*query.keys, *query.source_ids):
            for start in range(0, len(numbers), PAGE_SIZE):
                yield Batch(list(self._agreement.numbered(numbers[start : start + PAGE_SIZE])), None)
            return
        # Nothing tells when a special price or a price in another currency was changed or taken away: all are told.
        whole = query.register is Register.PRICE_LISTS or (query.register is Register.PRICES and self._is_on_lists)
        yield from changed_since(None if whole else query.modified_since, self._agreement)

    @cached_property
    def _base_currency(self) -> str:
        return self._agreement.base_currency().upper()

    @cached_property
    def _currency(self) -> str:
        return self._settings.currency or self._base_currency

    @cached_property
    def _is_on_lists(self) -> bool:
        settings = self._settings
        has_list = (settings.price_group, settings.campaign_price_group) != (None, None)
        return has_list or self._currency != self._base_currency

    def _product(self, row: Row) -> Product:
        return product_from(row, self._agreement.unit_names(), self._settings.product_groups)

    def _price(self, row: Row) -> Price | None:
        """None for an article without a price. ASSUMED: 0.00 is no price, since a price that was never filled in is 0.00."""
        number = number_of(row)
        ordinary = self._ordinary(row, number)
        regular = self._special(self._settings.price_group, number, ordinary)
        regular = ordinary if regular is None else regular
        if not regular:
            return None
        return Price(
            source_id=number,
            article_number=number,
            currency=self._currency,
            includes_vat=False,
            vat_rate=vat_rate_of(row, self._settings.product_groups),
            regular=regular,
            sale=self._special(self._settings.campaign_price_group, number, ordinary),
            modified_at=changed_at(row),
        )

    def _ordinary(self, row: Row, number: str) -> Decimal:
        """What the article costs everybody, in the currency of the flow, without VAT; 0 where it has no price."""
        if self._currency != self._base_currency:
            return self._price_lists.prices_in(self._currency).get(number.casefold(), ZERO)
        return amount(row, row.get("salesPrice", 0), "salesPrice")

    def _special(self, group: int | None, number: str, ordinary: Decimal) -> Decimal | None:
        """What the article costs in a price group, in the currency of the flow, without VAT; None where it is not in it."""
        special = self._price_lists.special_prices(group).get(number.casefold()) if group is not None else None
        if special is None:
            return None
        if special.percent is not None:
            return special.off(ordinary) if ordinary else None
        if self._currency == self._base_currency:
            return special.amount
        return self._price_lists.special_price_in(special, self._currency)

    def _prices_on_lists(self, row: Row) -> ListPrices:
        """All its prices on price lists, in the base currency. One that is on none is told as well: it may have been."""
        number = number_of(row)
        lists = self._price_lists
        found = ((group, name, lists.special_prices(group).get(number.casefold())) for group, name in lists.groups().items())
        return ListPrices(
            source_id=number,
            article_number=number,
            includes_vat=False,
            vat_rate=vat_rate_of(row, self._settings.product_groups),
            prices=tuple(self._on_list(group, name, special) for group, name, special in found if special is not None),
            modified_at=changed_at(row),
        )

    def _on_list(self, group: int, name: str, special: SpecialPrice) -> ListPrice:
        return ListPrice(
            list_id=str(group),
            list_name=name or str(group),
            currency=self._base_currency,
            amount=special.amount,
            percent=special.percent,
        )


def _page(batch: Batch, record_of: Callable[[Row], Any]) -> Page:
    records: list[Any] = []
    unreadable: list[Unreadable] = []
    for row in batch.rows:
        try:
            record = record_of(row)
        except ContractChanged as error:
            number = str(row.get("productNumber", ""))
            unreadable.append(Unreadable(number, number, error))
        else:
            if record is not None:
                records.append(record)
    return Page(records=tuple(records), unreadable=tuple(unreadable), reached=batch.reached)
