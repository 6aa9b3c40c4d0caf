"""Found here by the registry."""

from tests.pairs.systems import ListShop as System

__all__ = ["System"]
