"""Writes down what it is told after the write, what it finds around it, and what its password is."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any, ClassVar

from connectors.base import Option, OptionKind, Record, Register
from connectors.plugins import Plugin


class Diary(Plugin):
    name: ClassVar[str] = "diary"
    label: ClassVar[str] = "Diary"
    api: ClassVar[int] = 1
    registers: ClassVar[tuple[Register, ...]] = (Register.ORDERS, Register.STOCK)
    options: ClassVar[tuple[Option, ...]] = (
        Option(key="path", label="Where", required=True),
        Option(key="password", label="Password", kind=OptionKind.SECRET),
        Option(key="fails", label="Fails", kind=OptionKind.BOOLEAN, default=False),
    )

    def after_write(self, record: Record, document: Any, *, key: str) -> None:
        entry = {
            "key": key,
            "record": record.source_id,
            "document": getattr(document, "target_id", ""),
            "environment": dict(os.environ),
            "modules": sorted(name for name in sys.modules if name.partition(".")[0] in ("django", "flows", "billing")),
            "files": len(list(Path("/proc/self/fd").iterdir())),
            "threads": threading.active_count(),
            "password": self.settings["password"],
        }
        with Path(self.settings["path"]).open("a") as diary:
            diary.write(json.dumps(entry) + "\n")
        if self.settings["fails"]:
            raise RuntimeError(f"cannot log in as {self.settings['password']}")
