"""What the tests of initial syncs do in processes of their own; named to `tests.faults.steps` by dotted names."""

from __future__ import annotations

import os
import time
import traceback
from contextlib import suppress
from typing import Any

from django.utils import timezone

from billing.models import Entry
from billing.refusals import Refused
from flows import engine, initial, turns
from flows.models import Flow, InitialSync, Item, Run


def start(given: dict[str, Any]) -> dict[str, object]:
    """An initial sync of the flow, which is paused."""
    Flow.objects.update(state=Flow.State.PAUSED)
    sync = initial.start(Flow.objects.get(pk=given["flow"]), dry_run=given["dry_run"], actor="test", reason="test")
    return look(sync.pk)


def work(sync: int) -> dict[str, object]:
    """One run of whatever is due, as a worker would."""
    if (flow := turns.next_flow()) is not None:
        engine.run(flow)
    return look(sync)


def until_over(sync: int, seconds: float = 40) -> dict[str, object]:
    """Run again and again, as workers would, until nobody has to carry it on."""
    ends = time.monotonic() + seconds
    while InitialSync.objects.get(pk=sync).is_under_way:
        if time.monotonic() > ends:
            raise SystemExit(f"not over after {seconds} s: {look(sync)}")
        flow = InitialSync.objects.values_list("flow", flat=True).get(pk=sync)
        Item.objects.filter(flow=flow, due_at__isnull=False).update(due_at=timezone.now())
        engine.run(flow)
        time.sleep(0.05)
    return look(sync)


def stop(sync: int) -> dict[str, object]:
    initial.stop(InitialSync.objects.get(pk=sync))
    return look(sync)


def resume(sync: int) -> dict[str, object]:
    initial.resume(InitialSync.objects.get(pk=sync))
    return look(sync)


def end_together(given: dict[str, int]) -> dict[str, object]:
    """So many processes that end the sync at the same moment, by order of a person and as the last worker of it."""
    children = []
    for number in range(given["workers"]):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                sync = InitialSync.objects.get(pk=given["sync"])
                with suppress(Refused):
                    initial.end(sync) if number % 2 else initial.carried_on(sync, bug=None)
                code = 0
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(code)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0] * len(children), codes
    return look(given["sync"])


def look(sync: int) -> dict[str, object]:
    """Where it is, what became of the articles, and what was drawn."""
    found = InitialSync.objects.get(pk=sync)
    return {
        "sync": sync,
        "state": found.state,
        "seen": found.seen,
        "created": found.created,
        "there": found.same + found.updated,
        "refused": found.refused,
        "left": found.left,
        "entries": Entry.objects.filter(key=f"initial-sync-{sync}").count(),
        "runs": Run.objects.filter(flow=found.flow_id, kind=Run.Kind.INITIAL).count(),
    }
