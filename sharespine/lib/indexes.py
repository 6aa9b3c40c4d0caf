"""Indexes that Django has no words for."""

from __future__ import annotations

from typing import Any

from django.db import models


class PrefixIndex(models.Index):
    """An index of a text column for `istartswith` and `iexact`, as each database wants it. Further columns narrow it.

    On SQLite upper and lower case are the same for the letters a to z only, there as everywhere.
    """

    def create_sql(self, model: type[models.Model], schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        statement: Any = super().create_sql(model, schema_editor, using, **kwargs)
        fields: list[Any] = [model._meta.get_field(name) for name in self.fields]
        text, *rest = [schema_editor.quote_name(field.column) for field in fields]
        if schema_editor.connection.vendor == "postgresql":
            text = f"UPPER({text}) text_pattern_ops"
        else:
            text = f"{text} COLLATE NOCASE"
        statement.parts["columns"] = ", ".join([text, *rest])
        return statement
