"""What the queue runs. The only module that imports django_q.

A task is a wake-up, whoever it was meant for; the rows are the truth. One that is lost, late or doubled does no harm: `tick`
sees to it that somebody looks, and whoever looks takes on the flow whose turn it is, until none is due.
"""

from __future__ import annotations

import logging
import sys
import time
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django_q.tasks import async_task

from flows import alerts, chores, dbclock, engine, summaries, turns
from flows.ledger import runs
from flows.mails import Undeliverable
from flows.models import Flow, Run
from flows.outgoing import delivery
from flows.trouble import borne
from sharespine.lib import stopping

log = logging.getLogger(__name__)
# Seconds. So long waits a thread whose answer has come while another computes: by default several times as long as it takes to
# send a request, for each call of each order.
sys.setswitchinterval(0.0005)
#: How often, in seconds, a worker has somebody look after contracts, room and notices.
UPKEEP_EVERY = 300.0
#: For so many seconds a trial of a field mapping waits for the run of its flow that is under way.
PATIENCE = 60.0
#: How often, in seconds, it is looked whether users of merchants are to be told something by e-mail, by whichever worker.
TELL_EVERY = 60.0
#: How many seconds such a look takes before it makes room for others, and how long it holds off other workers at most: one
#: e-mail may take as long as a mail server is silent.
TELL_BUDGET, TELL_LEASE = 30.0, timedelta(seconds=90)
#: How long a delivery to webhooks holds off other workers at most.
DELIVERY_LEASE = timedelta(seconds=60)
#: The names of the chores.
DELIVERY, TELLING = "webhooks", "e-mails"
_next_upkeep = time.monotonic() + UPKEEP_EVERY
_next_telling = time.monotonic() + TELL_EVERY


def wake() -> None:
    """Have a worker look for work soon. Part of the caller's transaction."""
    async_task("flows.tasks.work", task_name="work")


def wake_for(flow_id: int, *, kind: str, actor: str) -> None:
    """Have a worker carry out one run of this very flow, which may be paused."""
    async_task("flows.tasks.run_flow", flow_id, kind, actor, task_name=f"flow {flow_id} {kind}")


def run_flow(flow_id: int, kind: str = Run.Kind.POLL, actor: str = "") -> None:
    """Carry out one run of a flow. A trial that somebody waits for lets the run that is under way end first."""
    ends = time.monotonic() + PATIENCE
    with borne(log):
        while engine.run(flow_id, kind=kind, actor=actor) is None and kind == Run.Kind.TRIAL:
            if stopping.asked() or time.monotonic() > ends:
                break
            time.sleep(1)


def work() -> int:
    """Carry out the flows that are due, fairly between customers, until there are none or the time is up.

    Any number of workers may do this at once. Returns how many runs it carried out.
    """
    ends = time.monotonic() + settings.RUN_BUDGET_SECONDS
    number = 0
    with borne(log):
        while not stopping.asked() and (flow_id := turns.next_flow()) is not None:
            left = ends - time.monotonic()
            if left < 0:
                wake()
                break
            number += engine.run(flow_id, budget=max(left, settings.TURN_SECONDS)) is not None
    return number


def deliver() -> int:
    """Send the messages to webhooks that are due, unless another worker is at it. Returns how many arrived."""
    number = 0
    with borne(log):
        if chores.take(DELIVERY, DELIVERY_LEASE):
            try:
                number = delivery.deliver()
            finally:
                chores.leave(DELIVERY)
    return number


def tell() -> None:
    """Send the e-mails to users of merchants that are due, unless another worker is at it or was a moment ago."""
    with borne(log):
        if not chores.take(TELLING, TELL_LEASE):
            return
        rest, is_done = timedelta(seconds=TELL_EVERY - 5), True
        now, ends = timezone.now(), time.monotonic() + TELL_BUDGET
        try:
            is_done = alerts.tell(at=now, ends=ends) and summaries.send(at=now, ends=ends)
        except Undeliverable as error:
            # The next look finds it all again.
            log.warning("%s", error)
        finally:
            chores.leave(TELLING, rest=rest if is_done else timedelta(0))
        if not is_done:
            # It goes on as soon as others had their turn.
            async_task("flows.tasks.tell", task_name="e-mails")


def tick() -> int:
    """Wake the flows that are due and not woken yet, those of dead workers too. Any number of workers may do this at once.

    Returns how many.
    """
    global _next_upkeep, _next_telling
    if time.monotonic() > _next_upkeep:
        _next_upkeep = time.monotonic() + UPKEEP_EVERY
        async_task("flows.upkeep.carry_out", task_name="upkeep")
    if time.monotonic() > _next_telling:
        _next_telling = time.monotonic() + TELL_EVERY
        if chores.wanted(TELLING):
            async_task("flows.tasks.tell", task_name="e-mails")
    if delivery.due().exists() and chores.wanted(DELIVERY):
        async_task("flows.tasks.deliver", task_name="webhooks")
    runs.bury()
    forgotten = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS)
    not_woken = Q(queued_at__isnull=True) | Q(queued_at__lt=forgotten)
    waiting = list(turns.due().filter(not_woken).values_list("pk", flat=True))
    if not waiting:
        return 0
    # The same condition again: whoever is first changes the rows. (Not equality with what was read: SQLite keeps times as
    # text, and its own clock writes fewer digits than we do.)
    woken = Flow.objects.filter(not_woken, pk__in=waiting).update(queued_at=dbclock.now())
    for _ in range(min(woken, settings.WORKERS)):
        # Each worker goes on until nothing is due, so more than there are of them would find nothing to do.
        wake()
    return woken
