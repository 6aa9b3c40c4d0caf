"""Plugins as packages that are installed: the example, and some that do everything that a plugin should not."""
