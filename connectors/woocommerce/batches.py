"""Writing many articles with few calls: products a hundred at a time, variations a hundred at a time of each product.

A batch answers with 200 whatever became of its items, in their order, each for itself (measured 2026-11-21). Variations cannot
be among products. An id that is known is used without a look-up; the answer tells the article number that stands there now,
and where that is another one, or nothing, the article is looked up and written where it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.base import Change, Put
from connectors.errors import ConnectorError, ContractChanged, Missing, RejectedError
from connectors.http import Answer, Limits, Transport
from connectors.woocommerce.client import API
from connectors.woocommerce.finding import by_number, folded
from connectors.woocommerce.forms import Form
from connectors.woocommerce.goods import article_number, place
from connectors.woocommerce.problems import is_gone, not_there, of_item
from connectors.woocommerce.wire import Wire
from sharespine.lib.text import N_, Text

MOST = 100
#: A hundred items took 2.7 s on a fast machine (measured 2026-11-21); a shop on a cheap host needs many times that.
SLOW = Limits(read=90, total=100)

_PLACE = re.compile(r"(?:([1-9][0-9]{0,18})/)?([1-9][0-9]{0,18})")
_MISLED = N_(
    "Article %(article)s has moved in WooCommerce, and %(other)s stands where it was: %(other)s was given what was meant for "
    "it. Correct %(other)s there."
)
_NO_ANSWER = N_("WooCommerce did not answer for each article of a batch. Our staff look into it.")


@dataclass
class _Line:
    """One change on its way. `at` is its place in the shop, "" while it is not known."""

    change: Change
    body: dict[str, Any]
    notices: tuple[Text, ...]
    at: str = ""
    put: Put | None = None
    was_lost: bool = False

    def lose(self) -> None:
        """It is not where it was thought to be."""
        self.at, self.was_lost = "", True

    def done(self, **outcome: Any) -> None:
        self.put = Put(key=self.change.key, **outcome)


class Batches:
    """Puts the changes of one register, for which `form` is filled in."""

    def __init__(self, api: Transport, form: Form) -> None:
        self._api = api
        self._form = form

    def put(self, changes: Sequence[Change]) -> list[Put]:
        """What became of each. Raises what concerns all of them."""
        lines = [self._line(change) for change in changes]
        # At the second round those whose known id leads nowhere any more.
        for _ in range(2):
            waiting = [line for line in lines if line.put is None]
            self._find([line for line in waiting if not line.at])
            self._send([line for line in waiting if line.put is None])
        return [line.put or Put(key=line.change.key, written=False, error=not_there(line.change.key)) for line in lines]

    def _line(self, change: Change) -> _Line:
        at = change.target_id if _PLACE.fullmatch(change.target_id) else ""
        try:
            body, notices = self._form.body(change)
        except RejectedError as error:
            line = _Line(change, {}, (), at)
            line.done(target_id=at, written=False, error=error)
            return line
        line = _Line(change, body, notices, at)
        if not body:
            line.done(target_id=at, written=False)
        return line

    def _find(self, lines: Sequence[_Line]) -> None:
        if not lines:
            return
        found = by_number(self._api, [line.change.key for line in lines], "id,sku,type,parent_id")
        for line in lines:
            wire = found.get(folded(line.change.key))
            if wire is None:
                line.done(written=False, error=not_there(line.change.key))
            else:
                line.at = place(wire)

    def _send(self, lines: Sequence[_Line]) -> None:
        groups: dict[str, list[_Line]] = {}
        for line in lines:
            product, _, _ = line.at.rpartition("/")
            groups.setdefault(product, []).append(line)
        for product, group in groups.items():
            for start in range(0, len(group), MOST):
                self._send_batch(product, group[start : start + MOST])

    def _send_batch(self, product: str, lines: Sequence[_Line]) -> None:
        items = [{"id": int(line.at.rpartition("/")[2]), **line.body} for line in lines]
        try:
            answer, rows = batch(self._api, product, {"update": items})
        except Missing:
            if not product or any(line.was_lost for line in lines):
                # The route itself is not there: that says nothing of the articles.
                raise
            # The product of these variations is gone, and they with it.
            for line in lines:
                line.lose()
            return
        for line, row in zip(lines, rows["update"], strict=True):
            self._settle(line, row, answer)

    def _settle(self, line: _Line, row: Wire, answer: Answer) -> None:
        key, refused = line.change.key, row.get("error")
        if isinstance(refused, Mapping):
            if is_gone(refused):
                line.lose()
            else:
                line.done(target_id=line.at, written=False, error=of_item(refused, key, answer))
        elif folded(article_number(row)) != folded(key):
            # Somebody gave the place to another article since its id was noted.
            line.notices += (Text(_MISLED, {"article": key, "other": article_number(row) or line.at}),)
            line.lose()
        else:
            error: ConnectorError | None = self._form.refusal(line.change, row)
            line.done(target_id=line.at, written=error is None, error=error, notices=() if error else line.notices)


def batch(
    api: Transport, product: str, items: Mapping[str, Sequence[Mapping[str, Any]]]
) -> tuple[Answer, dict[str, list[Wire]]]:
    """Create and update products, or with `product` variations of it; what is answered, item for item.

    Raises `ContractChanged` when that is not for each item.
    """
    route = f"/products/{product}/variations/batch" if product else "/products/batch"
    answer = api.request("POST", API + route, json=items, limits=SLOW)
    content = answer.json()
    rows = {name: list(_objects(content, name)) for name in items}
    if any(len(rows[name]) != len(items[name]) for name in items):
        raise ContractChanged(Text(_NO_ANSWER), evidence=answer.evidence(), outcome_unknown=True)
    return answer, rows


def _objects(content: object, name: str) -> Iterator[Wire]:
    rows = content.get(name) if isinstance(content, dict) else None
    yield from (row for row in rows or () if isinstance(row, dict))
