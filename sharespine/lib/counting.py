"""Counts that stop at a ceiling: whoever reads "10 000+" needs no better number, and the database need not look further."""

from __future__ import annotations

from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery
from django.utils.formats import number_format

#: No page counts further than this.
CEILING = 10_000


class CountOf(Subquery):
    """How many rows `queryset` has, at most `ceiling`, as a column of another query: many counts cost one question.

    Every annotation of its kind is worked out once for the whole query, however many rows that has.
    """

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()
    #: Django asks nothing where it knows that there is no row.
    empty_result_set_value = 0

    def __init__(self, queryset: QuerySet[Any], ceiling: int = CEILING, **extra: Any) -> None:
        super().__init__(queryset.order_by().values("pk")[:ceiling], **extra)


def counted(n: int, ceiling: int = CEILING) -> str:
    """`n` as people read it, with a plus where counting stopped."""
    return number_format(n, 0, use_l10n=True, force_grouping=True) + ("+" if n >= ceiling else "")
