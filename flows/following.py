"""Order status: what the ERP tells of the documents that were sent becomes the status of their orders in the shop.

Each document is asked for until there is nothing more to learn, ever more seldom. What it has passed is told to the shop one
milestone after the other, each once, and never backwards: an order that somebody has moved elsewhere is left alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from connectors.base import Change, Connector, Put, Query, Register
from connectors.progress import Milestone, OrderStatus, Progress
from connectors.records import from_json
from flows import rulebook
from flows.deciding import Wanted
from flows.ledger import statuses
from flows.models import Flow, Item, Run, Transfer
from flows.rulebook import IN_ORDER
from flows.syncing import Syncing
from sharespine.lib.text import Text

if TYPE_CHECKING:
    from flows.engine import Session

#: How many documents are asked for with one call of the connector.
AT_ONCE = 100
#: The longest between two looks at a document, and how long it is followed at all.
SELDOM = timedelta(hours=12)
FOR = timedelta(days=180)
#: An order may have come to the ERP a little before the last look and have been settled after it.
EDGE = timedelta(minutes=10)


def statuses_before(flow: Flow, milestone: Milestone) -> tuple[str, ...]:
    """The statuses that an order may be in when it is moved on to what `milestone` says."""
    rules = rulebook.told(Register.STATUS, flow.rules)
    beside = Flow.objects.filter(connection=flow.connection_id, shop=flow.shop_id, register=Register.ORDERS)
    triggers = [status for statuses in beside.values_list("trigger_statuses", flat=True) for status in statuses]
    earlier = [rules[f"{each}_status"] for each in IN_ORDER[: IN_ORDER.index(milestone)]]
    return tuple(dict.fromkeys(str(status) for status in (*triggers, *earlier) if status))


class FollowingReading:
    """Asks the ERP what became of the documents that are due for a look."""

    def __init__(self, flow: Flow, run: Run, aside: Callable[..., Any]) -> None:
        self.flow, self.run, self.aside = flow, run, aside
        self.rules = rulebook.told(Register.STATUS, flow.rules)

    def read(self, source: Connector, *, enough: Callable[[], bool]) -> bool:
        """Note what the documents have passed. False when it was `enough` before the end. Raises `ConnectorError`."""
        statuses.follow(self.run, self.flow, self.sent_since())
        while batch := statuses.to_look_at(self.flow, AT_ONCE):
            told: dict[str, Progress] = {}
            for page in self._pages(source, Query(register=Register.STATUS, keys=tuple(item.key for item in batch))):
                told |= {record.reference: record for record in page.records}
            statuses.looked_at(self.run, self.flow, batch, told, next_look=self.next_look, is_news=self._is_news)
            if enough():
                return False
        return True

    def sent_since(self) -> Any:
        """The orders that were sent since the last look and are not followed yet, oldest first."""
        since = self.flow.cursor - EDGE if self.flow.cursor else self.flow.start_from or self.run.started_at
        followed = Item.objects.filter(flow=self.flow, source_id=OuterRef("source_id"))
        orders = Transfer.objects.filter(
            flow__connection=self.flow.connection_id,
            flow__shop=self.flow.shop_id,
            kind=Transfer.Kind.ORDER,
            state=Transfer.State.SENT,
            sent_at__gte=since,
        )
        return orders.filter(~Exists(followed)).order_by("sent_at")

    def next_look(self, item: Item, progress: Progress | None) -> timedelta | None:
        """How long until the next look, None when there is nothing more to learn."""
        passed = progress.milestones if progress else ()
        mapped = [each for each in IN_ORDER if self.rules[f"{each}_status"] or self.rules[f"{each}_message"]]
        last = [each for each in mapped if each is not Milestone.CANCELLED][-1:]
        age = self.run.now() - item.created_at
        if Milestone.CANCELLED in passed or Milestone.PAID in passed or age > FOR or (last and last[0] in passed):
            return None
        return min(max(age / 48, timedelta(minutes=self.flow.interval_minutes)), SELDOM)

    def _is_news(self, item: Item, progress: Progress) -> bool:
        return next_milestone(self.rules, progress, item.payload.get("told", ())) is not None

    def _pages(self, source: Connector, query: Query) -> Any:
        pages = source.read(query)
        while (page := self.aside(next, pages, None)) is not None:
            yield page


def next_milestone(rules: Mapping[str, Any], progress: Progress, told: Sequence[str]) -> Milestone | None:
    """What the shop is to be told next: the first milestone passed that is mapped and was not told. Cancelled ends it all."""
    if Milestone.CANCELLED in told:
        return None
    if Milestone.CANCELLED in progress.milestones:
        passed: Sequence[Milestone] = (Milestone.CANCELLED,)
    else:
        furthest = max((IN_ORDER.index(Milestone(each)) for each in told), default=-1)
        passed = [each for n, each in enumerate(IN_ORDER) if n > furthest and each in progress.milestones]
    return next((each for each in passed if rules[f"{each}_status"] or rules[f"{each}_message"]), None)


class Telling:
    """What the shop is to be told of each order. In the place of `flows.deciding.Deciding`."""

    register = Register.STATUS
    always_looks = False
    read_to_end = True

    def __init__(self, flow: Flow, run: Run) -> None:
        self.flow, self.run = flow, run
        self.rules = rulebook.told(Register.STATUS, flow.rules)
        self.writes = flow.writes
        self._before = {each: statuses_before(flow, each) for each in IN_ORDER}

    def left_out(self, item: Item) -> None:
        """Every order that is followed is told."""

    def absent(self, item: Item) -> None:
        """An order that the shop no longer has is an error like any other."""

    def look_again(self) -> None:
        """Nothing is remembered from one order to the next."""

    def milestone(self, item: Item) -> Milestone | None:
        return next_milestone(self.rules, from_json(Progress, item.payload["progress"]), item.payload.get("told", ()))

    def wanted(self, item: Item) -> Wanted:
        milestone = self.milestone(item)
        if milestone is None:
            # Its rules changed meanwhile.
            return Wanted(None, item.written_hash, item.written)
        status = self.status(item.source_id, item.number, from_json(Progress, item.payload["progress"]), milestone)
        return Wanted(status, f"{milestone}", status.status)

    def status(self, source_id: str, number: str, progress: Progress, milestone: Milestone) -> OrderStatus:
        """What the order is to be brought to, since its document has passed `milestone`."""
        rules = self.rules
        return OrderStatus(
            source_id=source_id,
            status=str(rules[f"{milestone}_status"] or ""),
            replaces=self._before[milestone],
            message=str(rules[f"{milestone}_message"] or "").replace("{number}", number),
            parcels=progress.parcels if rules[f"{milestone}_tracking"] in (True, "true", "True") else (),
            delivered=progress.delivered if milestone is Milestone.PARTLY_DELIVERED else (),
        )

    def blind(self, item: Item, wanted: Wanted) -> Change:
        assert isinstance(wanted.record, OrderStatus)  # noqa: S101 - made above
        return Change(key=item.source_id, record=wanted.record, target_id=item.source_id)


class Following(Syncing):
    """Moves the orders in the shop on, and says so in their timelines."""

    states = statuses.TO_TELL

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.looks = FollowingReading(session.flow, session.run, session.aside)
        self.said: list[tuple[Item, Milestone, str, bool, Sequence[Text]]] = []

    def rules(self) -> Telling:
        return Telling(self.flow, self.run)

    def _done(self, item: Item, want: Wanted, put: Put) -> None:
        super()._done(item, want, put)
        milestone = next((each for each in IN_ORDER if each == want.hash), None)
        told = list(item.payload.get("told", ()))
        if milestone is not None and isinstance(want.record, OrderStatus) and milestone not in told:
            item.payload = {**item.payload, "told": [*told, milestone]}
            self.said.append((item, milestone, want.words, put.written, put.notices))
        progress = from_json(Progress, item.payload["progress"])
        if next_milestone(self.looks.rules, progress, item.payload["told"]) is not None:
            item.state, item.due_at = Item.State.WAITING, self.run.now()
        else:
            pause = self.looks.next_look(item, progress)
            item.due_at = None if pause is None else self.run.now() + pause

    def _save(self, batch: Sequence[Item], counts: Counter[str]) -> None:
        said, self.said = self.said, []
        with transaction.atomic():
            statuses.say(self.run, self.flow, said)
            super()._save(batch, counts)
