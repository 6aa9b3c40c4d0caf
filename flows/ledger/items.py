"""Items: articles, and orders whose status is followed. What the source told of them, and what became of it in the target.

All within the run that holds the flow: every change begins by holding it, so that a run which was taken over changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.utils import timezone

from connectors.base import Register
from connectors.errors import ConnectorError, InvalidRecord, WhoActs
from connectors.records import Order, content_hash, to_json
from flows import dbclock
from flows.ledger import runs
from flows.ledger.inserting import insert
from flows.models import Flow, Item, Run
from sharespine.lib.checkpoints import reach
from sharespine.lib.text import N_, Text

State = Item.State
#: So many rows are named in one statement: SQLite takes a limited number of values.
CHUNK = 500
NO_NUMBER = Text(N_("The article has no article number, which is what both systems know it by. Give it one in the source."))
#: The code of an article whose number another one has.
DUPLICATE = "Duplicate"
#: The code of an article that cannot be used as the source tells it.
UNUSABLE = "Unusable"
#: The code of an article that the source no longer has.
GONE = "Gone"
#: The code of an article that the target does not have: nothing to act upon.
ABSENT = "Absent"


@dataclass(frozen=True, slots=True)
class Told:
    """What the source tells of one item. With an `error`, it cannot be used as it is."""

    source_id: str
    number: str
    name: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    error: ConnectorError | None = None

    @classmethod
    def of(cls, record: Any) -> Told:
        """An article as its record says. One without a number stops."""
        number = str(record.article_number).strip()
        error = None if number else InvalidRecord(NO_NUMBER)
        name = str(getattr(record, "name", ""))
        return cls(record.source_id[:100], number[:100], name[:200], to_json(record), error)

    @property
    def key(self) -> str:
        return key_of(self.number)

    @property
    def hash(self) -> str:
        return content_hash({**self.payload, "number": self.number, "error": str(self.error or "")})


def key_of(number: str) -> str:
    """What articles are compared by."""
    return number.strip().casefold()[:120]


def capture(run: Run, flow: Flow, told: Sequence[Told], *, reached: datetime | None, **marks: Any) -> Counter[str]:
    """Save what the source told and move the cursor, or neither; `marks` are columns of the flow that change with it.

    Raises `flows.ledger.rows.Fenced` when the run was taken over.
    """
    counts: Counter[str] = Counter(seen=len(told))
    latest = {each.source_id: each for each in told}
    with transaction.atomic():
        runs.hold_run(run)
        known = _known(flow, latest)
        owners = _owners(flow, {each.key for each in latest.values() if each.key}, known)
        new: list[Item] = []
        changed: list[Item] = []
        for each in latest.values():
            item = known.get(each.source_id)
            if item is None:
                new.append(_new(flow, run, each, owners))
            elif _news(item, each, run, owners):
                changed.append(item)
        insert(new)
        write(changed, TOLD)
        at_rest = [item.pk for item in known.values()]
        for start in range(0, len(at_rest), CHUNK):
            Item.objects.filter(pk__in=at_rest[start : start + CHUNK]).update(seen_at=run.now())
        if reached and (flow.cursor is None or reached > flow.cursor):
            marks["cursor"] = reached
        if marks:
            Flow.objects.filter(pk=flow.pk).update(**marks)
            for name, value in marks.items():
                setattr(flow, name, value)
        counts["new"], counts["changed"] = len(new), len(changed)
        counts["unchanged"] = len(known) - len(changed)
        counts["stopped"] = sum(item.state == State.STOPPED for item in (*new, *changed))
        runs.count(run, counts)
        reach("captured")
    if flow.register == Register.PRODUCTS and new:
        appeared(flow, [item.key for item in new])
    return counts


#: What changes when the source tells something new.
TOLD = (
    "key", "number", "name", "payload", "content_hash", "state", "acts", "error_code", "message", "cause", "due_at", "attempts",
    "run", "target_id", "written_hash", "updated_at",
)  # fmt: skip


def _known(flow: Flow, ids: Iterable[str]) -> dict[str, Item]:
    wanted = list(ids)
    return {
        item.source_id: item
        for start in range(0, len(wanted), CHUNK)
        for item in Item.objects.filter(flow=flow, source_id__in=wanted[start : start + CHUNK])
    }


def _owners(flow: Flow, keys: Collection[str], known: dict[str, Item]) -> dict[str, tuple[str, str]]:
    """Who has each article number by now: the id in the source, and its name. The first that was seen keeps it."""
    wanted = list(keys)
    found: dict[str, tuple[str, str]] = {}
    for start in range(0, len(wanted), CHUNK):
        rows = Item.objects.filter(flow=flow, key__in=wanted[start : start + CHUNK]).exclude(error_code__in=[DUPLICATE, GONE])
        for key, source_id, name in rows.order_by("-pk").values_list("key", "source_id", "name"):
            found[key] = (source_id, name)
    return found


def _new(flow: Flow, run: Run, told: Told, owners: dict[str, tuple[str, str]]) -> Item:
    item = Item(flow=flow, run=run, source_id=told.source_id, seen_at=run.now(), created_at=timezone.now())
    _tell(item, told, run, owners)
    return item


def _news(item: Item, told: Told, run: Run, owners: dict[str, tuple[str, str]]) -> bool:
    """Bring a known item up to date. Returns whether there was anything new."""
    taken = bool(told.key) and owners.get(told.key, (told.source_id, ""))[0] != told.source_id
    # A number that was taken twice may be free by now, or the other way round.
    if item.content_hash == told.hash and taken == (item.error_code == DUPLICATE):
        return False
    _tell(item, told, run, owners)
    return True


def _tell(item: Item, told: Told, run: Run, owners: dict[str, tuple[str, str]]) -> None:
    item.run_id = run.pk
    if item.key != told.key:
        # Under its new number it is another article in the target.
        item.target_id, item.written_hash = "", ""
    item.number, item.key, item.name = told.number, told.key, told.name
    item.payload, item.content_hash = told.payload, told.hash
    item.attempts = 0
    error = told.error
    code = UNUSABLE
    if error is None and owners.setdefault(told.key, (told.source_id, told.name))[0] != told.source_id:
        error = _double(told, owners)
        code = DUPLICATE
    if error is not None:
        stop(item, error.text, code=code, acts=error.who_acts)
    else:
        item.state, item.acts, item.error_code = State.WAITING, WhoActs.NOBODY, ""
        item.message, item.cause, item.due_at = Text(""), "", run.now()


def without_double(told: Told, owners: dict[str, tuple[str, str]]) -> Told:
    """What was told, or the same with an error where another article of the source has its number."""
    if told.error is None and owners.setdefault(told.key, (told.source_id, told.name))[0] != told.source_id:
        return replace(told, error=_double(told, owners))
    return told


def _double(told: Told, owners: dict[str, tuple[str, str]]) -> InvalidRecord:
    other_id, other_name = owners[told.key]
    text = N_("Another article in the source has the number %(sku)s too: %(other)s. Give one of them another number.")
    return InvalidRecord(Text(text, {"sku": told.number, "other": f"{other_name} ({other_id})".strip()}))


# --- what has to be done ------------------------------------------------------------------------------------------------------


def due(flow: Flow, limit: int, *, but: Collection[int] = (), states: Collection[str] | None = None) -> list[Item]:
    """The items that are due, in one of `states` if given, the longest waiting first, without those of the ids `but`."""
    waiting = Item.objects.filter(flow=flow, due_at__lte=dbclock.now()).exclude(pk__in=but)
    if states is not None:
        waiting = waiting.filter(state__in=states)
    return list(waiting.order_by("due_at", "pk")[:limit])


def all_due(flow: Flow) -> int:
    """Have every item of `flow` looked at again, as when its rules changed. Returns how many."""
    looked_at = Item.objects.filter(flow=flow).exclude(payload={}).exclude(error_code__in=[DUPLICATE, UNUSABLE, GONE])
    number = looked_at.update(due_at=dbclock.now())
    Flow.objects.filter(pk=flow.pk).update(next_run_at=None, queued_at=None)
    return number


def moved_in_the_target(erp_id: int, orders: Iterable[Order]) -> int:
    """These orders lower the stock in their shop: what was written there is no longer what stands there. Returns how many."""
    return counted_otherwise(erp_id, [line.article_number for order in orders for line in order.lines])


def counted_otherwise(erp_id: int, numbers: Iterable[str]) -> int:
    """Of these articles something else than before is to be taken off what the ERP says. Returns how many items that are."""
    wanted = sorted({key_of(number) for number in numbers} - {""})
    changed = 0
    for start in range(0, len(wanted), CHUNK):
        flows = Flow.objects.filter(register=Register.STOCK, connection__erp=erp_id, state=Flow.State.ACTIVE).values("pk")
        sold = Item.objects.filter(flow__in=flows, key__in=wanted[start : start + CHUNK])
        sold = sold.exclude(state=State.STOPPED).exclude(error_code=GONE)
        changed += sold.update(recheck=True, due_at=dbclock.now())
    return changed


def appeared(flow: Flow, keys: Sequence[str]) -> None:
    """These articles are new in the shop of `flow`: what waits for them in its other flows can go now."""
    beside = Flow.objects.filter(shop=flow.shop_id, register__in=[Register.STOCK, Register.PRICES]).values("pk")
    for start in range(0, len(keys), CHUNK):
        waiting = Item.objects.filter(flow__in=beside, key__in=list(keys[start : start + CHUNK]), error_code=ABSENT)
        waiting.update(due_at=dbclock.now())


def unseen(flow: Flow, since: datetime) -> Iterator[list[Item]]:
    """The items that the source has not told of since a moment, some at a time."""
    last = 0
    while rows := list(Item.objects.filter(flow=flow, seen_at__lt=since, pk__gt=last).order_by("pk")[:CHUNK]):
        yield rows
        last = rows[-1].pk


def gone(run: Run, flow: Flow, missing: Sequence[Item], *, deactivate: bool, text: Text) -> None:
    """The source no longer has these: they become inactive in the target, or are left there as they are.

    Where another article waits for the number of one of them, it goes on in its place.
    """
    heirs = _heirs(flow, missing)
    for heir in heirs.values():
        heir.state, heir.acts, heir.error_code, heir.run_id = State.WAITING, WhoActs.NOBODY, "", run.pk
        heir.message, heir.cause, heir.due_at = Text(""), "", run.now()
    for item in missing:
        item.seen_at = run.now()
        if item.key not in heirs and deactivate and item.payload and item.written_hash and item.payload.get("active", True):
            item.payload = {**item.payload, "active": False}
            item.content_hash, item.state, item.due_at = "", State.WAITING, run.now()
        elif item.state != State.SKIPPED:
            skip(item, text, code=GONE)
            # Should it come back, it counts as changed.
            item.content_hash = ""
    with transaction.atomic():
        runs.hold_run(run)
        write(missing, (*TOLD, "seen_at"))
        write(list(heirs.values()), TOLD)


def _heirs(flow: Flow, missing: Sequence[Item]) -> dict[str, Item]:
    """By key: the first of those that stopped because one of `missing` has their number."""
    keys = sorted({item.key for item in missing if item.key and item.error_code != DUPLICATE})
    found: dict[str, Item] = {}
    for start in range(0, len(keys), CHUNK):
        waiting = Item.objects.filter(flow=flow, key__in=keys[start : start + CHUNK], error_code=DUPLICATE)
        for item in waiting.exclude(pk__in=[item.pk for item in missing]).order_by("-pk"):
            found[item.key] = item
    return found


# --- what became of it --------------------------------------------------------------------------------------------------------

#: What changes when an item is settled.
SETTLED = (
    "payload", "content_hash", "state", "acts", "error_code", "message", "cause", "target_id", "written_hash", "written",
    "written_at", "attempts", "run", "updated_at",
)  # fmt: skip


def begin(run: Run, batch: Sequence[Item]) -> bool:
    """These items are about to be written. What has moved in the target by itself must be, whatever was written last.

    From here on a further mark makes an item due again, however this ends. Returns whether any of them had one.
    """
    moved = [item for item in batch if item.recheck]
    with transaction.atomic():
        runs.hold_run(run)
        for start in range(0, len(moved), CHUNK):
            chosen = [item.pk for item in moved[start : start + CHUNK]]
            Item.objects.filter(pk__in=chosen).update(recheck=False, written_hash="")
    for item in moved:
        item.recheck, item.written_hash = False, ""
    return bool(moved)


def settle(run: Run, batch: Sequence[Item], counts: Counter[str]) -> None:
    """Save what became of `batch`, and when each is due next. What was marked meanwhile stays due.

    Raises `flows.ledger.rows.Fenced` when the run was taken over.
    """
    for item in batch:
        item.run_id = run.pk
    with transaction.atomic():
        runs.hold_run(run)
        write(batch, SETTLED)
        _write_due(batch)
        runs.count(run, counts)
        reach("before_settle_commit")


def done(item: Item, *, target_id: str, written_hash: str, written: str, wrote: bool, at: datetime) -> None:
    """The target is as it is to be: by this attempt, or it was so already."""
    item.state, item.acts, item.error_code, item.message, item.cause = State.DONE, WhoActs.NOBODY, "", Text(""), ""
    item.target_id, item.written_hash, item.attempts, item.due_at = target_id[:100], written_hash, 0, None
    item.written = written[:200]
    if wrote:
        item.written_at = at


def skip(item: Item, text: Text, *, code: str = "") -> None:
    """Nothing is to be done about the item, until something changes."""
    item.state, item.acts, item.error_code = State.SKIPPED, WhoActs.NOBODY, code
    item.message, item.cause, item.due_at, item.attempts = text, text.message[:300], None, 0


def stop(item: Item, text: Text, *, code: str, acts: WhoActs) -> None:
    item.state, item.acts, item.error_code = State.STOPPED, acts, code
    item.message, item.cause, item.due_at = text, text.message[:300], None


def postpone(item: Item, text: Text, *, code: str, at: datetime, wait: timedelta) -> None:
    item.state, item.acts, item.error_code = State.RETRYING, WhoActs.NOBODY, code
    item.message, item.cause, item.due_at = text, text.message[:300], at + wait
    item.attempts += 1


def write(items: Sequence[Item], names: Sequence[str]) -> None:
    """Write the columns `names` of all `items`."""
    # By hand, as in `flows.ledger.batch`: the ORM's own bulk update builds one statement with a case for every value.
    if not items:
        return
    connection = connections[DEFAULT_DB_ALIAS]
    fields: list[Any] = [Item._meta.get_field(name) for name in names]
    quoted = connection.ops.quote_name
    assignments = ", ".join(f"{quoted(each.column)} = %s" for each in fields)
    statement = f"UPDATE {quoted(Item._meta.db_table)} SET {assignments} WHERE id = %s"  # noqa: S608 - names of columns
    now = timezone.now()
    for item in items:
        item.updated_at = now
    rows = [(*(each.get_db_prep_save(getattr(item, each.attname), connection) for each in fields), item.pk) for item in items]
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)


def _write_due(batch: Sequence[Item]) -> None:
    """When each item is due next; one that was marked while it was written stays due as it was marked."""
    connection = connections[DEFAULT_DB_ALIAS]
    quoted = connection.ops.quote_name
    due_at: Any = Item._meta.get_field("due_at")
    statement = f"UPDATE {quoted(Item._meta.db_table)} SET due_at = %s WHERE id = %s AND NOT recheck"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(statement, [(due_at.get_db_prep_save(item.due_at, connection), item.pk) for item in batch])
