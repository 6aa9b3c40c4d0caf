"""Keeps some stock back, leaves some articles out, and fails on one."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from typing import Any, ClassVar

from connectors.articles import Product, StockLevel
from connectors.base import Option, Record, Register
from connectors.plugins import Plugin


class Relabel(Plugin):
    name: ClassVar[str] = "relabel"
    label: ClassVar[str] = "Relabel"
    api: ClassVar[int] = 1
    registers: ClassVar[tuple[Register, ...]] = (Register.STOCK, Register.PRODUCTS)
    options: ClassVar[tuple[Option, ...]] = (
        Option(key="keep", label="Keep back", default="0"),
        Option(key="but", label="Leave out", default=""),
        Option(key="bad", label="Fails on", default=""),
        Option(key="slow", label="Hangs on", default=""),
        Option(key="stop", label="Does not let go", default=""),
    )

    def filter(self, record: Any) -> str | None:
        return "not sold there." if record.article_number == self.settings["but"] else None

    def map(self, record: Record) -> Record:
        if record.article_number == self.settings["bad"]:  # type: ignore[union-attr]
            raise ValueError("no such thing")
        if record.article_number == self.settings["slow"]:  # type: ignore[union-attr]
            time.sleep(3600)
        if isinstance(record, StockLevel):
            return replace(record, quantity=max(record.quantity - Decimal(self.settings["keep"]), Decimal(0)))
        assert isinstance(record, Product)
        return replace(record, name=record.name.upper())

    def before_write(self, draft: Any) -> str | None:
        return "not today." if draft.key == self.settings["stop"] else None
