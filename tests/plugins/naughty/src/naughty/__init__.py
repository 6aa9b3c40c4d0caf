"""Plugins that misbehave, for tests."""
