"""`python -m tests.faults.impatient`: the worker command with less patience than in production."""

from __future__ import annotations

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sharespine.settings")
django.setup()

from django.core.management import call_command  # noqa: E402 - after django.setup()
from django_q.conf import Conf  # noqa: E402

from sharespine import cluster  # noqa: E402

cluster.FROZEN, cluster.COMMAND_FROZEN, cluster.MERCY, cluster.PATIENCE = 4, 4, 2, 5
Conf.TIMEOUT, Conf.MAX_RSS = 2, 150_000

if __name__ == "__main__":
    call_command("worker", *sys.argv[1:])
