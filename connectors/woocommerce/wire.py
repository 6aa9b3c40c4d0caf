"""What every record of a shop has, read strictly: an id and a time of modification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from connectors.errors import ConnectorError, ContractChanged
from sharespine.lib.clock import from_utc_text
from sharespine.lib.text import N_, Text

Wire = Mapping[str, Any]

_STRANGE = N_("WooCommerce answers with something else than was asked for (%(reason)s). Our staff look into it.")


def source_id(wire: Wire) -> str:
    """The record's id as text. Raises `KeyError` or `ValueError`."""
    value = wire["id"]
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ValueError(f"id is not a whole number: {value!r}")
    return str(value)


def modified_at(wire: Wire) -> datetime | None:
    """When the record was last modified, aware, UTC; None when it does not say."""
    try:
        return from_utc_text(wire["date_modified_gmt"])
    except (KeyError, TypeError, ValueError):
        return None


def identity(wire: Wire) -> int:
    """The record's id. Raises `ContractChanged`."""
    try:
        return int(source_id(wire))
    except (KeyError, ValueError) as error:
        raise strange(str(error)) from None


def rows_of(content: object) -> list[Wire]:
    """The records in an answer of any list. Raises `ContractChanged` when it is none."""
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise strange("no list")
    return content


@contextmanager
def understood() -> Iterator[None]:
    """What is read in here is as it is documented. Raises `ContractChanged` when it is not."""
    try:
        yield
        return
    except ConnectorError:
        raise
    except KeyError as error:
        reason = f"the field {error} is missing"
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        reason = str(error)
    raise strange(reason)


def strange(reason: str) -> ContractChanged:
    return ContractChanged(Text(_STRANGE, {"reason": reason[:200]}))
