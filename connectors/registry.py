"""Which systems there are: one explicit table, imported on first use."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

from connectors.base import Connector, Role

if TYPE_CHECKING:
    from connectors.sandbox import Sandbox

#: key → package. The package has `connector.py` with a class `System`, and `sandbox.py` with a class `Simulator`.
SYSTEMS: dict[str, str] = {
    "woocommerce": "connectors.woocommerce",
    "economic": "connectors.economic",
}


@cache
def connector_class(key: str) -> type[Connector]:
    """The connector class of the system `key`. Raises `KeyError` for an unknown one."""
    return cast("type[Connector]", import_module(f"{SYSTEMS[key]}.connector").System)


@cache
def sandbox_class(key: str) -> type[Sandbox]:
    """The simulator class of the system `key`. Raises `KeyError` for an unknown one."""
    return cast("type[Sandbox]", import_module(f"{SYSTEMS[key]}.sandbox").Simulator)


def systems(role: Role | None = None) -> list[type[Connector]]:
    """All connector classes, in the order of the table, of one role or of all."""
    classes = [connector_class(key) for key in SYSTEMS]
    return [cls for cls in classes if role is None or cls.manifest.role is role]
