"""Files on pages of field mappings and look-up tables: read when they are sent, made when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext as _

from flows.admin.mapping_resources import KINDS, LARGEST, Wrong, dataset_of
from sharespine.lib import sheets


def sent(request: HttpRequest, resource: Any) -> list[Any]:
    """The rows of the file that was sent, checked by `resource`. Raises `Wrong`."""
    file: Any = request.FILES.get("file")
    if file is None:
        raise Wrong(_("Choose a file."))
    rows: list[Any] = resource.read(dataset_of(str(file.name), file.read(LARGEST + 1)))
    return rows


def answer(resource: Any, records: Iterable[Any], name: str, kind: str) -> HttpResponse | HttpResponseBase:
    """The records as a file to be saved."""
    if kind not in KINDS:
        raise Http404
    if kind == "json":
        headings, *rows = sheets.exported(resource, records)
        made = [dict(zip(headings, row, strict=True)) for row in rows]
        response = JsonResponse(made, safe=False, json_dumps_params={"ensure_ascii": False, "indent": 1})
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
        return response
    return sheets.answer(sheets.exported(resource, records), name, kind, translation.get_language())
