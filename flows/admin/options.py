"""A system's options as fields of a form: what the manifest declares is all that the form knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connectors.base import Choice, Option, OptionKind
from sharespine.lib.admin import Checkboxes, IntegerInput, PasswordInput, Select, Switch, Textarea, TextInput


class ListField(forms.CharField):
    """Several values in one line, for as long as nobody knows what there is to choose from."""

    widget = TextInput

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]  # a list, unlike any other CharField
        return [part.strip() for part in str(value or "").split(",") if part.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != self.to_python(data)


class AmountField(forms.DecimalField):
    """Takes "1 234,50" as well as "1234.50", whatever language the page is in."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = "".join(value.split()).replace(",", ".")
        return super().to_python(value)


class AddressField(forms.URLField):
    """The address of another system: https, unless this installation may talk to its own simulators."""

    def clean(self, value: Any) -> Any:
        address = super().clean(value)
        if address and not settings.SANDBOX and not address.startswith("https://"):
            raise ValidationError(_("The address must begin with https:// so that the credentials are not sent in clear."))
        return address


@dataclass(frozen=True, slots=True)
class OptionFields:
    """The options of one side, under field names that begin with `prefix`."""

    prefix: str
    options: tuple[Option, ...]

    def name(self, option: Option) -> str:
        return f"{self.prefix}_{option.key}"

    def removal(self, option: Option) -> str:
        return f"{self.prefix}_{option.key}__remove"

    def build(
        self, values: Mapping[str, Any], *, offered: Mapping[str, Sequence[Choice]], secrets: Iterable[str] = ()
    ) -> dict[str, forms.Field]:
        """The fields by name. `values` are the saved ones, `offered` the lists by name, `secrets` the keys that are saved."""
        fields: dict[str, forms.Field] = {}
        saved = set(secrets)
        for option in self.options:
            if option.is_secret:
                fields[self.name(option)] = _secret_field(option, is_saved=option.key in saved)
                if option.key in saved:
                    fields[self.removal(option)] = forms.BooleanField(
                        label=_("Remove: %(label)s") % {"label": _(option.label)}, required=False, widget=Switch
                    )
                continue
            value = values.get(option.key, option.default)
            if option.kind is OptionKind.CHOICES and isinstance(value, str):
                # The default of several choices is written in one line.
                value = [part.strip() for part in value.split(",") if part.strip()]
            elif option.kind is OptionKind.CHOICES:
                value = list(value or ())
            field = _field(option, value, _fixed(option) or list(offered.get(option.choices_from, ())))
            field.initial = value
            fields[self.name(option)] = field
        return fields

    def groups(self, fields: Iterable[str], *, first: str) -> list[tuple[str, list[str]]]:
        """Headings with the names of their fields, in the order of the manifest; `first` heads those without a group."""
        present = set(fields)
        groups: dict[str, list[str]] = {}
        for option in self.options:
            names = [name for name in (self.name(option), self.removal(option)) if name in present]
            groups.setdefault(_(option.group) if option.group else first, []).extend(names)
        return list(groups.items())

    def values(self, cleaned: Mapping[str, Any]) -> dict[str, Any]:
        """What was filled in, without secrets, as JSON types."""
        values = {}
        for option in self.options:
            if not option.is_secret and self.name(option) in cleaned:
                value = cleaned[self.name(option)]
                values[option.key] = _plain(value)
        return values

    def secrets(self, cleaned: Mapping[str, Any], kept: Mapping[str, str]) -> dict[str, str]:
        """The secrets after the form: an empty field keeps the old one, a new value wins over a removal."""
        secrets = dict(kept)
        for option in self.options:
            if not option.is_secret:
                continue
            if cleaned.get(self.removal(option)):
                secrets.pop(option.key, None)
            if value := cleaned.get(self.name(option)):
                secrets[option.key] = value
        return secrets


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    # Browsers end the lines of a text area with two characters.
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def _secret_field(option: Option, *, is_saved: bool) -> forms.Field:
    help_text = _(option.help) if option.help else ""
    if is_saved:
        help_text = f"{_('Saved. Leave empty to keep it.')} {help_text}".strip()
    return forms.CharField(
        label=_(option.label),
        help_text=help_text,
        required=option.required and not is_saved,
        # Browsers would otherwise offer the staff's own password here.
        widget=PasswordInput(attrs={"autocomplete": "new-password"}),
    )


def _field(option: Option, value: Any, choices: list[Choice]) -> forms.Field:
    common: dict[str, Any] = {
        "label": _(option.label),
        "help_text": _(option.help) if option.help else "",
        "required": option.required,
    }
    match option.kind:
        case OptionKind.BOOLEAN:
            return forms.BooleanField(**common | {"required": False}, widget=Switch)
        case OptionKind.INTEGER:
            return forms.IntegerField(**common, widget=IntegerInput)
        case OptionKind.DECIMAL:
            return AmountField(**common, widget=TextInput(attrs={"inputmode": "decimal"}))
        case OptionKind.URL:
            return AddressField(**common, assume_scheme="https", widget=TextInput(attrs={"type": "url"}))
        case OptionKind.LINES:
            return forms.CharField(**common, widget=Textarea(attrs={"rows": 3}))
        case OptionKind.CHOICE if choices:
            return forms.ChoiceField(**common, choices=_choices(choices, [value], optional=not option.required), widget=Select)
        case OptionKind.CHOICES if choices:
            return forms.MultipleChoiceField(
                **common, choices=_choices(choices, value or [], optional=False), widget=Checkboxes
            )
        case OptionKind.CHOICE:
            return forms.CharField(**_untested(common), widget=TextInput)
        case OptionKind.CHOICES:
            return ListField(**_untested(common))
        case _:
            return forms.CharField(**common, widget=TextInput)


def _fixed(option: Option) -> list[Choice]:
    """The choices of the manifest in the reader's language; those that the other system offers are in its own."""
    return [Choice(choice.value, _(choice.label)) for choice in option.choices]


UNTESTED = gettext_lazy("Test the connection of the endpoint to choose from a list.")


def _untested(common: dict[str, Any]) -> dict[str, Any]:
    return common | {"help_text": f"{common['help_text']} {UNTESTED}".strip()}


def _choices(choices: list[Choice], chosen: Sequence[Any], *, optional: bool) -> list[tuple[str, str]]:
    """What there is to choose, and what was chosen before and is gone: it must not change because somebody saved the form."""
    known = {choice.value for choice in choices}
    gone = [str(value) for value in chosen if value not in known and value not in (None, "")]
    return [
        *([("", "–")] if optional else []),
        *((choice.value, choice.label) for choice in choices),
        *((value, _("%(value)s (no longer there)") % {"value": value}) for value in gone),
    ]
