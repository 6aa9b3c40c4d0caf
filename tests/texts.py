"""`python -m tests.texts`: gather every text that people see, and keep the Swedish catalogue whole.

Adds new texts to `locale/sv/LC_MESSAGES/django.po` untranslated, drops those of ours that are gone, keeps what is translated,
and compiles `django.mo`. With `--check` nothing is written. Either way it ends with 1 while a text lacks its translation.

Texts of libraries stay until somebody takes them out: unfold is pinned to one version for Python 3.11 and to another for
later ones, and the catalogue serves both.

Needs neither gettext's programs nor a database. The English texts are their own catalogue: they are the msgids.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import polib
from babel.messages.extract import extract
from django.utils.translation.template import templatize

from connectors.base import Manifest
from connectors.registry import systems

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "locale" / "sv" / "LC_MESSAGES" / "django.po"
COMPILED = CATALOGUE.with_suffix(".mo")

OURS = ("billing", "connectors", "flows", "sharespine", "templates")
#: Libraries whose texts people see. unfold has no catalogue at all, import_export, simple_history and axes have several
#: languages but no Swedish (measured 2026-11-29): everything of theirs is ours to say. allauth and rest_framework speak
#: Swedish: only what they lack is ours, and what is in `BETTER`. Of django-q2 only the names of its models show, among
#: permissions. drf_spectacular's few texts stand in the schema alone, which is English for everybody; corsheaders has none.
LIBRARIES = ("unfold", "import_export", "simple_history", "axes", "allauth", "rest_framework")
QUEUE = tuple(
    f"{kind} {word}".strip().capitalize()
    for kind in ("", "failed", "queued", "scheduled", "successful")
    for word in ("task", "tasks")
)
#: Parts of the libraries that no page of ours can show.
UNSEEN = (
    # They serve apps that are not installed.
    *(
        f"unfold/contrib/{app}/"
        for app in ("constance", "guardian", "hijack", "location_field", "reversion", "reversion_compare", "waffle")
    ),
    *(f"allauth/{app}/" for app in ("headless", "idp", "socialaccount", "usersessions")),
    "rest_framework/authtoken/",
    # Commands.
    "import_export/management/",
    "simple_history/management/",
    "axes/management/",
    # Switched off by our settings, or not asked for: pages of the admin that we have better ones of, keys in hardware, and what
    # axes says of a lock-out (`sharespine.portal.attempts` does).
    "axes/admin.py",
    "axes/conf.py",
    "allauth/account/admin.py",
    "allauth/mfa/admin.py",
    "allauth/mfa/webauthn/",
    # Each page, message and e-mail of allauth's that we show has a template of our own.
    "allauth/templates/",
    # The API has no pages and no schema of the framework's own, no log-in by its means and no links to rows. What it raises is
    # said by `sharespine.api.problems`; only what is wrong with a field is told in its words.
    *(
        f"rest_framework/{part}"
        for part in (
            "templates/",
            "schemas/",
            "authentication.py",
            "exceptions.py",
            "filters.py",
            "pagination.py",
            "relations.py",
            "versioning.py",
        )
    ),
)
#: What a library says in Swedish, but not as we do: in other words than ours, in words that mean something to programmers only,
#: or with a slip. Some of it would go before Django's own words, too.
BETTER = {
    "allauth": (
        "Email address",
        "You cannot activate two-factor authentication until you have verified your email address.",
        "You cannot deactivate two-factor authentication.",
        "You cannot generate recovery codes without having two-factor authentication enabled.",
        "You must type the same password each time.",
        "email address",
        "email addresses",
        "email confirmation",
        "email confirmations",
    ),
    "rest_framework": (
        "A valid number is required.",
        "Date has wrong format. Use one of these formats instead: {format}.",
        "Datetime has wrong format. Use one of these formats instead: {format}.",
        "Enter a valid URL.",
        "Enter a valid email address.",
        'Expected a dictionary of items but got type "{input_type}".',
        'Expected a list of items but got type "{input_type}".',
        "Invalid data. Expected a dictionary, but got {datatype}.",
        "This field is required.",
        "This field may not be blank.",
        "This value does not match the required pattern.",
    ),
}
#: What a dry run says would become of an order: kept in its report as it is, and translated when it is shown.
OUTCOMES = "would be sent", "would be skipped", "would stop"
#: Apps whose Swedish comes with Django. A text that is Swedish there needs no entry here.
DJANGO = (
    "django.conf",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
)

#: What each function that marks a text takes, in order.
SINGULAR, PLURAL, IN_CONTEXT, PLURAL_IN_CONTEXT = ("s",), ("s", "p"), ("c", "s"), ("c", "s", "p")
KEYWORDS = {
    **dict.fromkeys(("_", "N_", "gettext", "gettext_lazy", "gettext_noop"), SINGULAR),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), PLURAL),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), IN_CONTEXT),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), PLURAL_IN_CONTEXT),
}
WRAP = 120
METADATA = {
    "Project-Id-Version": "Sharespine",
    "Language": "sv",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=2; plural=(n != 1);",
}


@dataclass(frozen=True, order=True, slots=True)
class Message:
    """One msgid, its plural ("" when it has none) and its context ("" when it has none)."""

    singular: str
    plural: str = ""
    context: str = ""


def texts_in(name: str, source: str) -> Iterator[Message]:
    """The texts of one file: Python when `name` ends in .py, else a Django template."""
    return _in_python(source) if name.endswith(".py") else _in_template(source)


def _in_python(source: str) -> Iterator[Message]:
    # Babel's own reader does not look inside f-strings before Python 3.12; the syntax tree does.
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            parts = {
                part: argument.value
                for part, argument in zip(KEYWORDS.get(name, ()), node.args, strict=False)
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            }
            if parts.get("s"):
                yield Message(parts["s"], parts.get("p", ""), parts.get("c", ""))


def _in_template(source: str) -> Iterator[Message]:
    # What is left of a template is calls of gettext between words of X; its indentation would not be Python's.
    calls = "\n".join(line.strip() for line in templatize(source).splitlines())
    keywords = {
        "_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
    }  # fmt: skip
    for _line, found, _comments, context in extract("python", BytesIO(calls.encode()), keywords=keywords):
        singular, plural = (found, "") if isinstance(found, str) else (found[0], found[1] if len(found) > 1 else "")
        if singular:
            yield Message(singular, plural, context or "")


def gather() -> dict[Message, set[str]]:
    """Every text that needs Swedish from us, with the files (ours) or libraries it comes from."""
    found: dict[Message, set[str]] = defaultdict(set)
    for folder in OURS:
        for path in _sources(ROOT / folder):
            for message in texts_in(path.name, path.read_text("utf-8")):
                found[message].add(path.relative_to(ROOT).as_posix())
    for outcome in OUTCOMES:
        found[Message(outcome)].add("flows/rehearsal.py")
    for system in systems():
        for label in _labels(system.manifest):
            if Message(label) not in found:
                found[Message(label)].add(f"connectors/{system.manifest.key}")
    at_django = {(entry.msgctxt or "", entry.msgid) for entry in django_entries() if entry.translated()}
    for library in LIBRARIES:
        said = at_django | own_texts(library)
        for message in library_texts(library):
            if (message.context, message.singular) not in said:
                found[message].add(library)
        for text in BETTER.get(library, ()):
            found[Message(text)].add(library)
    for name in QUEUE:
        found[Message(name)].add("django_q")
    return _merged(found)


def library_texts(library: str) -> Iterator[Message]:
    """Every text of `library` that a page of ours may show."""
    home = _home(library)
    for path in _sources(home):
        if not path.relative_to(home.parent).as_posix().startswith(UNSEEN):
            yield from texts_in(path.name, path.read_text("utf-8"))


def own_texts(library: str) -> set[tuple[str, str]]:
    """Context and text of all that `library` says in Swedish by itself."""
    return {(entry.msgctxt or "", entry.msgid) for entry in own_entries(library)}


def own_entries(library: str) -> list[polib.MOEntry]:
    """The Swedish catalogue of `library`: none for most."""
    path = _home(library) / "locale" / "sv" / "LC_MESSAGES" / "django.mo"
    return list(polib.mofile(str(path))) if path.exists() else []


def _labels(manifest: Manifest) -> Iterator[str]:
    """Every text of a manifest: the back office translates them all, also those that are not marked."""
    yield manifest.api
    yield from (module.label for module in manifest.modules)
    for options in (manifest.options, tuple(manifest.flow_options())):
        for option in options:
            texts = (option.label, option.help, option.group, *(choice.label for choice in option.choices))
            yield from (text for text in texts if text)


def _merged(found: Mapping[Message, set[str]]) -> dict[Message, set[str]]:
    """A msgid that is used with and without a plural is one entry, with the plural."""
    plurals = {(message.singular, message.context): message for message in found if message.plural}
    merged: dict[Message, set[str]] = defaultdict(set)
    for message, places in found.items():
        merged[plurals.get((message.singular, message.context), message)] |= places
    return merged


def _sources(folder: Path) -> list[Path]:
    paths = [path for suffix in ("*.py", "*.html", "*.txt") for path in folder.rglob(suffix)]
    return sorted(path for path in paths if not {"migrations", "tests", "static"} & set(path.relative_to(folder).parts))


def _home(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None, package
    assert spec.origin is not None, package
    return Path(spec.origin).parent


def django_entries() -> Iterator[polib.POEntry]:
    for app in DJANGO:
        yield from polib.pofile(str(_home(app) / "locale" / "sv" / "LC_MESSAGES" / "django.po"))


def read() -> polib.POFile:
    """The catalogue as it lies on disk; an empty one when there is none."""
    return polib.pofile(str(CATALOGUE), wrapwidth=WRAP) if CATALOGUE.exists() else polib.POFile(wrapwidth=WRAP)


def updated(old: polib.POFile, found: Mapping[Message, Collection[str]]) -> polib.POFile:
    """`old` with the texts of `found` and of libraries, sorted, with no dates or line numbers to disturb a diff."""
    known = {(entry.msgid, entry.msgctxt or ""): entry for entry in old if not entry.obsolete}
    new = polib.POFile(wrapwidth=WRAP)
    new.metadata = dict(METADATA)
    # Another version of a library may have what this one has not.
    kept = {
        Message(entry.msgid, entry.msgid_plural, entry.msgctxt or ""): {place for place, _line in entry.occurrences}
        & {*LIBRARIES}
        for entry in known.values()
    }
    all_places: dict[Message, set[str]] = {message: set(places) for message, places in kept.items() if places}
    for message, places in found.items():
        all_places[message] = all_places.get(message, set()) | set(places)
    for message, places in sorted(_merged(all_places).items()):
        entry = polib.POEntry(
            msgid=message.singular,
            msgctxt=message.context or None,
            occurrences=[(place, "") for place in sorted(places)],
            flags=["python-format"] if "%(" in message.singular + message.plural else [],
        )
        before = known.get((message.singular, message.context))
        if message.plural:
            entry.msgid_plural = message.plural
            entry.msgstr_plural = dict(before.msgstr_plural) if before and before.msgid_plural else {0: "", 1: ""}
        elif before:
            entry.msgstr = before.msgstr
        if before and before.fuzzy:
            entry.flags.append("fuzzy")
        new.append(entry)
    return new


def compiled(catalogue: polib.POFile) -> bytes:
    """The bytes of the .mo of `catalogue`."""
    return bytes(catalogue.to_binary())


def wrongs(catalogue: polib.POFile) -> list[str]:
    """What keeps `catalogue` from being whole: one line each."""
    return [f"{'fuzzy' if entry.fuzzy else 'not translated'}: {entry.msgid}" for entry in catalogue if not entry.translated()]


def main(arguments: list[str]) -> int:
    old = read()
    new = updated(old, gather())
    found = wrongs(new)
    if "--check" in arguments:
        if str(new) != str(old):
            found.append(f"{CATALOGUE.relative_to(ROOT)} is not what the sources say: run make texts")
        if not COMPILED.exists() or COMPILED.read_bytes() != compiled(new):
            found.append(f"{COMPILED.relative_to(ROOT)} is not what the catalogue says: run make texts")
    else:
        CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
        new.save(str(CATALOGUE))
        COMPILED.write_bytes(compiled(new))
    for line in found:
        print(line)
    print(f"{len(new)} texts, {len(new) - len(wrongs(new))} translated")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
