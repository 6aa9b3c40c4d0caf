"""Found here by the registry."""

from tests.pairs.systems import Shop as System

__all__ = ["System"]
