"""What people read is Swedish, all of it, in the words of the product."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

import polib
import pytest
from django.utils.translation import ngettext, npgettext, override

from connectors import errors
from sharespine.lib.said import said
from sharespine.lib.text import Text
from tests import texts

CATALOGUE = texts.read()
OURS = [entry for entry in CATALOGUE if any(place not in (*texts.LIBRARIES, "django_q") for place, _ in entry.occurrences)]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|%[sd]|\{\w*\}|<[^>]+>")

#: English beginning of a word → what the Swedish must hold where the English has it: one name for each thing.
WORDS = {
    r"endpoint": "anslutning",
    r"flow": "flöde",
    r"dry run": "provkörning",
    r"transfer": "överför",
    r"register": "dataregist",
    r"shop\b(?!\.example)": "webbutik|butik.example|webbhotell",
    r"VAT": "moms",
    r"article": "artik",
    r"article number": "artikelnum",
    r"freight": "frakt",
    r"rounding row": "öresavrundning",
    r"result unit": "resultatenhet",
    r"customer group": "kundgrupp",
    r"payment terms": "betalningsvillkor",
    r"product group": "artikelgrupp",
    r"organisation number": "organisationsnum",
    r"gift card": "presentkort",
    r"invoice": "faktur",
    r"merchant": "handlare",
    r"layout": "layout",
    r"quote\b": "offert",
    r"sign-up": "anmäl",
    r"invitation": "inbjud",
    r"API key": "API-nyck",
    r"webhook": "webhook",
    r"two-factor": "tvåfaktor",
    r"second factor": "tvåfaktor",
    r"recovery code": "återställningskod",
    r"service account": "servicekont|på kontot",
    r"service hours": "servicetimmar",
    r"hour pack": "timpaket",
    r"start package": "startpaket",
    r"subscription": "abonnemang",
    r"add-on": "tillägg",
    r"sales site": "säljsajt",
    r"receiver": "mottagare",
    r"administrator": "administratör",
}
#: English words that have a Swedish one here, and so must not be left in it.
LEFT_OVER = re.compile(
    r"\b(connections?|endpoints?|flows?|transfers?|shops?|articles?|customers?|invoices?|freight|VAT|merchants?|retry(?!-after)|skip|e-mail|quotes?"
    r"|sign-ups?|log-?in|users?|packages?|subscriptions?|invitations?|receivers?|requests?)\b",
    re.IGNORECASE,
)
#: Buttons that messages tell people to press.
BUTTONS = ("Retry", "Activate", "Test the connection")


def pairs(entries: list[polib.POEntry] | polib.POFile) -> Iterator[tuple[str, str]]:
    """English and Swedish side by side, each plural form with its own."""
    for entry in entries:
        if entry.msgid_plural:
            yield entry.msgid, entry.msgstr_plural[0]
            yield entry.msgid_plural, entry.msgstr_plural[1]
        else:
            yield entry.msgid, entry.msgstr


def subclasses(cls: type[errors.ConnectorError]) -> Iterator[type[errors.ConnectorError]]:
    yield cls
    for child in cls.__subclasses__():
        yield from subclasses(child)


def test_every_text_of_the_sources_is_in_the_catalogue_and_none_that_is_gone() -> None:
    now = texts.updated(CATALOGUE, texts.gather())
    assert {entry.msgid for entry in now} == {entry.msgid for entry in CATALOGUE}
    assert str(now) == str(CATALOGUE), "run make texts"


def test_every_text_has_a_translation_that_somebody_stands_for() -> None:
    assert texts.wrongs(CATALOGUE) == []


def test_the_compiled_catalogue_is_the_one_that_people_edit() -> None:
    assert texts.COMPILED.read_bytes() == texts.compiled(CATALOGUE), "run make texts"


def test_a_translation_has_the_values_and_the_markup_of_its_original() -> None:
    differing = [
        (english, swedish)
        for english, swedish in pairs(CATALOGUE)
        if Counter(PLACEHOLDER.findall(english)) != Counter(PLACEHOLDER.findall(swedish))
    ]
    assert differing == []


def test_one_is_said_as_one_and_all_else_as_many_nought_included() -> None:
    counted = [entry for entry in CATALOGUE if entry.msgid_plural]
    assert len(counted) > 50
    with override("sv"):
        for entry in counted:
            forms = [
                npgettext(entry.msgctxt, entry.msgid, entry.msgid_plural, n)
                if entry.msgctxt
                else ngettext(entry.msgid, entry.msgid_plural, n)
                for n in (0, 1, 2)
            ]
            one, many = entry.msgstr_plural[0], entry.msgstr_plural[1]
            assert forms == [many, one, many], entry.msgid


def test_space_at_the_edges_is_kept_since_pages_join_texts_there() -> None:
    edges = re.compile(r"^\s*|\s*$")
    assert [pair for pair in pairs(CATALOGUE) if edges.findall(pair[0]) != edges.findall(pair[1])] == []


def test_a_sentence_stays_a_sentence_and_a_word_a_word() -> None:
    ends = [(english, swedish) for english, swedish in pairs(OURS) if (english[-1] in ".?:") != (swedish[-1] in ".?:")]
    cases = [
        (english, swedish)
        for english, swedish in pairs(OURS)
        if english[0].isalpha() and swedish[0].isalpha() and not english.startswith("e-conomic")
        if english[0].islower() != swedish[0].islower() and not swedish.startswith("e-conomic")
    ]
    assert (ends, cases) == ([], [])


@pytest.mark.parametrize("english", WORDS)
def test_one_thing_has_one_name(english: str) -> None:
    word = re.compile(rf"\b{english}", re.IGNORECASE if english.islower() else 0)
    having = [pair for pair in pairs(OURS) if word.search(re.sub(r"%\(\w+\)s|“[^”]*”", "", pair[0]))]
    assert having, "no text has the word any more: drop it from the list"
    assert [pair for pair in having if not re.search(WORDS[english], pair[1], re.IGNORECASE)] == []


def test_a_connection_is_a_koppling_unless_it_is_that_of_an_endpoint_or_of_a_wire() -> None:
    having = [pair for pair in pairs(OURS) if re.search(r"\bconnections?\b", pair[0])]
    assert [pair for pair in having if not re.search("koppling|anslutning|nå |förbindelse", pair[1], re.IGNORECASE)] == []


def test_no_english_word_is_left_that_has_a_swedish_one() -> None:
    left = [(english, swedish) for english, swedish in pairs(OURS) if LEFT_OVER.search(PLACEHOLDER.sub("", swedish))]
    assert left == []


@pytest.mark.parametrize("button", BUTTONS)
def test_a_message_calls_a_button_what_stands_on_it(button: str) -> None:
    named = {entry.msgid: entry.msgstr for entry in CATALOGUE}[button]
    pressed = [pair for pair in pairs(OURS) if re.search(rf"([Pp]ress|with) {button}\b", pair[0])]
    assert pressed
    assert [pair for pair in pressed if named not in pair[1]] == []


def test_quotation_marks_are_swedish() -> None:
    assert [
        swedish for _english, swedish in pairs(CATALOGUE) if "“" in swedish or ' "' in re.sub(r"<[^>]+>", "", swedish)
    ] == []


@pytest.mark.parametrize("error", list(subclasses(errors.ConnectorError)))
def test_an_error_without_words_of_its_own_says_what_happened_in_swedish(error: type[errors.ConnectorError]) -> None:
    with override("sv"):
        assert said(error().text) != str(error().text)
    with override("en"):
        assert said(error().text) == str(error().text)


def test_an_error_keeps_its_values_in_swedish() -> None:
    text = Text("Article %(sku)s is barred in e-conomic. Unbar it there and press Retry.", {"sku": "MÖSSA 50 %"})
    with override("sv"):
        assert said(text) == "Artikel MÖSSA 50 % är spärrad i e-conomic. Häv spärren där och tryck på Försök igen."


def test_no_sentence_for_people_escapes_the_catalogue() -> None:
    """A `Text` that is written out must be marked, or it stays English for ever."""
    unmarked = []
    for folder in texts.OURS:
        for path in (texts.ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Text" and node.args:
                    first = node.args[0]
                    if isinstance(first, ast.JoinedStr) or (isinstance(first, ast.Constant) and first.value):
                        unmarked.append(f"{path.relative_to(texts.ROOT)}:{node.lineno}")
    assert unmarked == []


def test_the_texts_of_a_template_are_found_wherever_they_stand() -> None:
    source = """
      {% load i18n %} <p title="{% translate "A title" %}">{{ name|default:_("guest") }} isn't
        {% blocktranslate count n=n %}{{ n }} order{% plural %}{{ n }} orders{% endblocktranslate %}
      {# {% translate "Not seen" %} #}</p>
    """
    assert set(texts.texts_in("page.html", source)) == {
        texts.Message("A title"),
        texts.Message("guest"),
        texts.Message("%(n)s order", "%(n)s orders"),
    }


def test_the_texts_of_a_module_are_found_within_f_strings_and_across_lines() -> None:
    source = (
        """f"{_('inside')} {gettext('and here')}"; ngettext("%(n)d day", "%(n)d days", n); """
        """Text(N_("in " "two"), {}); _(label)"""
    )
    assert sorted(message.singular for message in texts.texts_in("module.py", source)) == [
        "%(n)d day",
        "and here",
        "in two",
        "inside",
    ]


def test_a_translation_survives_when_the_texts_are_gathered_anew() -> None:
    old = texts.updated(polib.POFile(), {texts.Message("kept"): ["a.py"], texts.Message("gone"): ["a.py"]})
    for entry in old:
        entry.msgstr = entry.msgid.upper()
    new = texts.updated(old, {texts.Message("new"): ["b.py"], texts.Message("kept"): ["b.py"]})
    assert [(entry.msgid, entry.msgstr) for entry in new] == [("kept", "KEPT"), ("new", "")]
    assert texts.wrongs(new) == ["not translated: new"]


def test_a_text_of_a_library_stays_since_its_other_version_may_have_it() -> None:
    old = texts.updated(polib.POFile(), {texts.Message("only in 0.110"): ["unfold"], texts.Message("gone"): ["a.py"]})
    assert [entry.msgid for entry in texts.updated(old, {})] == ["only in 0.110"]


@pytest.mark.parametrize("library", texts.BETTER)
def test_what_we_say_better_than_a_library_is_what_it_says_in_swedish(library: str) -> None:
    """Else it is no longer said, or was never said badly: drop it from the list."""
    said = {text for _context, text in texts.own_texts(library)}
    assert set(texts.BETTER[library]) - said == set()


def test_a_library_that_speaks_swedish_is_asked_only_for_what_it_lacks() -> None:
    ours = {message.singular for message, places in texts.gather().items() if places == {"rest_framework"}}
    assert "Must be a valid UUID." in ours
    assert "This field may not be null." not in ours


def test_a_text_with_a_plural_and_without_is_one_entry() -> None:
    both = {texts.Message("%(n)d day"): ["a.py"], texts.Message("%(n)d day", "%(n)d days"): ["b.py"]}
    entries = texts.updated(polib.POFile(), both)
    assert [(entry.msgid, entry.msgid_plural) for entry in entries] == [("%(n)d day", "%(n)d days")]
    assert [place for place, _line in entries[0].occurrences] == ["a.py", "b.py"]
