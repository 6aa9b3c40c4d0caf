"""Found here by the registry."""

from tests.pairs.systems import InvoiceErp as System

__all__ = ["System"]
