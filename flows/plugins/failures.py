"""What a plugin may do to a record: leave it out, stop it, or fail on it. Each names the plugin.

No other system refused anything: who acts is said by each error, not by its class.
"""

from __future__ import annotations

from typing import Any, Self

from connectors.errors import Evidence, RejectedError, WhoActs
from connectors.records import Order
from sharespine.lib.text import N_, Text, TextValue

#: So much of what a plugin says is shown to people.
SHOWN = 300


class Filtered(RejectedError):
    """A plugin leaves the record out. Nothing is wrong with it."""

    default_text = N_("A plugin leaves the record out.")

    @classmethod
    def by(cls, plugin: str, reason: str) -> Self:
        values: dict[str, TextValue] = {"plugin": plugin, "reason": reason[:SHOWN]}
        error = cls(Text(N_("The plugin “%(plugin)s” leaves it out: %(reason)s"), values))
        error.who_acts = WhoActs.NOBODY
        return error


class Vetoed(RejectedError):
    """A plugin has seen what would be sent, and does not let it go."""

    default_text = N_("A plugin does not let the record be sent.")

    @classmethod
    def by(cls, plugin: str, reason: str) -> Self:
        values: dict[str, TextValue] = {"plugin": plugin, "reason": reason[:SHOWN]}
        error = cls(Text(N_("The plugin “%(plugin)s” does not let it be sent: %(reason)s"), values))
        error.who_acts = WhoActs.STAFF
        return error


class PluginFailed(RejectedError):
    """A plugin raised, hung, died or answered nonsense. `choice` is the id of the row that chose it.

    The record stops; what its connection does otherwise goes on.
    """

    default_text = N_("A plugin failed on the record.")
    choice = 0

    @classmethod
    def at(cls, plugin: str, hook: str, record: Any, reason: Text, *, choice: int, words: str = "") -> Self:
        """At `hook`. `words` are the plugin's own, for staff."""
        values: dict[str, TextValue] = {"plugin": plugin, "hook": hook, "record": named(record), "reason": reason}
        message = N_(
            "The plugin “%(plugin)s” failed at “%(hook)s” on %(record)s: %(reason)s Have the plugin mended, then press Retry."
        )
        if hook == "after_write":
            message = N_(
                "The plugin “%(plugin)s” failed at “%(hook)s” on %(record)s: %(reason)s What was sent is in the target all the "
                "same. See by hand to what the plugin should have done."
            )
        error = cls(Text(message, values), evidence=Evidence(body=words))
        error.who_acts, error.choice = WhoActs.US, choice
        return error


def named(record: Any) -> Text:
    """What people call a record."""
    if isinstance(record, Order):
        return Text(N_("order %(number)s"), {"number": record.number})
    return Text(N_("article %(sku)s"), {"sku": str(getattr(record, "article_number", ""))})


# --- why one failed -----------------------------------------------------------------------------------------------------------


class Failure(Exception):
    """Why a call was not answered as it should be. `words` are the plugin's own. With `over`, its process is of no more use."""

    def __init__(self, text: Text, *, words: str = "", over: bool = True) -> None:
        super().__init__(str(text))
        self.text, self.words, self.over = text, words, over


def slow(limit: float) -> Failure:
    return Failure(Text(N_("It did not answer within %(seconds)s seconds and was ended."), {"seconds": f"{limit:g}"}))


def died() -> Failure:
    return Failure(Text(N_("It ended in the middle of its work.")))


def garbled() -> Failure:
    return Failure(Text(N_("What it answered is no answer.")))


def too_long() -> Failure:
    return Failure(Text(N_("What it answered is longer than what is read of an answer.")))


def out_of_memory(limit: int) -> Failure:
    return Failure(
        Text(N_("It needed more memory than the %(megabytes)s MB that it may use."), {"megabytes": str(limit >> 20)})
    )


def raised(words: str) -> Failure:
    return Failure(Text(N_("It says: %(words)s."), {"words": words[:SHOWN].rstrip(".")}), words=words, over=False)


def changed(what: str) -> Failure:
    return Failure(Text(N_("It changed what it may not change (%(what)s)."), {"what": what[:SHOWN]}), words=what, over=False)


def absent() -> Failure:
    return Failure(Text(N_("It is not installed here.")))


def unfit(its: int, ours: int) -> Failure:
    values: dict[str, TextValue] = {"its": str(its), "ours": str(ours)}
    return Failure(Text(N_("It is made for version %(its)s of the interface, and this is version %(ours)s."), values))


def not_begun(error: OSError) -> Failure:
    return Failure(Text(N_("It could not be started.")), words=str(error))
