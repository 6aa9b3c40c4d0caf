"""Field mappings and look-up tables as files: what is exported, and how a file that is read is checked row by row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import tablib
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from import_export import fields, resources
from import_export.widgets import BooleanWidget

from flows import mapping_rules
from flows.mapping.tables import LONGEST_CELL, MOST_ROWS, folded
from flows.models import FieldMapping, Flow, LookUpTable
from sharespine.lib.cells import harmless
from sharespine.lib.said import said

#: What a file may be, and how large.
KINDS = ("csv", "xlsx", "json")
LARGEST = 2_000_000


class Wrong(Exception):
    """A file that cannot be taken over. `args` are the reasons, in the reader's language."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of a look-up table."""

    before: str
    after: str


class _Text(fields.Field):
    """A column of text: an empty cell is the empty text, a number what stands there."""

    def clean(self, row: Any, **kwargs: Any) -> str:
        value = row.get(self.column_name)
        return "" if value is None else str(value)


class _Collecting(resources.ModelResource):
    """Reads rows without saving any: they are gathered in `rows`, for whoever takes them over."""

    class Meta:
        import_id_fields: tuple[str, ...] = ()
        use_transactions = False
        clean_model_instances = True
        skip_diff = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rows: list[Any] = []

    def get_instance(self, *args: Any, **kwargs: Any) -> None:
        return None

    def read(self, dataset: tablib.Dataset) -> list[Any]:
        """The rows of `dataset`. Raises `Wrong`, with each row that is not right and why."""
        if missing := [name for name in self.get_import_id_or_needed() if name not in (dataset.headers or ())]:
            raise Wrong(_("The file lacks the column %(name)s.") % {"name": ", ".join(missing)})
        if len(dataset) > MOST_ROWS:
            raise Wrong(_("The file has more than %(n)s rows.") % {"n": MOST_ROWS})
        result = self.import_data(dataset, dry_run=True)
        wrongs = [(row.number, "; ".join(row.error.messages)) for row in result.invalid_rows]
        wrongs += [(number, str(error.error)) for number, errors in result.row_errors() for error in errors]
        if wrongs:
            raise Wrong(*(_("Row %(n)s: %(reason)s") % {"n": number, "reason": reason} for number, reason in sorted(wrongs)))
        return self.rows

    def get_import_id_or_needed(self) -> Iterable[str]:
        return (field.column_name for name, field in self.fields.items() if name != "active")


class RuleResource(_Collecting):
    """The rules of a mapping: target, expression, and whether the rule is in use."""

    target = _Text(attribute="target", column_name="target")
    expression = _Text(attribute="expression", column_name="expression")
    active = fields.Field(attribute="active", column_name="active", widget=BooleanWidget(), default=True)

    class Meta(_Collecting.Meta):
        model = FieldMapping
        fields = ("target", "expression", "active")
        export_order = fields

    def __init__(self, flow: Flow, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.flow = flow

    def validate_instance(self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True) -> None:
        row = {"target": instance.target, "expression": instance.expression, "active": True}
        for error in mapping_rules.problems(self.flow, [row]).values():
            raise ValidationError(said(error.text))

    def save_instance(self, instance: Any, is_create: bool, row: Any, **kwargs: Any) -> None:
        # A file without the column means all of them.
        active = instance.active is not False
        self.rows.append({"target": instance.target, "expression": instance.expression, "active": active})


class PairResource(_Collecting):
    """The rows of a look-up table: what is looked up, and what it becomes."""

    before = _Text(attribute="before", column_name="before")
    after = _Text(attribute="after", column_name="after")

    class Meta(_Collecting.Meta):
        model = LookUpTable
        fields = ("before", "after")
        export_order = fields

    def validate_instance(self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True) -> None:
        for reason in wrong_with([*self.rows, [instance.before, instance.after]])[-1:]:
            raise ValidationError(reason)

    def save_instance(self, instance: Any, is_create: bool, row: Any, **kwargs: Any) -> None:
        self.rows.append([instance.before, instance.after])


def wrong_with(rows: Iterable[Iterable[str]]) -> list[str]:
    """What is wrong with the rows of a look-up table, in the reader's language."""
    seen: set[str] = set()
    wrongs = []
    for before, after in rows:
        if folded(before) in seen:
            wrongs.append(_("“%(value)s” is there twice.") % {"value": before[:80]})
        if max(len(before), len(after)) > LONGEST_CELL:
            wrongs.append(_("“%(value)s” is longer than %(n)s characters.") % {"value": before[:80], "n": LONGEST_CELL})
        seen.add(folded(before))
    if len(seen) > MOST_ROWS:
        wrongs.append(_("A look-up table has at most %(n)s rows.") % {"n": MOST_ROWS})
    return wrongs


def dataset_of(name: str, content: bytes) -> tablib.Dataset:
    """The rows of an uploaded file. Raises `Wrong`."""
    kind = name.rpartition(".")[2].lower()
    if kind not in KINDS:
        raise Wrong(_("Choose a file that ends with csv, xlsx or json."))
    if len(content) > LARGEST:
        raise Wrong(_("The file is larger than 2 MB."))
    try:
        if kind == "xlsx":
            return _unmarked(tablib.Dataset().load(content, format="xlsx"))
        text = content.decode("utf-8-sig")
        if kind == "json":
            return tablib.Dataset().load(text, format="json")
        first = text.partition("\n")[0]
        delimiter = ";" if first.count(";") > first.count(",") else ","
        return _unmarked(tablib.Dataset().load(text, format="csv", delimiter=delimiter))
    except Exception as error:  # noqa: BLE001 - whatever a broken file makes its reader raise
        raise Wrong(_("The file cannot be read (%(reason)s).") % {"reason": str(error)[:200] or type(error).__name__}) from None


def _unmarked(dataset: tablib.Dataset) -> tablib.Dataset:
    """The rows of a spreadsheet without the apostrophes that keep it from carrying texts out."""

    def plain(cell: Any) -> Any:
        return cell[1:] if isinstance(cell, str) and cell.startswith("'") and harmless(cell[1:]) == cell else cell

    return tablib.Dataset(*([plain(cell) for cell in row] for row in dataset), headers=dataset.headers)
