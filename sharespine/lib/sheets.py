"""Rows as files that a spreadsheet opens: text of any length, sent on as it is made, and workbooks."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.formats import get_format
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from sharespine.lib.cells import harmless

#: What a file may be.
KINDS = ("csv", "xlsx")
#: How wide a column of a workbook is at least, in characters: a day and an amount fit.
NARROWEST = 12


def answer(rows: Iterable[list[Any]], name: str, kind: str, language: str | None) -> HttpResponseBase:
    """`rows` as a file to be saved as `name` with the ending `kind`, one of `KINDS`. Texts can do no harm in it."""
    safe = ([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    if kind == "xlsx":
        return FileResponse(workbook(safe), as_attachment=True, filename=f"{name}.xlsx")
    response = StreamingHttpResponse(lines(safe, language), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def exported(resource: Any, records: Iterable[Any]) -> Iterator[list[Any]]:
    """The headings of an import-export `resource`, and a row of each record: numbers and days stay what they are."""
    yield resource.get_export_headers()
    fields = resource.get_export_fields()
    for record in records:
        yield [resource.export_field(field, record, force_native_type=True) for field in fields]


def lines(rows: Iterable[list[Any]], language: str | None) -> Iterator[bytes]:
    """A text file as a Swedish spreadsheet opens it by a click: with a byte order mark, semicolons and the reader's comma."""
    # By the time that this is carried out, the request is answered.
    with translation.override(language):
        comma = get_format("DECIMAL_SEPARATOR")
        buffer = StringIO("\N{ZERO WIDTH NO-BREAK SPACE}")
        buffer.seek(0, 2)
        writer = csv.writer(buffer, delimiter=";")
        for n, row in enumerate(rows, start=1):
            writer.writerow([str(cell).replace(".", comma) if isinstance(cell, Decimal) else cell for cell in row])
            if n % 500 == 0:
                yield buffer.getvalue().encode()
                buffer.seek(0)
                buffer.truncate()
        yield buffer.getvalue().encode()


def workbook(rows: Iterable[list[Any]]) -> Any:
    """A file that holds a workbook of `rows`, gone when it is closed. The first row are headings: bold, and always in sight."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    for n, row in enumerate(rows):
        if n == 0:
            for column, heading in enumerate(row, start=1):
                sheet.column_dimensions[get_column_letter(column)].width = max(NARROWEST, len(str(heading)) + 3)
            row = [_heading(sheet, cell) for cell in row]
        sheet.append(row)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the answer
    book.save(file)
    file.seek(0)
    return file


def _heading(sheet: Any, text: Any) -> Any:
    cell = WriteOnlyCell(sheet, value=text)
    cell.font = Font(bold=True)
    return cell
