"""What the outside has: the orders of a shop, the documents of an ERP. Shared by all connectors opened to the same address.

An append-only journal says what was done there; the checker believes nothing else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Document, Query
from connectors.errors import BadCredentials, ConnectorError, TimedOut, Unreachable
from connectors.progress import Progress
from connectors.records import Order, Party
from sharespine.lib.checkpoints import reach
from tests.stateful.clock import Clock
from tests.stateful.shelf import Shelf

#: address → what is there
REMOTES: dict[str, ShopWorld | ErpWorld] = {}
#: How long one call takes.
MOMENT = timedelta(milliseconds=40)
#: The transport gives a call up after so long: nothing leaves later than that.
DEADLINE = timedelta(seconds=15)
#: How long the ERP knows an idempotency key, and how long a new document hides from its search.
KEYS_LAST, HIDES_FOR = timedelta(hours=1), timedelta(seconds=5)


@dataclass(kw_only=True)
class Remote:
    """What shops and ERPs have in common: they may be down, not let us in, or misbehave once in a way that was set up.

    `faults` are raised one by one, at the calls of the kind they were set up for.
    """

    clock: Clock
    name: str
    down: bool = False
    locked: bool = False
    #: How much longer than usual each call takes.
    slow_by: timedelta = timedelta(0)
    faults: dict[str, deque[BaseException]] = field(default_factory=dict)
    #: Called with the kind of every call before it is answered: the checker looks at what is allowed now.
    on_call: Callable[[str, str], None] = lambda kind, about: None

    def fail_next(self, kind: str, error: BaseException) -> None:
        self.faults.setdefault(kind, deque()).append(error)

    def heal(self) -> None:
        self.down = self.locked = False
        self.slow_by = timedelta(0)
        self.faults.clear()

    def called(self, kind: str, about: str = "") -> None:
        """A call of `kind` has come to us. Raises what the caller gets instead of an answer."""
        self.on_call(kind, about)
        self.clock.advance(MOMENT + self.slow_by)
        if self.down:
            raise Unreachable
        if self.locked:
            raise BadCredentials
        self.maybe_fail(kind)

    def maybe_fail(self, kind: str) -> None:
        waiting = self.faults.get(kind)
        if waiting:
            raise waiting.popleft()


@dataclass(kw_only=True)
class ShopWorld(Remote):
    """A shop whose clock is off by `skew`. A change is seen in lists only `lag` after its own stamp."""

    skew: timedelta = timedelta(0)
    lag: timedelta = timedelta(0)
    orders: dict[str, Order] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    secret: str = "hemligt"
    shelf: Shelf = field(init=False)
    #: What buyers were mailed: the order, and the status (by the shop itself) or the message.
    mails: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shelf = Shelf(remote=self, side="shop", includes_vat=True)

    def now(self) -> datetime:
        """What the shop stamps: whole seconds, as shops do."""
        return (self.clock.true + self.skew).replace(microsecond=0)

    def put(self, order: Order) -> None:
        # No two orders share a stamp here: the edge of a page is the business of the contract tests.
        self.orders[order.source_id] = replace(order, modified_at=self.now())

    def move(self, order: Order, status: str) -> None:
        """Whoever moves it: the shop mails its buyer."""
        self.mails.append((order.source_id, status))
        self.put(replace(order, status=status, cancelled=status == "cancelled"))

    def delete(self, source_id: str) -> None:
        del self.orders[source_id]
        self.deleted.add(source_id)

    def visible(self, query: Query) -> list[Order]:
        orders = sorted(self.orders.values(), key=lambda order: (order.modified_at, order.source_id))
        if query.source_ids:
            return [order for order in orders if order.source_id in query.source_ids]
        until = self.now() - self.lag
        since = query.modified_since
        return [order for order in orders if order.modified_at <= until and (since is None or order.modified_at >= since)]


@dataclass(frozen=True)
class Card:
    """A customer in the ERP."""

    number: str
    email: str
    organisation_number: str


@dataclass(kw_only=True)
class ErpWorld(Remote):
    """An ERP that keeps idempotency keys for an hour and finds documents by reference, after a while."""

    documents: list[tuple[datetime, Document]] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    #: key → when it came, and what was answered
    keys: dict[str, tuple[datetime, Any]] = field(default_factory=dict)
    #: Every document that was asked for, repeated ones too.
    writes: list[str] = field(default_factory=list)
    #: Writes that were never sent, since their worker slept past the deadline of the call.
    too_late: int = 0
    repeated: int = 0
    shelf: Shelf = field(init=False)
    #: What became of its documents, by our reference.
    progress: dict[str, Progress] = field(default_factory=dict)
    #: What kind of document it makes, and who is told of each.
    kind: str = "order"
    on_document: Callable[[Document], None] = lambda document: None

    def __post_init__(self) -> None:
        self.shelf = Shelf(remote=self, side="erp")

    def of_reference(self, reference: str) -> list[Document]:
        return [document for _, document in self.documents if document.reference == reference]

    def find(self, reference: str) -> tuple[Document, ...]:
        seen = self.clock.true - HIDES_FOR
        return tuple(d for at, d in self.documents if d.reference == reference and at <= seen)

    def card_of(self, buyer: Party) -> Card | None:
        """By organisation number, else by e-mail, as e-conomic is searched."""
        for own, value in (("organisation_number", buyer.organisation_number), ("email", buyer.email)):
            found = [card for card in self.cards if value and getattr(card, own) == value]
            if found:
                return found[0]
        return None

    def once(self, key: str, make: Callable[[], Any]) -> Any:
        """What `make` made under `key`: now, or within the last hour. A refusal is remembered too."""
        at, answer = self.keys.get(key, (None, None))
        if at is not None and self.clock.true - at < KEYS_LAST:
            self.repeated += 1
        else:
            try:
                answer = make()
            except ConnectorError as error:
                answer = error
            self.keys[key] = (self.clock.true, answer)
        if isinstance(answer, ConnectorError):
            raise answer
        return answer

    def knows(self, key: str) -> bool:
        return key in self.keys and self.clock.true - self.keys[key][0] < KEYS_LAST

    def write(self, document: Document, buyer: Party, *, key: str) -> Document:
        """Make the buyer's card if there is none, then the document, each once under its key."""
        began = self.clock.true
        self.called("write", document.reference)
        reach("erp:sending")
        if self.clock.true - began > DEADLINE and not self.knows(key):
            self.too_late += 1
            raise TimedOut(outcome_unknown=True)
        self.maybe_fail("request lost")
        if self.card_of(buyer) is None:
            self.once(f"{key}:customer", lambda: self._make_card(buyer))
            reach("erp:card made")
        self.writes.append(document.reference)
        made: Document = self.once(key, lambda: self._make_document(document))
        reach("erp:written")
        self.maybe_fail("answer lost")
        return made

    def _make_card(self, buyer: Party) -> Card:
        self.cards.append(Card(str(len(self.cards) + 1), buyer.email, buyer.organisation_number))
        return self.cards[-1]

    def _make_document(self, document: Document) -> Document:
        self.maybe_fail("refused")
        made = replace(document, target_id=str(len(self.documents) + 1))
        self.documents.append((self.clock.true, made))
        self.on_document(made)
        return made
