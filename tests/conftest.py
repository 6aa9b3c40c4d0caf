"""What all tests share. With several processes, only the hooks named here run in the one that prints the summary."""

import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker

from tests import migrated

pytest_plugins = ["tests.connectors.contract.figures"]

# How fast values are made, and how long an example takes, says something about the machine, not about us.
#: So many examples each day, where a test does not say how many, and always the same: what a change breaks is its own fault.
#: With `EXAMPLES=500`, as in `make faults`, they are more and others each time.
EXAMPLES = int(os.environ.get("EXAMPLES", "40"))
settings.register_profile(
    "whatever the machine",
    deadline=None,
    max_examples=EXAMPLES,
    derandomize="EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("whatever the machine")


def pytest_configure() -> None:
    """Each client of a test would look for all static files anew, and Django's live server finds them by itself."""
    django_settings.WHITENOISE_USE_FINDERS = False


def pytest_collection_finish() -> None:
    """What has been imported stays: the collector need not look through it again for each few hundred objects of a test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def _copying() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        stack.enter_context(migrated.copied())
        yield stack


@pytest.fixture(scope="session")
def django_db_setup(_copying: ExitStack, django_db_setup: None) -> None:
    """pytest-django's, but that the migrated database is copied where there is one."""
    _copying.close()


@pytest.fixture(scope="module")
def _kept(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """For fixtures that make rows once for all tests of a module: what a test does to them is undone after it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)
