"""A column that keeps a `Text`: the sentence and its values apart, so that it can be shown in the reader's language."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import models

from sharespine.lib.text import Text

if TYPE_CHECKING:

    class _TextField(models.TextField[Any, Any]):
        # The type checker's plugin takes what may be assigned from here.
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any

else:
    _TextField = models.TextField


class TextColumn(_TextField):
    """Keeps a `sharespine.lib.text.Text`; the empty text is the empty string."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", Text(""))
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for key in ("blank", "default", "editable"):
            kwargs.pop(key, None)
        return name, path, args, kwargs

    def from_db_value(self, value: str | None, *_: object) -> Text:
        return Text.from_json(json.loads(value)) if value else Text("")

    def to_python(self, value: Any) -> Text:
        if isinstance(value, Text):
            return value
        return Text.from_json(json.loads(value)) if value else Text("")

    def get_prep_value(self, value: Any) -> str:
        if isinstance(value, Text):
            return json.dumps(value.to_json(), ensure_ascii=False) if value.message else ""
        return str(value or "")

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj))
