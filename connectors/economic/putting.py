"""Articles brought to where they are to be: created, or replaced with what is there and some of it changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import simplejson

from connectors.articles import Product
from connectors.base import Change, Put
from connectors.economic.agreement import Agreement, Row
from connectors.economic.articles import NOT_THERE
from connectors.economic.cutting import Cutter
from connectors.economic.product_bodies import NUMBER_LENGTH, changed_body, checked_number, kept_body, new_body
from connectors.economic.products import number_of
from connectors.economic.queries import product_path
from connectors.economic.sending import Deadline, Sender, row_of
from connectors.economic.settings import ArticleSettings
from connectors.errors import Missing, RejectedError
from connectors.http import Transport
from sharespine.lib.text import Text

#: Seconds for one put: the engine's claim lasts little longer. What is not made by then is made by the next attempt, which
#: finds the rest as it is to be.
_SECONDS = 15.0
#: What each article is given at least: below that it is not begun.
_FOR_ONE = 2.0


class Putting:
    """One put of articles."""

    def __init__(self, transport: Transport, agreement: Agreement, settings: ArticleSettings) -> None:
        self._agreement = agreement
        self._settings = settings
        self._sender = Sender(transport, Deadline.after(_SECONDS))

    def put(self, changes: Sequence[Change]) -> list[Put]:
        """What became of each change. Raises what concerns all of them, `TimedOut` when there was no time for all."""
        units = self._agreement.unit_names()
        numbers = {change.key.strip() for change in changes}
        usable = sorted(number for number in numbers if 0 < len(number) <= NUMBER_LENGTH)
        current = {number_of(row).casefold(): row for row in self._agreement.numbered(usable)}
        return [self._made(change, current, units) for change in changes]

    def _made(self, change: Change, current: Mapping[str, Row], units: Mapping[int, str]) -> Put:
        self._sender.deadline.require(_FOR_ONE)
        try:
            number = checked_number(change.key)
            there = current.get(number.casefold())
            if there is None:
                return self._created(number, change, units)
            return self._changed(there, change, units)
        except RejectedError as error:
            return Put(key=change.key, written=False, error=error)

    def _created(self, number: str, change: Change, units: Mapping[int, str]) -> Put:
        """ASSUMED: a number that is taken is refused. Then somebody else made the article, and it is changed instead."""
        if not change.create:
            raise Missing(Text(NOT_THERE, {"sku": number}))
        cutter = Cutter()
        body = new_body(number, _product(change), change.fields, units, self._settings, cutter)
        try:
            created = self._sender.create("/products", body, _key(body), still_there=lambda _: self._current(number))
        except RejectedError:
            there = self._current(number)
            if there is None:
                raise
            return self._changed(there, change, units)
        return Put(key=change.key, target_id=number_of(created.row), notices=tuple(cutter.notices))

    def _current(self, number: str) -> Row | None:
        return self._agreement.product(number, limits=self._sender.deadline.limits())

    def _changed(self, row: Row, change: Change, units: Mapping[int, str]) -> Put:
        number = number_of(row)
        if changed_body(row, _product(change), change.fields, units, self._settings, Cutter()) == kept_body(row):
            return Put(key=change.key, target_id=number, written=False)
        # Read anew, and whole: what somebody typed a moment ago, or what the list leaves out, is not to be lost.
        current = self._current(number)
        if current is None:
            return self._created(number, change, units)
        cutter = Cutter()
        body = changed_body(current, _product(change), change.fields, units, self._settings, cutter)
        if body == kept_body(current):
            return Put(key=change.key, target_id=number, written=False)
        answer = self._sender.change("PUT", product_path(number), body)
        return Put(key=change.key, target_id=number_of(row_of(answer)), notices=tuple(cutter.notices))


def _product(change: Change) -> Product:
    if not isinstance(change.record, Product):
        raise TypeError(f"not a product: {type(change.record)}")
    return change.record


def _key(body: Mapping[str, Any]) -> str:
    """The same for every attempt at the same article: a lost answer is not followed by a second one."""
    text = simplejson.dumps(body, use_decimal=True, sort_keys=True)
    return f"product:{hashlib.sha256(text.encode()).hexdigest()}"
