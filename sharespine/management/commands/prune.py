"""Removes what nobody needs any more, as the workers do by themselves a little at a time."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from flows import pruning


class Command(BaseCommand):
    help = "Removes details, timelines and runs that are older than the settings KEEP_… say. Workers do this by themselves."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Removed: {pruning.said(pruning.prune_all())}.")
