"""Was written for an interface that is yet to come."""

from __future__ import annotations

from typing import ClassVar

from connectors.plugins import Plugin


class Future(Plugin):
    name: ClassVar[str] = "future"
    label: ClassVar[str] = "Future"
    api: ClassVar[int] = 2
