"""Exports of any size: rows are read a few thousand at a time and sent on at once, or written to a file on disk."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.utils import translation
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV, XLSX

from sharespine.lib import sheets
from sharespine.lib.admin import ExportForm
from sharespine.lib.cells import harmless

log = logging.getLogger(__name__)

#: Rows read at a time.
CHUNK = 2000
#: A workbook holds no more rows than this: it must be whole before any of it can be sent.
MOST = 50_000


class StreamedExport(ExportMixin):
    """The export of a list with its filters. As a text file without limit; as a workbook up to `MOST` rows."""

    formats = (XLSX, CSV)
    export_form_class = ExportForm

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))

    def _do_file_export(self, file_format: Any, request: HttpRequest, queryset: Any, export_form: Any = None) -> Any:
        """Raises `ValueError`, which the page shows, where a workbook cannot hold so many."""
        is_workbook = isinstance(file_format, XLSX)
        if is_workbook and queryset.order_by()[: MOST + 1].count() > MOST:
            raise ValueError(
                _("A workbook holds %(n)s rows at most. Choose csv, or narrow the list.") % {"n": number_format(MOST, 0)}
            )
        log.info(
            "%s exports %s (%s)", request.user.get_username(), queryset.model._meta.model_name, request.GET.urlencode() or "all"
        )
        resource = self.choose_export_resource_class(export_form, request)()
        name = self.get_export_filename(request, queryset, file_format)
        rows = _rows(resource, queryset)
        if is_workbook:
            return FileResponse(sheets.workbook(rows), as_attachment=True, filename=name)
        response = StreamingHttpResponse(sheets.lines(rows, translation.get_language()), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response


def _rows(resource: Any, queryset: QuerySet[Any]) -> Iterator[list[Any]]:
    """The headings and then the cells of all rows, the newest first."""
    yield resource.get_export_headers()
    fields = resource.get_export_fields()
    rest = resource.filter_export(queryset).order_by("-pk")
    chunk = list(rest[:CHUNK])
    while chunk:
        for record in chunk:
            cells = (resource.export_field(field, record, force_native_type=True) for field in fields)
            yield [harmless(cell) if isinstance(cell, str) else cell for cell in cells]
        chunk = list(rest.filter(pk__lt=chunk[-1].pk)[:CHUNK])
