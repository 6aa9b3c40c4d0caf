"""The admin pages of flows."""

from flows.admin import connections, customers, deliveries, endpoints, flows, runs, transfers

__all__ = ["connections", "customers", "deliveries", "endpoints", "flows", "runs", "transfers"]
