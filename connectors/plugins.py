"""What a plugin is: code for one customer that changes what a standard flow does, in a package of its own.

This module, the records of `connectors.records` and `connectors.articles`, and `Draft`, `Document`, `Change` and `Put` of
`connectors.base` are the interface, in the version `API`. It is described in docs/plugins.md.

A plugin runs in a process of its own, without Django, the database, the credentials of endpoints or the environment. Whatever
it does there stops the record that it was given and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connectors.base import Change, Document, Draft, Put, Record
from connectors.capabilities import Register
from connectors.manifest import Option

#: The version of the interface. It grows when a plugin that was made for the version before could fail with the new one.
API = 1
#: Where packages announce their plugins: the name of an entry point is the plugin's, its value `module:Class`.
GROUP = "sharespine.plugins"
#: What a plugin may fill in, in the order in which a record meets it.
HOOKS = ("filter", "map", "before_write", "after_write")
#: What plugins may change. The status of an order is told as it is.
REGISTERS = (Register.ORDERS, Register.PRODUCTS, Register.PRICES, Register.PRICE_LISTS, Register.STOCK)


class Plugin:
    """A subclass declares what it is and fills in the hooks that it needs; the others cost nothing.

    `name` is the name of its entry point, `label` what people call it. `options` are asked for on its page, in the vocabulary
    of the systems' own manifests; what was filled in is `settings`, by key, with defaults for what was left out.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    #: The version of the interface that it was written for.
    api: ClassVar[int]
    registers: ClassVar[tuple[Register, ...]] = (Register.ORDERS,)
    options: ClassVar[tuple[Option, ...]] = ()

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    def filter(self, record: Record) -> str | None:
        """Why `record`, as its source has it, is left out; None if it goes. It is asked again when the record has changed."""
        return None

    def map(self, record: Record) -> Record:
        """`record` as it is to be written: of the same type, with the same identity and the same sums.

        Of an order, the ids and numbers, the currency, the totals, what the rows come to (net, and VAT), and what the buyer is
        recognised by (number, organisation number, e-mail) stay as they are. Of an article, its id and its number do.
        """
        return record

    def before_write(self, draft: Draft | Change) -> str | None:
        """Why what is about to be sent must not be; None if it may. Nothing in it can be changed here."""
        return None

    def after_write(self, record: Record, document: Document | Put, *, key: str) -> None:
        """`record` is now in the target as `document`. Nothing that is done or raised here undoes that.

        An order is told at least once: after a crash perhaps once more, with the same `key`.
        """


def hooks_of(plugin: type[Plugin]) -> tuple[str, ...]:
    """The hooks that a plugin fills in."""
    return tuple(hook for hook in HOOKS if getattr(plugin, hook) is not getattr(Plugin, hook))
