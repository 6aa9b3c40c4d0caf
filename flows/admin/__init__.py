"""The admin pages of flows."""

from flows.admin import (
    connections,
    customers,
    deliveries,
    endpoints,
    flows,
    hours,
    initial,
    items,
    look_up_tables,
    outgoing,
    plugins,
    profiles,
    runs,
    transfers,
    workers,
)

__all__ = [
    "connections",
    "customers",
    "deliveries",
    "endpoints",
    "flows",
    "hours",
    "initial",
    "items",
    "look_up_tables",
    "outgoing",
    "plugins",
    "profiles",
    "runs",
    "transfers",
    "workers",
]
