"""e-conomic's refusals in our words. Its codes are few and partly recorded; its messages may be in Danish."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connectors.errors import (
    BadCredentials,
    ConnectorError,
    ContractChanged,
    Forbidden,
    InvalidRecord,
    Missing,
    ModuleMissing,
)
from connectors.http import Answer
from sharespine.lib.text import N_, Text

_MODULE = re.compile(r"module|modul\b", re.IGNORECASE)
_LENGTH = 300


@dataclass(frozen=True)
class Complaint:
    """One thing that e-conomic said is wrong."""

    code: str
    message: str
    field: str = ""
    value: str = ""


# Code → the class of the error and its text. Codes seen by others between 2019 and August 2026.
_KNOWN: dict[str, tuple[type[ConnectorError], str]] = {
    "E02250": (
        BadCredentials,
        N_("e-conomic says that the tokens do not belong together. Save both anew on the endpoint: %(message)s"),
    ),
    "E04041": (
        InvalidRecord,
        N_(
            "e-conomic does not take documents for this date, since the period or the account is barred (%(message)s). Open it "
            "there, or let the flow date documents on the day of transfer, then press Retry."
        ),
    ),
    "E04042": (InvalidRecord, N_("e-conomic misses a value in %(field)s: %(message)s Correct the flow and press Retry.")),
    "E06000": (Missing, N_("e-conomic does not find what the record refers to: %(message)s")),
    "E07150": (InvalidRecord, N_("An account is missing in e-conomic: %(message)s Correct it there and press Retry.")),
    "E07180": (InvalidRecord, N_("The payment terms do not fit in e-conomic: %(message)s Choose others on the flow.")),
}
_BARRED = N_("%(value)s is barred in e-conomic (%(message)s). Unbar it there and press Retry.")
_BARRED_ARTICLE = N_("Article %(value)s is barred in e-conomic. Unbar it there and press Retry.")
_NOT_FOUND = N_(
    "e-conomic does not know %(field)s %(value)s (%(message)s). Add it there or correct the flow, then press Retry."
)
_OTHER = N_("e-conomic did not accept the record: %(message)s")
_FORBIDDEN = N_(
    "e-conomic does not let us do this: %(message)s Check the modules of the agreement, and that the app has the role "
    "SuperUser or Sales."
)
_INVENTORY = N_(
    "e-conomic does not take this from us: %(message)s Check the modules of the agreement. With the Inventory module, orders "
    "may be refused: let the flow make invoices then."
)
_QUERY = N_("e-conomic does not understand what we search for any more: %(message)s Our staff look into it.")


def explain(answer: Answer) -> ConnectorError | None:
    """The error for an answer of 400 and above; None where the status says it all.

    Raises `UnexpectedResponse` when the answer is no JSON, and so not from e-conomic.
    """
    if answer.status == 429 or answer.status == 408 or answer.status >= 500:
        return None
    complaints = list(_complaints(answer.json(), answer))
    first = next((c for c in complaints if c.code and c.code != "E04300"), complaints[0] if complaints else Complaint("", ""))
    cls, message = _judged(answer.status, first, complaints)
    # One text can name one field; what else is wrong is told in its message.
    told = (
        " ".join(dict.fromkeys(c.message for c in complaints if c.message))[:_LENGTH] if cls is not Missing else first.message
    )
    values = {"message": told, "field": first.field, "value": first.value, "status": str(answer.status)}
    return cls(Text(message, values), evidence=answer.evidence())


def _judged(status: int, first: Complaint, complaints: list[Complaint]) -> tuple[type[ConnectorError], str]:
    said = " ".join(complaint.message for complaint in complaints)
    if status == 403:
        missing = _MODULE.search(said)
        return (ModuleMissing, _INVENTORY) if missing else (Forbidden, _FORBIDDEN)
    if first.code == "E06600":
        return InvalidRecord, _BARRED_ARTICLE if first.field.startswith("product") else _BARRED
    if first.code in _KNOWN:
        return _KNOWN[first.code]
    if status == 401:
        return BadCredentials, _KNOWN["E02250"][1]
    if first.code == "E07080" or (status == 400 and "not found" in first.message.casefold()):
        return Missing, _NOT_FOUND
    if status in (405, 415) or "query string" in said:
        return ContractChanged, _QUERY
    if status == 404:
        return Missing, _KNOWN["E06000"][1]
    return InvalidRecord, _OTHER


def _complaints(body: Any, answer: Answer) -> Iterator[Complaint]:
    """The inner errors first, the wrapper around them last and only when there is nothing else.

    The live shape of `errors` (an object by field, with `items` for rows) is not the documented one (an array per field);
    elsewhere it is an array of objects or of texts. All of them are read.
    """
    if not isinstance(body, dict):
        return
    inner = list(_inner(body.get("errors"), answer, field=""))
    yield from inner
    if not inner:
        yield _complaint(body, answer, field="")


def _inner(node: Any, answer: Answer, *, field: str) -> Iterator[Complaint]:
    if isinstance(node, str):
        yield Complaint("", answer.mask(node), field)
    elif isinstance(node, list):
        for item in node:
            yield from _inner(item, answer, field=field)
    elif isinstance(node, dict):
        if isinstance(node.get("errorMessage"), str) or isinstance(node.get("message"), str):
            yield _complaint(node, answer, field=field)
        for name, value in node.items():
            if isinstance(value, dict | list):
                yield from _inner(value, answer, field=field if name in ("errors", "items") else name)


def _complaint(node: dict[str, Any], answer: Answer, *, field: str) -> Complaint:
    # The last two are of the newer API, whose errors are problem+json.
    message = next((node[name] for name in ("errorMessage", "message", "detail", "title") if node.get(name)), "")
    value = node.get("inputValue", node.get("value"))
    return Complaint(
        code=str(node.get("errorCode") or ""),
        message=answer.mask(str(message)),
        field=str(node.get("propertyName") or field),
        value="" if value is None else answer.mask(str(value)),
    )
