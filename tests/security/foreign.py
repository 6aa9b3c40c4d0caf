"""Asks as one merchant for what is another's, and tells whatever is wrong with the answer.

Right is an answer that shows nothing of the foreign merchant, changes nothing of it, says the same about something foreign as
about something that there is not, and is no failure of ours.
"""

from __future__ import annotations

import copy
import html
import io
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core import mail
from django.core.cache import cache
from django.db import connection, transaction
from django.urls import reverse

from tests.billing.test_statements import words_of
from tests.security.callers import API, PORTAL, Caller
from tests.security.dumps import Rows, changes, dump
from tests.security.marks import FOREIGN, NOBODY, OWN, Twin
from tests.security.merchants import Merchant
from tests.security.places import Address, Place

SAFE = ("GET", "HEAD")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
#: What is another in each answer: tokens, secrets that were just made, and how much a caller may still ask. A number in a path
#: that is shorter than those of merchants is the id of a row that was just made, which PostgreSQL never gives twice.
_CHANGING = re.compile(
    r'(?<=name="csrfmiddlewaretoken" value=")\w{64}|(?<=csrftoken=)\w{32}|(?<=sessionid=)\w{32}|(?<=messages=)[^;]+'
    r"|expires=[^;]+|(?<=/)\d{1,9}(?=/)|whsec_[\w+/=]+|shs_[0-9a-f]{10}(?:_[\w-]{43})?"
)
_WRITES = re.compile(r'^\s*(?:INSERT INTO|INSERT OR \w+ INTO|UPDATE|DELETE FROM) "(\w+)"', re.IGNORECASE)
_UNTOLD = ("Content-Length", "ETag", "RateLimit-Remaining", "RateLimit-Reset", "Expires", "Last-Modified")
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: `sent` goes as a form, `told` as JSON."""

    method: str
    path: str
    query: Pairs = ()
    sent: Pairs = ()
    told: str = ""

    @property
    def address(self) -> str:
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def text(self) -> str:
        return " ".join([self.path, *(part for pair in (*self.query, *self.sent) for part in pair), self.told])

    def twin(self) -> Question:
        """The same about a merchant that there is not."""
        query, sent = (tuple((name, Twin.of(value)) for name, value in pairs) for pairs in (self.query, self.sent))
        return Question(self.method, Twin.of(self.path), query, sent, Twin.of(self.told))

    def __str__(self) -> str:
        names = [name for name, _value in self.sent]
        with_what = f" with {', '.join(names) if len(names) < 6 else 'all that may be meant'}" if names else ""
        return f"{self.method} {self.address}{with_what}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `text` is all of it, headers, files and e-mails included; `changed` are rows of the foreign merchant."""

    status: int
    location: str
    text: str
    changed: Sequence[str]
    failure: str

    @property
    def asks_to_log_in(self) -> bool:
        doors = (reverse("account_login"), reverse("admin:login"))
        return self.status == 302 and self.location.partition("?")[0] in doors


@dataclass(frozen=True, slots=True)
class World:
    """The merchant who asks, the one that is foreign to it, and the rows of that."""

    own: Merchant
    foreign: Merchant
    rows: Rows


def ask(world: World, caller: Caller, question: Question) -> Answer:
    """Ask, and leave everything as it was."""
    client = caller.client
    cookies = copy.deepcopy(client.cookies)
    cache.clear()
    mail.outbox = []
    content = question.told or urlencode(question.sent)
    kind = "application/json" if question.told else "application/x-www-form-urlencoded"
    with transaction.atomic():
        with _tables() as written:
            response: Any = client.generic(question.method, question.address, content, kind)
            text = _read(response)
        changed = changes(world.rows, dump(world.foreign, written)) if written else []
        transaction.set_rollback(True)
    client.cookies = cookies
    failure = repr(response.exc_info[1]) if getattr(response, "exc_info", None) else ""
    return Answer(response.status_code, response.headers.get("Location", ""), text, changed, failure)


def faults(world: World, caller: Caller, address: Address, question: Question, *, twin: bool = True) -> Iterator[str]:
    """What is wrong with the answer to `question`, which is at `address`."""
    answer = ask(world, caller, question)
    asked = f"{caller.name}: {question} → {answer.status}"
    if answer.status >= 500:
        yield f"{asked}: fails with {answer.failure}"
    at_home = caller.home == PORTAL or caller.home == address.place.door
    strange = [FOREIGN] if at_home and caller.home else [FOREIGN, OWN]
    if shown := {word for mark in strange for word in mark.found_in(answer.text) - mark.found_in(question.text)}:
        yield f"{asked}: shows {', '.join(sorted(shown))}"
    if answer.changed and not _is_hook(address.place):
        yield f"{asked}: changes {', '.join(answer.changed)}"
    if not is_right(caller, address, question, answer):
        yield f"{asked}: is not refused {answer.location}"
    if (
        twin
        and not address.told
        and not (caller.is_staff and address.place.door == "admin")
        and (other := question.twin()) != question
    ):
        yield from _differences(asked, answer, ask(world, caller, other))


def is_right(caller: Caller, address: Address, question: Question, answer: Answer) -> bool:
    """Whether the status is one that there may be."""
    place = address.place
    if place.is_public or (caller.is_staff and place.door == "admin"):
        return True
    is_home = caller.home == place.door
    if is_home and not address.is_foreign:
        return True
    if place.door == PORTAL and not is_home and not caller.is_staff and caller.client.cookies.get("sessionid") is None:
        return answer.asks_to_log_in or answer.status == 405
    if place.door == API:
        return answer.status in (401, 403, 404, 405)
    if place.door == PORTAL:
        # Of a foreign customer nobody is to know; of an own one, that one may not do this.
        theirs = question.path.startswith(f"/portal/{FOREIGN.number(1)}/")
        return answer.status in ((404, 405) if theirs else (403, 404, 405)) or answer.asks_to_log_in
    return answer.status in (403, 404, 405) or answer.asks_to_log_in


def _is_hook(place: Place) -> bool:
    """Whether it is where shops send webhooks: that one came, and was refused, is kept with the shop that it names."""
    return place.door == "hooks"


def _differences(asked: str, answer: Answer, other: Answer) -> Iterator[str]:
    if other.status != answer.status:
        yield f"{asked}: of nobody's it says {other.status}"
    elif Twin.back(other.text) != answer.text:
        pairs = zip(answer.text.splitlines(), Twin.back(other.text).splitlines(), strict=False)
        told = next((f"“{one.strip()}”, not “{two.strip()}”" for one, two in pairs if one != two), "more or less")
        yield f"{asked}: of nobody's it says {told}"


@contextmanager
def _tables() -> Iterator[set[str]]:
    """The names of the tables that are written to, as it happens."""
    written: set[str] = set()

    def keep(execute: Any, sql: str, *rest: Any) -> Any:
        if found := _WRITES.search(sql):
            written.add(found[1])
        return execute(sql, *rest)

    with connection.execute_wrapper(keep):
        yield written


def _read(response: Any) -> str:
    """All that an answer says, files unpacked; what it will say on the next page; and the e-mails that were sent."""
    content = response.getvalue() if response.streaming else response.content
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items() if name not in _UNTOLD)
    parts = [headers, str(response.cookies.output()), *_unpacked(content)]
    request = getattr(response, "wsgi_request", None)
    parts += [str(told) for told in getattr(getattr(request, "_messages", None), "_queued_messages", ())]
    # Whoever is written to is told no more than whoever asks, unless it is told about itself.
    domains = (f"@{FOREIGN.domain}", f"@{NOBODY.domain}")
    mails = [one for one in getattr(mail, "outbox", ()) if not all(to.endswith(domains) for to in one.to)]
    parts += [f"{one.to} {one.subject} {one.body}" for one in mails]
    return _CHANGING.sub("", "\n".join(parts))


def _unpacked(content: bytes) -> Iterator[str]:
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            yield from (
                book.read(name).decode("utf-8", "replace") for name in sorted(book.namelist()) if name != "docProps/core.xml"
            )
    elif content.startswith(b"%PDF"):
        # Not as it stands: it holds when it was made, and a random number.
        yield words_of(content)
    else:
        yield html.unescape(content.decode("utf-8", "replace"))


def body(place: Place, mark: Any = FOREIGN) -> dict[str, Any]:
    """What could be meant to go with a change: names that forms may have, with what is the foreign merchant's."""
    number, word = str(mark.number(1)), mark.text("Buyer")
    names = (
        "id", "pk", "order", "orders", "transfer", "transfers", "selected", "chosen", "item", "items", "run", "flow",
        "connection", "endpoint", "key", "webhook", "message", "invitation", "user", "member", "membership", "customer",
        "_selected_action", "object_id", "quote", "package",
    )  # fmt: skip
    words = {"email": f"owner@{mark.domain}", "name": word, "text": word, "reason": word, "q": word, "role": "owner"}
    acts = {"action": "retry", "events": "order.stopped", "scopes": "transfers", "address": f"https://{mark.domain}/hak/1"}
    return {**dict.fromkeys(names, number), **words, **acts}


def question(method: str, address: Address, query: Pairs = ()) -> Question:
    """What is asked by `method` at an address, with a body where there may be one."""
    if method in SAFE:
        return Question(method, address.path, query)
    given = body(address.place)
    if address.place.door == API:
        return Question(method, address.path, query, told=json.dumps(given))
    return Question(method, address.path, query, sent=tuple(given.items()))
