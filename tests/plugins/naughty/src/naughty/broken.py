"""Cannot be imported."""

from __future__ import annotations

from connectors import nothing_of_the_kind  # type: ignore[attr-defined]

Broken = nothing_of_the_kind
