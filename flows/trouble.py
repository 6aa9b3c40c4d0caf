"""When the database fails: it restarts, is locked or full, or has us give way to somebody. That is no bug of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from logging import Logger

from django.db import InterfaceError, OperationalError, connection

#: What database libraries raise then. What was asked is undone, or, when a commit was under way, maybe not.
TROUBLE = (OperationalError, InterfaceError)


def words(error: BaseException) -> str:
    """The first line of what the database said."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@contextmanager
def borne(log: Logger) -> Iterator[None]:
    """End what is done within when the database fails, with one line in `log`: whoever comes next tries again."""
    try:
        yield
    except TROUBLE as error:
        log.warning("The database failed: %s. It is tried again.", words(error))
        # The next one gets a connection that works.
        connection.close_if_unusable_or_obsolete()
