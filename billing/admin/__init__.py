"""The admin pages of billing."""

from billing.admin.customers import CustomerAdmin

__all__ = ["CustomerAdmin"]
