"""What a connection remembers of the failures of its plugins."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from flows.models import ConnectionPlugin
from flows.plugins.failures import PluginFailed


def failed(errors: Iterable[PluginFailed]) -> None:
    """Keep what went wrong last with each plugin, to be shown on the page of its connection."""
    latest = {error.choice: error.text for error in errors}
    for choice, text in latest.items():
        ConnectionPlugin.objects.filter(pk=choice).update(failure=text, failed_at=timezone.now())
