"""What a system must offer: a manifest and capabilities as data, and five verbs.

============  ==========================================================================================================
`check`       is the endpoint usable? What does it offer (names, layouts, statuses)? Reads only.
`read`        pages of records changed since a moment. Reads only.
`prepare`     turns a record into a `Draft`: everything that would be sent, with the total as the target will count it.
              May look things up; never changes anything.
`write`       carries a draft out, under the key it is given. The only verb that changes the other system.
`find`        which documents carry these references? The only way an unknown outcome is settled.
============  ==========================================================================================================

A connector is used by several threads at once. It raises `connectors.errors.ConnectorError` and nothing else, it never
retries a call that may have had an effect, and it never shows a secret in an error, a log or its `repr`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Self

from connectors.errors import ConnectorError, Unsupported
from connectors.records import Order
from sharespine.lib.text import N_, Text


class Role(StrEnum):
    SHOP = "shop"
    ERP = "erp"


class Register(StrEnum):
    """What is moved. Swedish: dataregister."""

    ORDERS = "orders"


class OptionKind(StrEnum):
    TEXT = "text"
    LINES = "lines"
    SECRET = "secret"
    URL = "url"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    CHOICES = "choices"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose: `value` is what is stored, `label` what people read (a proper name: not translated)."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One field of a form. `label` and `help` are marked for translation.

    `choices` are fixed; `choices_from` names a list in the endpoint's last `CheckReport.choices` (what this agreement or
    shop really has). Until the endpoint was checked, such a field takes free text.
    """

    key: str
    label: str
    kind: OptionKind = OptionKind.TEXT
    help: str = ""
    default: str | bool | int | None = None
    required: bool = False
    choices: tuple[Choice, ...] = ()
    choices_from: str = ""
    group: str = ""

    @property
    def is_secret(self) -> bool:
        return self.kind is OptionKind.SECRET


@dataclass(frozen=True, slots=True)
class Module:
    """Something that the merchant must have in the other system, confirmed by hand on the connection."""

    key: str
    label: str
    mandatory: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What the system is. Everything that forms, docs and the planner need to know about it without asking it.

    `options` belong to the endpoint (address, keys). `flow_options` belong to a flow that reads from (as a shop) or writes
    to (as an ERP) this system, per register. Keys are unique within each.
    """

    key: str
    name: str
    role: Role
    editions: tuple[str, ...]
    api: str
    options: tuple[Option, ...]
    flow_options: Mapping[Register, tuple[Option, ...]] = field(default_factory=dict)
    modules: tuple[Module, ...] = ()

    @property
    def secret_keys(self) -> frozenset[str]:
        return frozenset(option.key for option in self.options if option.is_secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """How a register can be read. `overlap` is how far back each read must reach so that nothing is lost at the edge."""

    incremental: bool = True
    page_size: int = 100
    overlap: timedelta = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """How a register can be written, and how an unknown outcome can be settled.

    (a) `idempotency_window` > 0: the same key within that time has one effect. (b) `finds_by_reference`: `find` answers,
    once `index_delay` has passed since the write. Neither: an unknown outcome stops for a person. `completes` tells that a
    write has steps after the document was made, and that `complete` takes them up.
    """

    idempotency_window: timedelta = timedelta(0)
    finds_by_reference: bool = False
    completes: bool = False
    index_delay: timedelta = timedelta(0)
    document_kinds: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the system can do, as data: the planner, the forms, the contract suite and the docs all read it.

    `max_in_flight` is how many calls may be under way at once on one endpoint, by default.
    """

    reads: Mapping[Register, Reads] = field(default_factory=dict)
    writes: Mapping[Register, Writes] = field(default_factory=dict)
    max_in_flight: int = 4
    webhooks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What `check` found. `choices` are lists by name, for `Option.choices_from`."""

    name: str
    facts: tuple[tuple[str, str], ...] = ()
    choices: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)
    warnings: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What to read: all records modified at or after `modified_since` (aware, UTC), or those with the given `source_ids`."""

    register: Register
    modified_since: datetime | None = None
    source_ids: tuple[str, ...] = ()


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
    """Some records, oldest change first. Everything modified before `reached` has now been seen."""

    records: tuple[Order, ...]
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


class Connector(ABC):
    """One endpoint, opened. A subclass declares `manifest` and `capabilities` and fills in the verbs that it can.

    `options` hold the endpoint's options with its secrets in clear, as text by key. `flow_options` hold those of the flow
    that this connector serves.
    """

    manifest: ClassVar[Manifest]
    capabilities: ClassVar[Capabilities]

    def __init__(self, options: Mapping[str, Any], flow_options: Mapping[str, Any] | None = None) -> None:
        self.options = _filled(self.manifest.options, options)
        declared = [option for group in self.manifest.flow_options.values() for option in group]
        self.flow_options = _filled(declared, flow_options or {})

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
