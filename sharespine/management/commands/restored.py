"""After a backup was put back: nothing is sent again before the ERP has been asked for it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from flows import services


class Command(BaseCommand):
    help = (
        "Run this after a backup was put back and before the workers start: every order that is older than now is looked up in "
        "the ERP before it is sent, since it may have been sent after the backup was made."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        flows, transfers = services.look_up_everything()
        self.stdout.write(f"{flows} flows and {transfers} open transfers are looked up before anything is sent.")
