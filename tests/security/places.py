"""Every place of the URL configuration, and the addresses that can be made of it with what two merchants have."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.urls.converters import IntConverter, PathConverter
from django.urls.resolvers import RegexPattern, RoutePattern

from flows.models import Transfer
from sharespine.api.docs_pages import DocsPage
from sharespine.api.queries import IdConverter
from sharespine.api.views import PublicView
from tests.security.marks import FOREIGN, OWN, base36

#: Whose something in an address is. "": nobody's.
MINE, THEIRS = "own", "foreign"
#: Pages of the admin that are there for whoever has not come in.
OPEN_IN_ADMIN = ("login", "logout", "jsi18n")


class Untried(Exception):
    """An address that is not tried, since nobody has said what to put into it."""


@dataclass(frozen=True, slots=True)
class Value:
    """A part of an address. What is `told` to people may be known to anybody: it is itself what lets them in."""

    text: str
    whose: str = ""
    told: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A pattern with all that stands before it. `door` is the first part of its addresses."""

    route: str
    patterns: Sequence[Any]
    name: str
    view: Any

    @property
    def door(self) -> str:
        return self.route.partition("/")[0]

    @property
    def is_of_customer(self) -> bool:
        """Whether it is a page of a customer in the portal."""
        return self.route.startswith("portal/<int:customer>/")

    @property
    def is_public(self) -> bool:
        """Whether anybody may come here, with what an address holds that nobody guesses."""
        if self.door == "admin":
            return self.name in OPEN_IN_ADMIN
        if self.door == "api":
            return issubclass(getattr(self.view, "view_class", getattr(self.view, "cls", object)), PublicView | DocsPage)
        return not self.is_of_customer


@dataclass(frozen=True, slots=True)
class Address:
    """A place with something put into it: `parts` are whose each of those is, without what is nobody's."""

    path: str
    parts: tuple[str, ...]
    told: bool
    place: Place

    @property
    def is_foreign(self) -> bool:
        """Whether anything in it is the other merchant's."""
        return THEIRS in self.parts

    @property
    def is_telling(self) -> bool:
        """Whether it is all one's own, all foreign, or foreign in one thing only: what leaks elsewhere leaks there, too."""
        foreign = self.parts.count(THEIRS)
        second = str(FOREIGN.number(2)) in self.path
        return foreign == 1 or (foreign in (0, len(self.parts)) and not second)


def places() -> list[Place]:
    """All there are."""
    return list(_below(get_resolver(), ()))


def _below(resolver: URLResolver, before: tuple[Any, ...]) -> Iterator[Place]:
    for one in resolver.url_patterns:
        patterns = (*before, one.pattern)
        if isinstance(one, URLPattern):
            yield Place("".join(map(str, patterns)), patterns, one.name or "", one.callback)
        else:
            yield from _below(one, patterns)


def addresses(place: Place) -> list[Address]:
    """All that can sensibly be made of a place, each with what is one's own and what is foreign. Raises `Untried`."""
    pieces = [piece for pattern in place.patterns for piece in _pieces(pattern, place.route)]
    found = {}
    for chosen in itertools.product(*pieces):
        parts = tuple(value.whose for value in chosen if value.whose)
        path = "/" + "".join(value.text for value in chosen)
        told = any(value.told for value in chosen)
        found[path] = Address(path, parts, told, place)
    for path in found:
        # Django leaves the mark of the beginning out where something stands before it.
        if (route := resolve(path).route) != place.route.replace("/^", "/"):
            raise Untried(f"{place.route}: {path} leads to {route} instead")
    return list(found.values())


def _ids() -> list[Value]:
    return [Value(str(OWN.number(1)), MINE), *(Value(str(FOREIGN.number(n)), THEIRS) for n in (1, 2))]


def _customers() -> list[Value]:
    return [Value(str(OWN.number(1)), MINE), Value(str(FOREIGN.number(1)), THEIRS)]


def _fixed(*texts: str, told: bool = False) -> Callable[[], list[Value]]:
    return lambda: [Value(text, told=told) for text in texts]


def _made_up() -> list[Value]:
    """What stands in an e-mail: as long as a real one, and of somebody, as far as one knows of them."""
    return [Value("x" * 43), Value(f"{FOREIGN.word}-{'x' * 30}"), Value(str(FOREIGN.number(1)))]


#: By the name that a part of an address has.
BY_NAME: Mapping[str, Callable[[], list[Value]]] = {
    "customer": _customers,
    "id": _ids,
    "kind": _fixed("csv", "xlsx", "pdf"),
    "key": _fixed("woocommerce", "economic", FOREIGN.word),
    "shop": _fixed("woocommerce"),
    "erp": _fixed("economic"),
    "number": _fixed(f"Q-{FOREIGN.word[0] * 10}", told=True),
    "sign_up": _fixed(f"{FOREIGN.word.lower()}-anmalan", told=True),
    "code": _fixed(f"{FOREIGN.word[0]}BTK1", f"{FOREIGN.word[0]}BKF1", told=True),
    "token": _made_up,
    "content_type_id": lambda: [Value(str(ContentType.objects.get_for_model(Transfer).pk))],
}
#: By the name of a group of a regular expression; some have none.
BY_GROUP: Mapping[str, Callable[[], list[Value]]] = {
    "": _ids,
    "uidb36": lambda: [Value(base36(FOREIGN.number(1)), THEIRS), Value(base36(OWN.number(1)), MINE)],
    "key": _fixed("set-password", f"{'d' * 6}-{'0' * 32}"),
    "app_label": _fixed("billing", "flows", "auth"),
    "url": _fixed("nothing/", f"nothing/{FOREIGN.number(1)}/"),
}
#: By what a part of an address is made into: whatever its name, it is the id of a row.
BY_CONVERTER = (IntConverter, PathConverter, IdConverter)

_PART = re.compile(r"<(?:[^<>:]+:)?(\w+)>")
_GROUP = re.compile(r"\((?:\?P<(\w+)>)?((?:[^()\[\]]|\[[^\]]*\])+)\)")


def _pieces(pattern: Any, route: str) -> Iterator[list[Value]]:
    if isinstance(pattern, RoutePattern):
        text = str(pattern)
        yield from _split(text, _PART, lambda part: _of_part(part[1], pattern.converters[part[1]], route))
    elif isinstance(pattern, RegexPattern):
        text = str(pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z")
        if re.search(r"[\\^$*+?()\[\]|]", _GROUP.sub("", text)):
            raise Untried(f"{route}: the expression {text} is not understood")
        yield from _split(text, _GROUP, lambda part: _of_group(part[1] or "", route))
    else:
        raise Untried(f"{route}: {type(pattern).__name__} is not known")


def _split(text: str, part: re.Pattern[str], values: Callable[[re.Match[str]], list[Value]]) -> Iterator[list[Value]]:
    end = 0
    for found in part.finditer(text):
        yield [Value(text[end : found.start()])]
        yield values(found)
        end = found.end()
    yield [Value(text[end:])]


def _of_part(name: str, converter: Any, route: str) -> list[Value]:
    if name in BY_NAME:
        return BY_NAME[name]()
    if isinstance(converter, BY_CONVERTER):
        return _ids()
    raise Untried(f"{route}: what to put for “{name}” is not known")


def _of_group(name: str, route: str) -> list[Value]:
    if name not in BY_GROUP:
        raise Untried(f"{route}: what to put for the group “{name}” is not known")
    return BY_GROUP[name]()
