"""What the history says was done to a contract: kept in English with its values, and told in the reader's language."""

from __future__ import annotations

import re

from django.utils.translation import gettext

from sharespine.lib.text import N_

#: All that `billing.contracts` writes there, and how it is told.
NOTES = {
    "started": N_("subscription started"),
    "%(package)s from %(day)s": N_("package %(package)s from %(day)s"),
    "the package stays": N_("the package stays"),
    "paused from %(day)s": N_("paused from %(day)s"),
    "resumed on %(day)s": N_("resumed on %(day)s"),
    "notice": N_("notice was given"),
    "notice withdrawn": N_("notice withdrawn"),
}
# The more words a note has of its own, the surer it is meant.
_PATTERNS = [
    (NOTES[note], re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(note))))
    for note in sorted(NOTES, key=lambda note: -len(re.sub(r"%\(\w+\)s", "", note)))
]
_WHO = re.compile(r"(?P<what>.*) \((?P<who>[^()]*)\)$")


def noted(reason: str) -> str:
    """`paused from 2026-12-01 (sara)` in the active language; what is not known is told as it stands."""
    found = _WHO.match(reason)
    what, who = (found["what"], found["who"]) if found else (reason, "")
    for note, pattern in _PATTERNS:
        if match := pattern.fullmatch(what):
            what = gettext(note) % match.groupdict()
            break
    return f"{what} · {who}" if who else what or "–"
