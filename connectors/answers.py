"""What a remote system answered over HTTP, read strictly, and shown without secrets."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, NoReturn

import simplejson

from connectors.errors import Evidence, UnexpectedResponse
from sharespine.lib.clock import utcnow
from sharespine.lib.text import N_, Text

SAFE_METHODS = frozenset({"GET", "HEAD"})
MAX_RETRY_AFTER = 3600.0
_EVIDENCE_LENGTH = 500
#: How much of a body is looked at to show the start of it.
_LOOKED_AT = 64 * 1024
_CHARSET = re.compile(r"charset=\"?([\w.:-]+)", re.IGNORECASE)
#: What systems send. Python knows many more, some of which make characters out of plain text that no database takes.
_CHARSETS = {
    "utf-8": "utf-8-sig", "utf8": "utf-8-sig", "us-ascii": "ascii", "ascii": "ascii", "iso-8859-1": "iso-8859-1",
    "latin1": "iso-8859-1", "iso-8859-15": "iso-8859-15", "windows-1252": "cp1252", "cp1252": "cp1252",
}  # fmt: skip
#: Escapes of characters that no database takes: NUL, and halves of characters that stand alone.
_UNWRITABLE_ESCAPE = re.compile(
    r"\\u0000|\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f]", re.IGNORECASE
)
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
#: More digits than any id, and more than any amount.
_LONGEST_NUMBER = 40
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Mask:
    """Puts ••• where a secret stands, in whichever spelling a remote system may echo it."""

    def __init__(self, secrets: Collection[str]) -> None:
        self._secrets = secrets

    def __call__(self, text: str) -> str:
        return self._pattern.sub("•••", text) if self._pattern else text

    @property
    def longest(self) -> int:
        """More than the length of the longest spelling of a secret."""
        return max((len(secret) for secret in self._secrets), default=0) * _LONGEST_SPELLING + 1

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        """Made when it is first needed: every answer has a mask of its own, and hardly any is ever shown."""
        secrets = sorted({secret for secret in self._secrets if secret}, key=len, reverse=True)
        spellings = [spelling for secret in secrets for spelling in (_spelled(secret), *_encoded(secret))]
        return re.compile("|".join(spellings)) if spellings else None

    def text(self, text: Text, *, longest: int) -> Text:
        """`text` with its values masked, and then cut to `longest` characters."""
        values = {key: self(value)[:longest] if isinstance(value, str) else value for key, value in text.values.items()}
        return Text(self(text.message)[:longest], values)

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
        return self._start(len(self.body))

    @property
    def is_markup(self) -> bool:
        """Whether the body is a page (HTML or XML) rather than data."""
        return self._start(_LOOKED_AT).lstrip("\ufeff \r\n\t").startswith("<")

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, from `Retry-After` as seconds or HTTP date; at most an hour. None when it says nothing usable."""
        asked = self.pause_asked_for
        return None if asked is None else min(asked, MAX_RETRY_AFTER)

    @property
    def pause_asked_for(self) -> float | None:
        """What `Retry-After` says, in seconds, however absurd."""
        given = self.headers.get("Retry-After", "").strip()
        if re.fullmatch(r"[0-9]{1,50}(\.[0-9]{1,9})?", given):
            return float(given)
        try:
            moment = parsedate_to_datetime(given)
        except (TypeError, ValueError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(_seconds_until(moment), 0.0)

    def json(self) -> Any:
        """The body as JSON, with `Decimal` for numbers that have a point.

        Raises `UnexpectedResponse` on HTML, an empty body, invalid or cut JSON, undecodable text, keys given twice, NaN,
        Infinity and numbers beyond all measure: an amount that can be read in two ways must not be read at all. A character
        that no database takes becomes � instead, since it says nothing that would be lost.
        """
        try:
            text = self.body.decode(_CHARSETS[self._charset()])
            value = simplejson.loads(
                text, parse_float=_fraction, parse_int=_whole, object_pairs_hook=_unique, parse_constant=_no_constant
            )
            return _writable(value) if _UNWRITABLE_ESCAPE.search(text) else value
        except KeyError:
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
        body = self.mask(self._start(_LOOKED_AT))
        if len(self.body) > _LOOKED_AT:
            # A secret that is cut in two is not found.
            body = body[: -self.mask.longest]
        body = _CONTROL.sub(" ", _UNWRITABLE.sub("�", body))[:_EVIDENCE_LENGTH]
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

    def _start(self, length: int) -> str:
        return self.body[:length].decode(_CHARSETS.get(self._charset(), "utf-8-sig"), errors="replace")

    def _charset(self) -> str:
        found = _CHARSET.search(self.headers.get("Content-Type", ""))
        return found.group(1).lower() if found else "utf-8"

    def _not_json(self, error: ValueError) -> str:
        if not self.body.strip():
            return "empty"
        if self.is_markup:
            return "HTML or XML instead of JSON"
        return str(error) if isinstance(error, _Ambiguous) else "invalid JSON"


class _Ambiguous(ValueError):
    pass


#: A letter in the longest spelling that is matched: two escapes, each after eight backslashes.
_LONGEST_SPELLING = 26


def _spelled(secret: str) -> str:
    """A pattern for `secret` in the spellings of addresses, JSON and HTML, however they are mixed."""
    return "".join(re.escape(letter) if letter.isascii() and letter.isalnum() else _letter(letter) for letter in secret)


def _letter(letter: str) -> str:
    code = ord(letter)
    units = letter.encode("utf-16-be", "surrogatepass").hex()
    ways = [
        # JSON within JSON doubles the backslashes. Bounded, so that a text of nothing else is not searched for ever.
        rf"\\{{0,8}}{re.escape(letter)}",
        "".join(f"(?i:%{byte:02x})" for byte in letter.encode("utf-8", "surrogatepass")),
        "".join(rf"\\{{1,8}}(?i:u{units[start : start + 4]})" for start in range(0, len(units), 4)),
        rf"&\#0{{0,6}}{code};",
        f"(?i:&\\#x0{{0,6}}{code:x};)",
        re.escape(html.escape(letter)),
        *([r"\+"] if letter == " " else []),
    ]
    return f"(?:{'|'.join(dict.fromkeys(ways))})"


def _encoded(secret: str) -> list[str]:
    encoded = base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode()
    # With or without its filling, in both alphabets.
    words = {word.rstrip("=") for word in (encoded, encoded.replace("+", "-").replace("/", "_"))}
    return [f"{re.escape(word)}=*" for word in words]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Ambiguous("the same key twice")
    return found


def _whole(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise _Ambiguous("a number beyond all measure")
    return int(digits)


def _fraction(digits: str) -> Decimal:
    try:
        value = Decimal(digits)
    except ArithmeticError:
        # An exponent of twenty digits.
        raise _Ambiguous("a number beyond all measure") from None
    if abs(value.adjusted()) > _LONGEST_NUMBER:
        raise _Ambiguous("a number beyond all measure")
    return value


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNWRITABLE.sub("�", value)
    if isinstance(value, dict):
        return {_writable(key): _writable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_writable(item) for item in value]
    return value


def _no_constant(name: str) -> NoReturn:
    raise _Ambiguous(f"{name} is not a number")


def _seconds_until(moment: datetime) -> float:
    return (moment - utcnow()).total_seconds()
