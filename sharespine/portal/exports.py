"""Lists to take along: as text of any length, sent on as it is read, and as a workbook of so many rows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.formats import number_format
from django.utils.text import slugify
from django.utils.translation import gettext as _

from billing.models import Customer
from flows.admin.exports import MOST
from sharespine.lib import sheets
from sharespine.portal import paging
from sharespine.portal.access import Access, page
from sharespine.portal.filtering import Narrowed

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, which is translated, and what stands below it for a row: text, a whole number or an exact amount."""

    heading: Any
    cell: Callable[[Any], Any]


def of_list(
    area: str,
    narrowed: Callable[[HttpRequest, Customer], Narrowed],
    *,
    name: Any,
    columns: Sequence[Column],
    whole: QuerySet[Any],
) -> Callable[..., HttpResponseBase]:
    """The address of the files of a list, of the kinds “csv” and “xlsx”: its rows, read from `whole` and given their flows.

    A workbook must be whole before any of it can be sent, so it holds `MOST` rows at most: else the list, the page `area`, says
    so.
    """

    @page()
    def export(request: HttpRequest, access: Access, kind: str) -> HttpResponseBase:
        if kind not in sheets.KINDS:
            raise Http404
        log = narrowed(request, access.customer)
        if kind == "xlsx" and log.rows.order_by()[: MOST + 1].count() > MOST:
            most = number_format(MOST, 0, use_l10n=True, force_grouping=True)
            messages.warning(request, _("A workbook holds %(n)s rows at most. Choose CSV, or narrow the list.") % {"n": most})
            return redirect(log.address(area, access.customer))
        logger.info(
            "%s exports %s of customer %s as %s (%s)",
            access.actor,
            log.rows.model._meta.model_name,
            access.customer.pk,
            kind,
            log.query or "all",
        )
        file = f"{slugify(name)}-{timezone.localdate()}"
        # By the time that most of it is read, the request is answered, and times are again those of this machine.
        rows = _rows(columns, log, whole, timezone.get_current_timezone())
        return sheets.answer(rows, file, kind, translation.get_language())

    return export


def _rows(columns: Sequence[Column], log: Narrowed, whole: QuerySet[Any], zone: tzinfo) -> Iterator[list[Any]]:
    yield [str(column.heading) for column in columns]
    # There are few of them, and they are known: read with each row they would take longer than the row.
    flows = {flow.pk: flow for flow in log.filters.flows}
    for row in paging.every(log.parts, whole):
        # One that came in meanwhile is read when it is asked for.
        if flow := flows.get(row.flow_id):
            row.flow = flow
        with timezone.override(zone):
            cells = [column.cell(row) for column in columns]
        yield cells


def moment(at: Any) -> str:
    """A moment on the wall clock of the reader; empty where there is none."""
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""
