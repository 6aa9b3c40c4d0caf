"""Form fields for what people type: amounts and days."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.formats import get_format

from sharespine.lib.admin import TextInput


class AmountField(forms.DecimalField):
    """Kronor as people write them, in every language: `1 234,50`, `1234.5`, `295`. Never negative."""

    widget = TextInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": Decimal(0), "max_digits": 12, "decimal_places": 2, **kwargs})

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"inputmode": "decimal"}

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            # A comma and a point are both the decimal sign: no amount that is typed here has groups marked by them.
            value = "".join(value.split()).replace(",", ".")
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Decimal):
            return value
        whole = value == value.to_integral_value()
        return str(int(value)) if whole else f"{value:.2f}".replace(".", get_format("DECIMAL_SEPARATOR"))


class DayField(forms.DateField):
    """A day, chosen in the browser's own calendar: it needs no script, also in a dialog that is fetched."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": TextInput().attrs["class"]})
        super().__init__(**{"widget": widget, "input_formats": ["%Y-%m-%d"], **kwargs})
