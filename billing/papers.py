"""The statement of a service account on paper: A4, as PDF."""

from __future__ import annotations

from functools import cache
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import reportlab
from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

from billing.hours import wording
from billing.statements import Statement, reason
from sharespine.lib.display import hours

PLAIN, BOLD = "Vera", "VeraBd"
TEXT, FAINT, LINE, RED = HexColor("#1f2933"), HexColor("#5b6673"), HexColor("#d5dae0"), HexColor("#b91c1c")
MARGIN = 18 * mm
#: Day, what, who, time, in and out, balance: together as wide as what is written between the margins.
WIDTHS = (20 * mm, 60.8 * mm, 19 * mm, 20 * mm, 22 * mm, 28 * mm)
CONTACT = "Sharespine Helpdesk · 031-704 38 00 · helpdesk@sharespine.com"


def pdf(statement: Statement) -> bytes:
    """The statement as a PDF, in the active language."""
    _fonts()
    file = BytesIO()
    title = _("Statement of the service account")
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=22 * mm,
        title=f"{title}, {statement.customer}",
        author="Sharespine",
    )
    document.build([*_head(statement, title), _entries(statement), Spacer(0, 6 * mm), *_foot()], canvasmaker=Numbered)
    return file.getvalue()


class Numbered(Canvas):
    """A canvas that knows how many pages there are when it writes the number of each."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - the library's name
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]  # what its own showPage ends with

    def save(self) -> None:
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self.setFont(PLAIN, 7.5)
            self.setFillColor(FAINT)
            self.drawString(MARGIN + 6, 12 * mm, CONTACT)
            said = _("Page %(number)d of %(all)d") % {"number": number, "all": len(self._pages)}
            self.drawRightString(A4[0] - MARGIN - 6, 12 * mm, said)
            super().showPage()
        super().save()


def _head(statement: Statement, title: str) -> list[Flowable]:
    customer, span = statement.customer, statement.span
    number = customer.organisation_number and f" · {customer.organisation_number}"
    left = RED if statement.closing < 0 else TEXT
    facts = [
        [_words(_("Opening balance"), FAINT), _words(_("Came in"), FAINT), _words(_("Drawn"), FAINT), _words(_("Left"), FAINT)],
        [
            _words(hours(statement.opening), size=12),
            _words(hours(statement.came), size=12),
            _words(hours(statement.went), size=12),
            _words(hours(statement.closing), left, size=12, font=BOLD),
        ],
    ]
    boxed: list[Any] = [
        ("BOX", (0, 0), (-1, -1), 0.5, LINE),
        ("TOPPADDING", (0, 0), (-1, 0), 6),
        ("BOTTOMPADDING", (0, 1), (-1, 1), 9),
    ]
    return [
        _words("Sharespine", FAINT, size=9, font=BOLD),
        Spacer(0, 3 * mm),
        _words(title, size=17, font=BOLD),
        Spacer(0, 3 * mm),
        _words(f"{customer}{number}", size=11),
        _words(f"{span.first} – {span.last}", FAINT, size=9.5),
        Spacer(0, 5 * mm),
        Table(facts, colWidths=[sum(WIDTHS) / 4] * 4, style=boxed),
        Spacer(0, 6 * mm),
    ]


def _entries(statement: Statement) -> Table:
    head = [_("Day"), _("What"), _("Who"), _("Time"), _("In and out"), _("Balance")]
    rows: list[list[Any]] = [[_words(text, FAINT, right=n > 2) for n, text in enumerate(head)]]
    rows.append(_sum(statement.span.first, _("Opening balance"), statement.opening))
    for line in statement.lines:
        entry = line.entry
        rows.append(
            [
                _words(str(entry.day)),
                [_words(wording(entry)), *(_words(text, FAINT, size=7.5) for text in _details(line.entry) if text)],
                _words(entry.by),
                _words(hours(entry.minutes), right=True),
                _words(hours(entry.change) if entry.change else _("free"), right=True),
                _words(hours(line.balance), RED if line.balance < 0 else TEXT, right=True),
            ]
        )
    rows.append(_sum(statement.span.last, _("Closing balance"), statement.closing))
    lined: list[Any] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -2), 0.4, LINE),
        ("LINEABOVE", (0, -1), (-1, -1), 0.8, FAINT),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
    ]
    return Table(rows, colWidths=WIDTHS, repeatRows=1, style=lined)


def _details(entry: Any) -> list[str]:
    """What stands in small letters under what was done."""
    category = str(entry.category) if entry.category and str(entry.category) != wording(entry) else ""
    kind = "" if entry.kind == entry.Kind.WORK else entry.get_kind_display()
    kind = "" if kind.casefold() == wording(entry).casefold() else kind
    return [" · ".join(part for part in (kind, category, entry.about) if part), reason(entry)]


def _sum(day: Any, text: str, minutes: int) -> list[Any]:
    color = RED if minutes < 0 else TEXT
    return [_words(str(day)), _words(text, font=BOLD), "", "", "", _words(hours(minutes), color, right=True, font=BOLD)]


def _foot() -> list[Flowable]:
    return [
        _words(_("Guidance support is free. An entry is never changed: what was wrong is taken back by one of its own."), FAINT)
    ]


def _words(text: str, color: Any = TEXT, *, size: float = 8.5, font: str = PLAIN, right: bool = False) -> Paragraph:
    style = ParagraphStyle("", fontName=font, fontSize=size, leading=size * 1.35, textColor=color, alignment=2 if right else 0)
    return Paragraph(escape(_printable(text)), style)


@cache
def _fonts() -> None:
    """The fonts that come with the library: they have the letters of western Europe, its quotation marks and dashes."""
    for name in (PLAIN, BOLD):
        pdfmetrics.registerFont(TTFont(name, Path(reportlab.__file__).parent / "fonts" / f"{name}.ttf"))


def _printable(text: str) -> str:
    """`text` with a question mark for each character that the font has not: a box would say less."""
    known = pdfmetrics.getFont(PLAIN).face.charToGlyph  # type: ignore[attr-defined]  # a TrueType font has one
    return "".join(char if ord(char) in known else "?" for char in text)
