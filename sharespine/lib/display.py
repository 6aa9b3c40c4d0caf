"""How the admin writes amounts, times and states."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import simplejson
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

#: Which of unfold's label colours a state has; "default" is grey. All are named: unfold shows one that is missing by its key.
TONES = {
    "asleep": "default",
    "ignored": "default",
    "impossible": "default",
    "leave": "default",
    "nobody": "default",
    "skipped": "default",
    "unchanged": "default",
    "unknown": "default",
    "active": "success",
    "attention": "warning",
    "captured": "info",
    "changed": "info",
    "create": "info",
    "created": "success",
    "delivered": "success",
    "denied": "danger",
    "done": "success",
    "down": "danger",
    "draft": "info",
    "ended": "default",
    "failed": "danger",
    "found": "success",
    "gone": "danger",
    "held": "warning",
    "hindered": "warning",
    "keep": "success",
    "leaving": "warning",
    "live": "success",
    "lost": "danger",
    "merchant": "warning",
    "not_found": "info",
    "not_in_package": "warning",
    "notice": "info",
    "pause": "warning",
    "paused": "warning",
    "prospect": "info",
    "refused": "danger",
    "removed": "default",
    "accepted": "success",
    "retrying": "info",
    "running": "info",
    "same": "default",
    "sending": "info",
    "sent": "success",
    "staff": "primary",
    "starting": "info",
    "stopped": "danger",
    "stopping": "warning",
    "uncertain": "warning",
    "updated": "info",
    "us": "danger",
    "waiting": "info",
    "working": "success",
}


def tone(value: str) -> str:
    """The label colour of a state, kind or health."""
    return TONES.get(value, "default")


def amount(value: Decimal | str | None, currency: str = "SEK") -> str:
    """An amount of money as Swedish businesses write it: `1 234,50 kr`, other currencies with their code."""
    if value in (None, ""):
        return "–"
    number = number_format(Decimal(value), 2, use_l10n=True, force_grouping=True)
    return f"{number}\N{NO-BREAK SPACE}{_unit(currency)}"


def exact_amount(value: Decimal | None, currency: str) -> str:
    """The same with all decimals that there are: what differs by less than an öre must not read as if it were the same.

    Without a unit where the currency is not known.
    """
    if value is None:
        return "–"
    decimals = max(2, -int(value.normalize().as_tuple().exponent))
    number = number_format(value, decimals, use_l10n=True, force_grouping=True)
    return f"{number}\N{NO-BREAK SPACE}{_unit(currency)}" if currency else number


def _unit(currency: str) -> str:
    return "kr" if currency in ("SEK", "") else currency


def translated(message: str) -> str:
    """A word or sentence of a connector, which is marked for translation where it is written."""
    return gettext(message) if message else ""


def number(value: Decimal | int) -> str:
    """A quantity or percentage without trailing zeros."""
    plain = Decimal(value).normalize()
    decimals = max(0, -int(plain.as_tuple().exponent))
    return number_format(plain, decimals, use_l10n=True, force_grouping=True)


def hours(minutes: int) -> str:
    """Minutes as people read them: `2 h 15 min`, with a minus sign below nought."""
    whole, rest = divmod(abs(minutes), 60)
    parts = [f"{number_format(whole, 0, use_l10n=True, force_grouping=True)}\N{NO-BREAK SPACE}h"] if whole else []
    parts += [f"{rest}\N{NO-BREAK SPACE}min"] if rest or not whole else []
    sign = "-" if minutes < 0 else ""
    return sign + "\N{NO-BREAK SPACE}".join(parts)


def ago(moment: datetime | None) -> str:
    """How long ago `moment` is, in the largest unit that says something."""
    if moment is None:
        return "–"
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    if seconds < 60:
        return gettext("just now")
    if seconds < 3600:
        return _ago(seconds // 60, ngettext("%(n)d minute ago", "%(n)d minutes ago", seconds // 60))
    if seconds < 86_400:
        return _ago(seconds // 3600, ngettext("%(n)d hour ago", "%(n)d hours ago", seconds // 3600))
    return _ago(seconds // 86_400, ngettext("%(n)d day ago", "%(n)d days ago", seconds // 86_400))


def _ago(n: int, sentence: str) -> str:
    return sentence % {"n": n}


def stamp(moment: datetime | None) -> str:
    """When `moment` was on the wall clock, as short as it can be told apart: the time of today, else the day."""
    if moment is None:
        return "–"
    local = timezone.localtime(moment)
    return local.strftime("%H:%M" if local.date() == timezone.localdate() else "%Y-%m-%d")


def pretty(value: Any) -> str:
    """JSON for reading: indented, Swedish letters kept."""
    if isinstance(value, str):
        return value
    return simplejson.dumps(value, indent=2, ensure_ascii=False, use_decimal=True, default=str)
