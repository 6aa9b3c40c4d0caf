"""Found here by the registry."""

from tests.pairs.systems import Erp as System

__all__ = ["System"]
