"""How the admin looks: its name, colours, own style and menu."""

from __future__ import annotations

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Sharespine",
    "SITE_HEADER": "Sharespine",
}
