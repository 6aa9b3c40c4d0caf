"""`python -m tests.faults.chaos.forks SLOTS`: so many workers as forks of one process, each replaced at once when it dies.

They do what a worker process of the queue does, without the queue: so they start in milliseconds, and many can be killed in a
minute. When its standard input ends, it does, and the workers after the run that each is at.
"""

from __future__ import annotations

import os
import select
import sys
import time
import traceback

import django

from tests.faults.chaos import ambush
from tests.faults.chaos.victim import bear

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sharespine.settings")
django.setup()

from flows import tasks  # noqa: E402 - after django.setup()
from flows.ledger import runs  # noqa: E402
from flows.models import Flow  # noqa: E402


def work(parent: int) -> None:
    while os.getppid() == parent:
        # What the worker command does every three seconds, but for putting tasks into a queue that nobody reads here.
        runs.bury()
        Flow.objects.filter(next_run_at__isnull=False).update(next_run_at=None)
        tasks.work()
        time.sleep(0.02)


def forked() -> int:
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    bear("worker")
    code = 1
    try:
        work(parent)
        code = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(code)


def main(slots: int) -> None:
    workers = {forked() for _ in range(slots)}
    while not select.select([sys.stdin], [], [], 0.005)[0]:
        pid, _ = os.waitpid(-1, os.WNOHANG)
        if pid:
            workers.discard(pid)
            workers.add(forked())


if __name__ == "__main__":
    bear("forks")
    ambush.listen(os.environ[ambush.FOLDER])
    main(int(sys.argv[1]))
