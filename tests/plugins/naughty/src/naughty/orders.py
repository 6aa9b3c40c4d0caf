"""Does one of the things that a plugin should not, to one order, at one hook."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from connectors.base import Option, Record
from connectors.plugins import Plugin
from connectors.records import Order


def loop() -> None:
    while True:
        pass


def sleep() -> None:
    time.sleep(3600)


def fail() -> None:
    raise RuntimeError("the cat sat on the keyboard")


def leave() -> None:
    sys.exit("enough")


def die() -> None:
    os._exit(3)


def eat() -> None:
    eaten = []
    while True:
        eaten.append(bytearray(32 << 20))


def shout() -> None:
    sys.stdout.write("garbage\n" * 5000)
    sys.stdout.flush()
    os.write(1, b"more garbage\n")


def babble(line: bytes = b"garbage\n") -> None:
    """Writes where its answers are read."""
    for descriptor in range(3, 20):
        with contextlib.suppress(OSError):
            os.write(descriptor, line)


def forge() -> None:
    """Answers before its time: the answer that it gives afterwards is one too many."""
    for number in range(20):
        babble(b'{"id": %d, "ok": null}\n' % number)


def close() -> None:
    os.closerange(3, 64)


def fork() -> None:
    """Two of it go on from here, and one of them starts another that stays."""
    if os.fork() == 0 and os.fork() == 0:
        time.sleep(3600)


def flood() -> None:
    raise RuntimeError("x" * (64 << 20))


class Stubborn(Exception):
    def __str__(self) -> str:
        raise ValueError("not even that")


def stubborn() -> None:
    raise Stubborn


DEEDS: dict[str, Callable[[], None]] = {
    each.__name__: each for each in (loop, sleep, fail, leave, die, eat, shout, babble, forge, close, fork, flood, stubborn)
}
CHANGES: dict[str, Callable[[Order], Any]] = {
    "total": lambda order: replace(order, total=order.total + 1),
    "vat": lambda order: replace(order, total_vat=order.total_vat + 1),
    "currency": lambda order: replace(order, currency="EUR"),
    "number": lambda order: replace(order, number="0"),
    "id": lambda order: replace(order, source_id="0"),
    "rows": lambda order: replace(order, lines=()),
    "row vat": lambda order: replace(
        order, lines=tuple(replace(line, net=line.net - 1, vat=line.vat + 1) for line in order.lines)
    ),
    "email": lambda order: replace(order, buyer=replace(order.buyer, email="other@example.se")),
    "type": lambda order: replace(order, note=17),  # type: ignore[arg-type]  # that is what is tested
    "nan": lambda order: replace(order, lines=tuple(replace(line, quantity=Decimal("NaN")) for line in order.lines)),
    "nothing": lambda _: None,
    "text": lambda _: "an order",
}


class Naughty(Plugin):
    name: ClassVar[str] = "naughty"
    label: ClassVar[str] = "Naughty"
    api: ClassVar[int] = 1
    options: ClassVar[tuple[Option, ...]] = (
        Option(key="does", label="Does"),
        Option(key="at", label="At", default="map"),
        Option(key="to", label="To order", default="2"),
    )

    def filter(self, record: Record) -> str | None:
        self._act("filter", record)
        return "unwanted." if self.settings["does"] == "leave out" and self._is_it(record) else None

    def map(self, record: Record) -> Record:
        self._act("map", record)
        change = CHANGES.get(self.settings["does"])
        return change(record) if change and self._is_it(record) else record  # type: ignore[arg-type]

    def before_write(self, draft: Any) -> str | None:
        if draft.reference.endswith(f"-{self.settings['to']}"):
            if self.settings["at"] == "before_write":
                DEEDS[self.settings["does"]]()
            elif self.settings["does"] == "veto":
                return "it looks strange."
        return None

    def after_write(self, record: Record, document: Any, *, key: str) -> None:
        self._act("after_write", record)

    def _is_it(self, record: Record) -> bool:
        return isinstance(record, Order) and record.number == self.settings["to"]

    def _act(self, hook: str, record: Record) -> None:
        if self.settings["at"] == hook and self._is_it(record) and self.settings["does"] in DEEDS:
            DEEDS[self.settings["does"]]()
