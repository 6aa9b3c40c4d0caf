"""Hears what pages, answers and e-mails say, and whether it is of a language that it should not be in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from html.parser import HTMLParser

import polib
from django.apps import apps

from tests import texts

#: Attributes that people read or hear.
SPOKEN = ("title", "placeholder", "aria-label", "aria-description", "alt")
#: Names of icons, which a font draws, and what is code.
SILENT = ("script", "style", "pre", "code", "template")
#: Tags without an end.
EMPTY = ("input", "br", "hr", "img", "link", "meta", "path", "source", "wbr", "col")
#: Words that hardly a sentence of English does without, and that Swedish has not.
ENGLISH_WORDS = re.compile(
    r"\b(the|you|your|this|these|which|with|without|from|was|were|been|has|have|cannot|and|are|not)\b", re.IGNORECASE
)


class Reader(HTMLParser):
    """Collects what a page says: each text between two tags, and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.said += [values[name] for name in SPOKEN if values.get(name)]
        if tag == "input":
            self.said += [values["value"]] if values.get("type") in ("submit", "button") and values.get("value") else []
        elif tag not in EMPTY:
            icon = "material-symbols-outlined" in values.get("class", "")
            self._silent.append(tag in SILENT or icon or bool(self._silent and self._silent[-1]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag not in EMPTY:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if not (self._silent and self._silent[-1]):
            self.said.append(data)


def what_it_says(html: str) -> set[str]:
    reader = Reader()
    reader.feed(html)
    return {" ".join(text.split()) for text in reader.said} - {""}


def pairs(entries: Iterable[polib.POEntry | polib.MOEntry]) -> Iterator[tuple[str, str]]:
    """English and Swedish side by side, each plural form with its own."""
    for entry in entries:
        if entry.msgid_plural:
            yield from ((entry.msgid, entry.msgstr_plural[0]), (entry.msgid_plural, entry.msgstr_plural[1]))
        else:
            yield entry.msgid, entry.msgstr


class Language:
    """Recognises texts of one language by their catalogue, with whatever values they have, and others by its `words`."""

    def __init__(self, messages: Iterable[str], words: re.Pattern[str] | None = None) -> None:
        known = {" ".join(message.split()) for message in messages}
        self._whole = {message.lower() for message in known if not re.search(r"%\(|\{\w", message)}
        # A text with values is told by its words: one of values alone would be every text.
        told = [
            message for message in known if re.search(r"%\(|\{\w", message) and len(re.findall(r"[^\W\d_]{3,}", message)) > 2
        ]
        # Its longest part is looked for first: hardly any text has it.
        self._filled = [
            (max(_parts(message), key=len).lower(), re.compile(_filled(message), re.IGNORECASE)) for message in told
        ]
        self._words = words
        self._met: dict[str, bool] = {}

    def heard(self, said: Iterable[str]) -> set[str]:
        """What of `said` is a text of this language."""
        texts_met = set(said)
        for text in texts_met - self._met.keys():
            self._met[text] = self._is(text)
        return {text for text in texts_met if self._met[text]}

    def _is(self, text: str) -> bool:
        small = text.lower()
        if small.rstrip(" :") in self._whole or (self._words and self._words.search(text)):
            return True
        return any(part in small and pattern.fullmatch(text) for part, pattern in self._filled)


def _parts(message: str) -> list[str]:
    """What stands between the values and the tags of `message`."""
    return [part.replace("%%", "%") for part in re.split(r"%\(\w+\)[sd]|\{\w*\}|<[^>]+>", message)]


def _filled(message: str) -> str:
    return ".+".join(map(re.escape, _parts(message)))


def heard(language: Language, content: bytes | str, besides: Iterable[str] = ()) -> set[str]:
    """What a page says in `language`, apart from what is data."""
    html = content.decode() if isinstance(content, bytes) else content
    spoken = what_it_says(html)
    for sentence in besides:
        spoken = {text.replace(sentence, "") for text in spoken}
    return language.heard(spoken)


@cache
def english(*, unmarked: bool = False) -> Language:
    """English that has a Swedish here. With `unmarked` also what nobody marked for translation, told by its words."""
    ours = dict(pairs(texts.read()))
    # What we translate wins over Django and other libraries.
    libraries = [entry for library in texts.LIBRARIES for entry in texts.own_entries(library)]
    both = dict(pairs(libraries)) | dict(pairs(texts.django_entries())) | ours
    # A language calls itself by its own name. Some words are both: "Filter" is the Swedish of "Filters". And "None" is what
    # simple-history 3.13 writes where nobody gave a reason for a change: it is no text of anybody's.
    too = {swedish.lower() for swedish in both.values()} | {"english", "none"}
    known = [text for text in (*both, *(_nameless() if unmarked else ())) if text.lower() not in too]
    return Language(known, ENGLISH_WORDS if unmarked else None)


def _nameless() -> set[str]:
    """What Django calls columns that nobody gave a name: "history date" for `history_date`."""
    columns = {field for model in apps.get_models() for field in model._meta.fields if "_" in field.name}
    return {str(field.verbose_name) for field in columns if str(field.verbose_name) == field.name.replace("_", " ")}


@cache
def swedish() -> Language:
    # One or two words may be a name that a merchant gave.
    return Language(text for original, text in pairs(texts.read()) if text != original and len(text.split()) > 2)
