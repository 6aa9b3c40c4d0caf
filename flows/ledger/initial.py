"""What an initial sync did, article by article. Every change is part of the transaction of the run that holds the flow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from django.db.models import F

from flows import dbclock
from flows.ledger import runs
from flows.ledger.items import CHUNK, DUPLICATE, UNUSABLE, Told
from flows.models import Flow, InitialArticle, InitialSync, Item, Run
from sharespine.lib.text import Text

Outcome = InitialArticle.Outcome
#: What was done stays told when the article is only looked at once more, as after a crash.
_FURTHER = {Outcome.SAME: 1, Outcome.UPDATED: 2, Outcome.CREATED: 3}


def begin(sync: InitialSync, run: Run, flow: Flow) -> None:
    """Have everything read from the start, and everything that is known compared with the target, whatever was written."""
    runs.hold_run(run)
    if not sync.dry_run:
        usable = Item.objects.filter(flow=flow).exclude(payload={}).exclude(error_code__in=[DUPLICATE, UNUSABLE])
        usable.update(recheck=True, due_at=dbclock.now())
        Flow.objects.filter(pk=flow.pk).update(sweep_began=None, swept_to=None)
        flow.sweep_began = flow.swept_to = None
    sync.began_at = run.now()
    InitialSync.objects.filter(pk=sync.pk).update(began_at=sync.began_at)


def read(sync: InitialSync, flow: Flow, told: Sequence[Told]) -> None:
    """The source has told of these, and they are items by now: what cannot be used is refused, the rest waits."""
    ids = [each.source_id for each in told]
    waiting: list[InitialArticle] = []
    for start in range(0, len(ids), CHUNK):
        for item in Item.objects.filter(flow=flow, source_id__in=ids[start : start + CHUNK]):
            refused = item.state == Item.State.STOPPED and item.due_at is None
            waiting.append(article(sync, item, Outcome.REFUSED if refused else Outcome.WAITING, item.message))
    record(sync, waiting)


def article(sync: InitialSync, item: Item | Told, outcome: str, message: Text) -> InitialArticle:
    return InitialArticle(
        sync=sync,
        source_id=item.source_id,
        key=item.key,
        number=item.number,
        name=item.name,
        outcome=outcome,
        message=Text("") if outcome in (Outcome.CREATED, Outcome.UPDATED, Outcome.SAME) else message,
    )


def record(sync: InitialSync, articles: Iterable[InitialArticle]) -> None:
    """Save what became of `articles`, and count each of them once, however often it is told."""
    told = {each.source_id: each for each in articles}
    known = _known(sync, told)
    counts: Counter[str] = Counter()
    new, changed = [], []
    for source_id, each in told.items():
        before = known.get(source_id)
        if before is None:
            counts["seen"] += 1
            counts[each.outcome] += 1
            new.append(each)
        elif _is_news(before, each):
            counts[before.outcome] -= 1
            counts[each.outcome] += 1
            before.outcome, before.message = each.outcome, each.message
            before.key, before.number, before.name = each.key, each.number, each.name
            changed.append(before)
    InitialArticle.objects.bulk_create(new, batch_size=CHUNK)
    InitialArticle.objects.bulk_update(changed, ["outcome", "message", "key", "number", "name"], batch_size=50)
    # What waits is what is left.
    del counts[Outcome.WAITING]
    if any(counts.values()):
        InitialSync.objects.filter(pk=sync.pk).update(**{name: F(name) + number for name, number in counts.items() if number})


def _is_news(before: InitialArticle, now: InitialArticle) -> bool:
    if now.outcome == Outcome.WAITING and not now.message.message:
        # It was read once more: what became of it holds until something else does.
        return False
    if _FURTHER.get(Outcome(now.outcome), 9) < _FURTHER.get(Outcome(before.outcome), 0):
        return False
    return (before.outcome, before.message, before.key) != (now.outcome, now.message, now.key)


def _known(sync: InitialSync, ids: Collection[str]) -> dict[str, InitialArticle]:
    wanted = list(ids)
    return {
        each.source_id: each
        for start in range(0, len(wanted), CHUNK)
        for each in InitialArticle.objects.filter(sync=sync, source_id__in=wanted[start : start + CHUNK])
    }


def taken(sync: InitialSync, told: Sequence[Told]) -> dict[str, tuple[str, str]]:
    """Who has the article numbers of `told` by now in this sync: the id in the source, and the name."""
    keys = sorted({each.key for each in told if each.key})
    found: dict[str, tuple[str, str]] = {}
    for start in range(0, len(keys), CHUNK):
        rows = InitialArticle.objects.filter(sync=sync, key__in=keys[start : start + CHUNK]).exclude(outcome=Outcome.REFUSED)
        found |= {key: (source_id, name) for key, source_id, name in rows.values_list("key", "source_id", "name")}
    return found
