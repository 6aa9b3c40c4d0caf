"""What the property tests of billing share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from hypothesis import HealthCheck, Phase, settings

#: Which part of all examples is tried each time; `THOROUGH=1` tries all of them, `THOROUGH=20` many more.
THOROUGH = float(os.environ.get("THOROUGH", "0.3"))


def examples(number: int) -> settings:
    """So many examples, each of which undoes what it does to the database by `fresh`."""
    number = max(5, round(number * THOROUGH))
    return settings(phases=[Phase.generate], max_examples=number, deadline=None, suppress_health_check=list(HealthCheck))


@contextmanager
def fresh() -> Iterator[None]:
    """A database as it was before, for one example."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
