"""What a system is, as data: everything that forms, docs and the planner need to know about it without asking it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connectors.capabilities import Choice, Register


class Role(StrEnum):
    SHOP = "shop"
    ERP = "erp"


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

    `options` belong to the endpoint (address, keys). `read_options` and `write_options` belong to a flow that reads a register
    from this system or writes it there. Keys are unique within each; a key that several registers share means the same in all.
    """

    key: str
    name: str
    role: Role
    editions: tuple[str, ...]
    api: str
    options: tuple[Option, ...]
    read_options: Mapping[Register, tuple[Option, ...]] = field(default_factory=dict)
    write_options: Mapping[Register, tuple[Option, ...]] = field(default_factory=dict)
    modules: tuple[Module, ...] = ()

    @property
    def secret_keys(self) -> frozenset[str]:
        return frozenset(option.key for option in self.options if option.is_secret)

    def flow_options(self) -> Iterator[Option]:
        """All that flows of any register can be told, in either direction."""
        for by_register in (self.read_options, self.write_options):
            for options in by_register.values():
                yield from options
