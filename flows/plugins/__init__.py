"""Plugins: finding them, running each in a process of its own, and putting records to those that a connection has chosen."""
