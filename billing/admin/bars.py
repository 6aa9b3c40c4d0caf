"""How much of a month's orders is used, as a bar with its numbers beside it."""

from __future__ import annotations

from django.template.loader import render_to_string

from billing.caps import Usage


def bar(usage: Usage) -> str:
    """HTML. The bar is for the eye; what it shows is said in words beside it."""
    return render_to_string("billing/bar.html", {"usage": usage})
