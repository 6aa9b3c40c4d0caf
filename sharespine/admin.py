"""The admin site."""

from __future__ import annotations

from unfold.sites import UnfoldAdminSite


class BackOffice(UnfoldAdminSite):
    """The tool that support staff have open all day."""
