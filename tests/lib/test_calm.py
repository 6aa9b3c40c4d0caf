"""What is logged about a database that fails."""

from __future__ import annotations

import logging

from django.db import OperationalError

from sharespine.lib.calm import OneLine


def logged(error: Exception) -> logging.LogRecord:
    raised = (type(error), error, None)
    record = logging.LogRecord("django-q", logging.ERROR, __file__, 1, "Could not save %s", ("result",), raised)
    assert OneLine().filter(record)
    return record


def test_a_database_that_fails_is_one_line() -> None:
    record = logged(OperationalError("server closed the connection unexpectedly\n\tThis probably means …"))
    assert logging.Formatter().format(record) == (
        "Could not save result: the database failed: server closed the connection unexpectedly"
    )


def test_a_bug_keeps_its_traceback() -> None:
    assert "ValueError: 100 % wrong" in logging.Formatter().format(logged(ValueError("100 % wrong")))
