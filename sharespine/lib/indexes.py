"""Indexes that Django has no words for."""

from __future__ import annotations

from typing import Any

from django.db import models


class PrefixIndex(models.Index):
    """An index of one text column (named as its field) for `istartswith` and `iexact`, as each database wants it.

    On SQLite upper and lower case are the same for the letters a to z only, there as everywhere.
    """

    def create_sql(self, model: type[models.Model], schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        statement: Any = super().create_sql(model, schema_editor, using, **kwargs)
        column = schema_editor.quote_name(self.fields[0])
        if schema_editor.connection.vendor == "postgresql":
            statement.parts["columns"] = f"UPPER({column}) text_pattern_ops"
        else:
            statement.parts["columns"] = f"{column} COLLATE NOCASE"
        return statement
