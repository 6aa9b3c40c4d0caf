"""What a remote system answered over HTTP, read strictly, and shown without secrets."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

import simplejson

from connectors.errors import Evidence, UnexpectedResponse
from sharespine.lib.clock import utcnow
from sharespine.lib.text import N_, Text

SAFE_METHODS = frozenset({"GET", "HEAD"})
MAX_RETRY_AFTER = 3600.0
_EVIDENCE_LENGTH = 500
_CHARSET = re.compile(r"charset=\"?([\w.:-]+)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Mask:
    """Puts ••• where a secret stands, in whichever spelling a remote system may echo it."""

    def __init__(self, secrets: Collection[str]) -> None:
        spellings = {spelling for secret in secrets if secret for spelling in _spellings(secret)}
        ordered = sorted(spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub("•••", text) if self._pattern else text

    def text(self, text: Text) -> Text:
        return Text(self(text.message), {k: v if isinstance(v, Text) else self(v) for k, v in text.values.items()})

    def __repr__(self) -> str:
        return "<Mask>"


@dataclass(frozen=True)
class Answer:
    """One answer, complete. `headers` are case-insensitive; `address` is without query and without user name."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    method: str
    address: str
    mask: Mask = field(default=Mask(()), repr=False, compare=False)

    @property
    def text(self) -> str:
        """The body as text in the charset it claims (UTF-8 if none); what cannot be decoded is shown as �."""
        try:
            return self.body.decode(self._charset(), errors="replace")
        except LookupError:
            return self.body.decode(errors="replace")

    @property
    def is_markup(self) -> bool:
        """Whether the body is a page (HTML or XML) rather than data."""
        return self.text.lstrip("\ufeff \r\n\t").startswith("<")

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, from `Retry-After` as seconds or HTTP date; at most an hour. None when it says nothing usable."""
        given = self.headers.get("Retry-After", "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", given):
            return min(float(given), MAX_RETRY_AFTER)
        try:
            moment = parsedate_to_datetime(given)
        except (TypeError, ValueError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return min(max(_seconds_until(moment), 0.0), MAX_RETRY_AFTER)

    def json(self) -> Any:
        """The body as JSON, with `Decimal` for numbers that have a point.

        Raises `UnexpectedResponse` on HTML, an empty body, invalid or cut JSON, undecodable text, keys given twice and
        NaN or Infinity: an amount that can be read in two ways must not be read at all.
        """
        try:
            charset = self._charset()
            text = self.body.decode("utf-8-sig" if charset.lower() in ("utf-8", "utf8") else charset)
            return simplejson.loads(text, use_decimal=True, object_pairs_hook=_unique, parse_constant=_no_constant)
        except LookupError:
            reason = "unknown charset"
        except UnicodeDecodeError:
            reason = "undecodable text"
        except RecursionError:
            reason = "nested too deeply"
        except ValueError as error:
            reason = self._not_json(error)
        raise self.unexpected(reason)

    def evidence(self) -> Evidence:
        """Masked and cut, for support staff."""
        body = _CONTROL.sub(" ", self.mask(self.text))[:_EVIDENCE_LENGTH]
        return Evidence(method=self.method, address=self.mask(self.address), status=self.status, body=body)

    def unexpected(self, reason: str) -> UnexpectedResponse:
        """The error for an answer that cannot be what we asked for; `reason` is a few English words for staff.

        Whether a write took effect is unknown, unless the status says that it was refused.
        """
        text = Text(
            N_("The answer from %(address)s could not be read (%(reason)s). Check the address; our staff look into it."),
            {"address": self.mask(self.address), "reason": reason},
        )
        refused = 400 <= self.status < 500
        unknown = self.method not in SAFE_METHODS and not refused
        return UnexpectedResponse(text, evidence=self.evidence(), outcome_unknown=unknown)

    def _charset(self) -> str:
        found = _CHARSET.search(self.headers.get("Content-Type", ""))
        return found.group(1) if found else "utf-8"

    def _not_json(self, error: ValueError) -> str:
        if not self.body.strip():
            return "empty"
        if self.is_markup:
            return "HTML or XML instead of JSON"
        return str(error) if isinstance(error, _Ambiguous) else "invalid JSON"


class _Ambiguous(ValueError):
    pass


def _spellings(secret: str) -> set[str]:
    escaped = simplejson.dumps(secret)[1:-1]
    encoded = base64.b64encode(secret.encode()).decode()
    return {secret, quote(secret, safe=""), quote_plus(secret), escaped, html.escape(secret), encoded, encoded.rstrip("=")}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Ambiguous("the same key twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise _Ambiguous(f"{name} is not a number")


def _seconds_until(moment: datetime) -> float:
    return (moment - utcnow()).total_seconds()
