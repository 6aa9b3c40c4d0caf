"""Logs that stay calm: that the database failed is one line, whoever stumbled over it, and not a page of calls."""

from __future__ import annotations

import logging

from django.db import InterfaceError, OperationalError


class OneLine(logging.Filter):
    """Leaves the traceback out of what is logged about a database that does not answer. It never drops a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, OperationalError | InterfaceError):
            said = str(error).strip().splitlines() or [type(error).__name__]
            record.msg, record.args = f"{record.getMessage()}: the database failed: {said[0]}", ()
            record.exc_info = record.exc_text = None
        return True
