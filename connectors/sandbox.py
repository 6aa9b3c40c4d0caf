"""Base of the simulators: a WSGI-like application on a real socket, with an append-only history and fault injection.

A simulator never imports its connector or mapping: a simulator that shares code with its connector agrees with its mistakes.
"""

from __future__ import annotations


class Sandbox:
    """Replaced by the full base class."""
