"""What a page lets its reader do: the addresses that it leads to, and the forms that it has."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit


@dataclass(slots=True)
class Form:
    """Where a form goes, how, and its fields with what they hold. Boxes that are not ticked are there, too."""

    method: str
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(name for name, _value in self.fields))


class Page(HTMLParser):
    """`links` and `forms` of a page at `address`, its own: what leads elsewhere is left out."""

    def __init__(self, address: str, content: str) -> None:
        super().__init__()
        self.address = address
        self.links: set[str] = set()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._choice = ""
        self._chosen = False
        self._text = ""
        self.feed(content)

    @property
    def parameters(self) -> set[str]:
        """The names of all that this page, or one that it leads to, can be asked for: as its links and forms have them."""
        asked = {name for link in self.links for name, _value in parse_qsl(urlsplit(link).query, keep_blank_values=True)}
        return asked.union(*(form.names for form in self.forms if form.method == "GET"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        for name in ("href", "data-live"):
            if given.get(name, "").startswith(("/", "?", ".")):
                self.links.add(self._whole(given[name]))
        if tag == "form":
            self._form = Form(given.get("method", "get").upper(), self._whole(given.get("action", "")))
            self.forms.append(self._form)
        elif self._form is not None:
            self._field(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag in ("select", "textarea"):
            self._text = ""

    def _field(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        name = given.get("name", "")
        if tag == "select":
            self._choice, self._chosen = name, False
        elif tag == "option" and self._choice and (not self._chosen or "selected" in given):
            if self._chosen:
                self._form.fields.pop()
            self._form.fields.append((self._choice, given.get("value", "")))
            self._chosen = True
        elif tag in ("input", "textarea", "button") and name and name != "csrfmiddlewaretoken":
            self._form.fields.append((name, given.get("value", "")))

    def _whole(self, address: str) -> str:
        found = urlsplit(urljoin(self.address, address))
        return f"{found.path}?{found.query}" if found.query else found.path
