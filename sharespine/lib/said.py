"""A `Text` in the reader's language. Needs Django; `sharespine.lib.text` itself does not."""

from __future__ import annotations

import re

from django.utils.translation import gettext

from sharespine.lib.display import exact_amount
from sharespine.lib.text import Text

_PLACEHOLDER = re.compile(r"%\(\w+\)s")
_RUN_OF_DOTS = re.compile(r"…(?:\s*…)+")
# A capital must follow: "approx. 40 SEK" goes on.
_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÅÄÖ])")


def said(text: Text) -> str:
    """The sentence in the active language, with its values filled in; empty for the empty text."""
    # gettext("") is the header of the catalogue, not the empty text.
    return text.render(gettext, lambda amount: exact_amount(amount.value, amount.currency)) if text.message else ""


def said_of_many(message: str) -> str:
    """What several texts with the same `message` have in common: the sentence with “…” where their values differ."""
    return _RUN_OF_DOTS.sub("…", _PLACEHOLDER.sub("…", gettext(message))) if message else ""


def said_shortly(text: Text) -> str:
    """The first sentence: what happened. What to do about it comes after."""
    return _END_OF_SENTENCE.split(said(text), maxsplit=1)[0]
