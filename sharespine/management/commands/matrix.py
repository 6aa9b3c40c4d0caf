"""Writes what every pair of shop and ERP can do together, as a page of the documentation."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from connectors.base import Role
from connectors.matrix import markdown, matrix_of
from connectors.registry import systems

HEAD = """# What shops and ERPs can do together

Every register, every direction and every field, for each pair of systems. Written by `make matrix` from what the connectors
declare (`reads`, `writes`, `cannot_read`, `cannot_write` and `lacks` in their capabilities): change those, not this page.
"""


def written() -> str:
    """The page."""
    lines = [HEAD]
    for shop in systems(Role.SHOP):
        for erp in systems(Role.ERP):
            lines += [*markdown(matrix_of(shop, erp)), ""]
    return "\n".join(lines)


class Command(BaseCommand):
    help = "Writes docs/matrix.md anew from what the connectors declare. With --check it only says whether that is needed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; exit status 1 when the page is out of date.")

    def handle(self, *args: Any, **options: Any) -> None:
        page = settings.BASE_DIR / "docs" / "matrix.md"
        if options["check"]:
            if not page.exists() or page.read_text("utf-8") != written():
                self.stdout.write("docs/matrix.md is out of date: run manage.py matrix")
                raise SystemExit(1)
            return
        page.write_text(written(), "utf-8")
        self.stdout.write(f"Wrote {page.relative_to(settings.BASE_DIR)}")
