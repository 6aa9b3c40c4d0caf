"""What a system must offer: a manifest and capabilities as data, and six verbs.

============  ==========================================================================================================
`check`       is the endpoint usable? What does it offer (names, layouts, statuses)? Reads only.
`read`        pages of records changed since a moment, or with given keys. Reads only.
`prepare`     turns a record into a `Draft`: everything that would be sent, with the total as the target will count it.
              May look things up; never changes anything.
`write`       carries a draft out, under the key it is given. The only verb that changes the other system.
`find`        which documents carry these references? The only way an unknown outcome is settled.
`put`         brings articles, or the statuses of orders, to where they are to be. The same again changes nothing more.
============  ==========================================================================================================

Documents (orders) are prepared, written and found, since a second one would do harm. All other registers are put.

A connector is used by several threads at once. It raises `connectors.errors.ConnectorError` and nothing else, it never
retries a call that may have had an effect, and it never shows a secret in an error, a log or its `repr`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Self

from connectors.articles import ListPrices, Price, Product, StockLevel
from connectors.capabilities import Capabilities, Choice, Direction, Reads, Register, Writes
from connectors.errors import ConnectorError, Unsupported
from connectors.manifest import Manifest, Module, Option, OptionKind, Role
from connectors.progress import OrderStatus, Progress
from connectors.records import Order
from sharespine.lib.text import N_, Text

__all__ = [
    "Capabilities", "Change", "CheckReport", "Choice", "Connector", "Direction", "Document", "Draft", "Hint", "Manifest",
    "Module", "Option", "OptionKind", "Page", "Put", "Query", "Reads", "Record", "Register", "Role", "Step", "Unreadable",
    "Writes",
]  # fmt: skip

#: What a page can hold: all its records belong to the register that was asked for.
Record = Order | Progress | Product | StockLevel | Price | ListPrices


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What `check` found. `choices` are lists by name, for `Option.choices_from`."""

    name: str
    facts: tuple[tuple[str, str], ...] = ()
    choices: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)
    warnings: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What to read: all records modified at or after `modified_since` (aware, UTC), or those that are named.

    They are named by `source_ids`, or by `keys`: article numbers, or for order status our references.
    """

    register: Register
    modified_since: datetime | None = None
    source_ids: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hint:
    """What a webhook says may have changed. Never the truth, only a reason to `read` these records now."""

    register: Register
    source_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that the source has but that cannot be understood. It stops alone; the page goes on."""

    source_id: str
    number: str
    error: ConnectorError


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some `Record`s, oldest change first. Everything modified before `reached` has now been seen."""

    records: tuple[Any, ...]
    unreadable: tuple[Unreadable, ...] = ()
    reached: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One call that carrying out a draft would make. `purpose` is marked for translation; `body` is what would be sent."""

    purpose: str
    method: str
    path: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A document as it would be sent, and its totals as the target will count them. Nothing has been sent yet.

    `total` is with VAT and equals the order's own total, else the connector has raised `InvalidRecord`. `notices` say what
    was cut or added on the way (a shortened name, a rounding row).
    """

    register: Register
    reference: str
    steps: tuple[Step, ...]
    total: Decimal
    total_vat: Decimal
    currency: str
    notices: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that exists in the target. `kind` is one of `Writes.document_kinds`; totals are the target's own."""

    kind: str
    target_id: str
    reference: str
    total: Decimal
    total_vat: Decimal
    currency: str
    party_number: str = ""
    notices: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an article, or the status of an order, is to be brought to. `key` is its article number, or the id of the order.

    `target_id` is the id in the target as the last `Put` gave it, empty when it is not known. `fields` are those of
    `connectors.fields` that are to be written, None for all. Only with `create` may it be created where it does not exist.
    """

    key: str
    record: Product | StockLevel | Price | ListPrices | OrderStatus
    target_id: str = ""
    fields: frozenset[str] | None = None
    create: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """What became of one change. With an `error`, it alone was not made, and nothing of it.

    `written` is False when all was already as it is to be, or (with a notice) is left alone by a rule of the change.
    """

    key: str
    target_id: str = ""
    written: bool = True
    error: ConnectorError | None = None
    notices: tuple[Text, ...] = ()


class Connector(ABC):
    """One endpoint, opened. A subclass declares `manifest` and `capabilities` and fills in the verbs that it can.

    `options` hold the endpoint's options with its secrets in clear, as text by key. `flow_options` hold those of the flow
    that this connector serves.
    """

    manifest: ClassVar[Manifest]
    capabilities: ClassVar[Capabilities]

    def __init__(self, options: Mapping[str, Any], flow_options: Mapping[str, Any] | None = None) -> None:
        self.options = _filled(self.manifest.options, options)
        self.flow_options = _filled(tuple(self.manifest.flow_options()), flow_options or {})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.options.get('address', '')}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027 - most systems hold nothing open
        """Give back what is held open. Called once, when no thread uses the connector any more."""

    @abstractmethod
    def check(self) -> CheckReport:
        """Whether the endpoint is usable. Raises the error that says why not."""

    def read(self, query: Query) -> Iterator[Page]:
        """Pages of what `query` asks for, each record at least once, oldest change first."""
        raise self._unsupported(N_("%(system)s cannot be read from here."))

    def receive(self, headers: Mapping[str, str], body: bytes) -> Hint | None:
        """What the webhook call says, or None if it is no event for us (a ping). `body` is the raw body.

        Raises `Forged` when the call is not signed with our secret.
        """
        raise self._unsupported(N_("%(system)s sends no webhooks to here."))

    def look_ahead(self, records: Sequence[Order]) -> None:  # noqa: B027 - an offer, not a duty
        """These will be prepared next. What must be looked up for them may be looked up together here, with fewer calls.

        Changes nothing. An error here is nobody's: `prepare` meets it again, for each record alone.
        """

    def prepare(self, record: Order, *, reference: str) -> Draft:
        """What writing `record` would send. Raises `RejectedError` when it cannot be written as it is. Changes nothing."""
        raise self._unsupported(N_("%(system)s cannot be written to from here."))

    def write(self, draft: Draft, *, key: str) -> Document:
        """Carry `draft` out. The same `key` is used for every attempt at the same document, so that it has one effect."""
        raise self._unsupported(N_("%(system)s cannot be written to from here."))

    def complete(self, draft: Draft, document: Document) -> Document:
        """Take up what an interrupted attempt at `draft` left undone on `document`, which `find` gave and whose total differs.

        The document as it is then; as it was given when it is no unfinished work of ours.
        """
        raise self._unsupported(N_("%(system)s cannot be written to from here."))

    def find(self, register: Register, references: Sequence[str]) -> Mapping[str, tuple[Document, ...]]:
        """All documents that carry one of `references`, whatever state they are in. A reference not found has no entry."""
        raise self._unsupported(N_("%(system)s cannot be searched from here."))

    def put(self, register: Register, changes: Sequence[Change]) -> Sequence[Put]:
        """Make `changes`, at most `Writes.batch_size` of them, and say what became of each, in any order.

        May be repeated: the same changes again leave everything as it is, and create and send nothing a second time. Raises
        only what concerns all of them; what has been made by then is made again by the next attempt.
        """
        raise self._unsupported(N_("%(system)s cannot be written to from here."))

    def _unsupported(self, message: str) -> Unsupported:
        return Unsupported(Text(message, {"system": self.manifest.name}))


def _filled(declared: Sequence[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """The given values, stripped, with defaults for what was left out; undeclared keys are dropped."""
    values: dict[str, Any] = {}
    for option in declared:
        value = given.get(option.key)
        if isinstance(value, str):
            # Credentials pasted from a mail come with spaces and line ends around them.
            value = value.strip()
        values[option.key] = option.default if value in (None, "") else value
    return values
