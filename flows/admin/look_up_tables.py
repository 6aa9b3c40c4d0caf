"""Look-up tables of field mappings: what a text of the shop is called in the ERP."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Feature
from flows import mapping_rules
from flows.admin import uploads
from flows.admin.filters import CustomerFilter
from flows.admin.flow_forms import refuse_without
from flows.admin.mapping_resources import KINDS, Pair, PairResource, Wrong, dataset_of, wrong_with
from flows.admin.setting_up import SetUpAdmin
from flows.models import LookUpTable
from sharespine.lib.admin import Textarea, display

#: Stands between what is looked up and what it becomes.
ARROW = "=>"


class RowsField(forms.CharField):
    """Pairs of text, one a line, as in “klarna => 14”; kept as a list."""

    widget = Textarea

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{before} {ARROW} {after}" for before, after in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[list[str]]:  # type: ignore[override]  # a list, unlike any other CharField
        rows = []
        for line in str(value or "").splitlines():
            before, arrow, after = line.partition(ARROW)
            if not arrow and line.strip():
                raise ValidationError(gettext("“%(line)s” has no => in it.") % {"line": line[:80]})
            if arrow:
                rows.append([before.strip(), after.strip()])
        if wrongs := wrong_with(rows):
            raise ValidationError(wrongs)
        return rows

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool((initial or []) != self.to_python(data))
        except ValidationError:
            return True


class LookUpTableForm(forms.ModelForm):
    rows = RowsField(
        label=_("Rows"),
        required=False,
        widget=Textarea(attrs={"rows": 14}),
        help_text=_("One a line: what is looked up => what it becomes. The case of letters does not matter."),
    )
    file = forms.FileField(
        label=_("Rows from a file instead"),
        required=False,
        help_text=_("csv, xlsx or json with the columns before and after. All rows above are replaced."),
    )

    class Meta:
        model = LookUpTable
        fields = ("customer", "name", "rows")

    def clean(self) -> dict[str, Any] | None:
        """Refused, with the package that has it, while the customer has no field mapping."""
        cleaned = super().clean() or self.cleaned_data
        customer = cleaned.get("customer") or (self.instance.customer if self.instance.pk else None)
        if customer and self.has_changed():
            refuse_without(customer.pk, Feature.FIELD_MAPPING)
        if file := cleaned.get("file"):
            try:
                cleaned["rows"] = PairResource().read(dataset_of(file.name, file.read()))
            except Wrong as wrong:
                self.add_error("file", list(wrong.args))
        return cleaned

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.instance.pk and name != self.instance.name and mapping_rules.using(self.instance):
            raise ValidationError(gettext("A rule uses the table by its name, so it stays."))
        return name


@admin.register(LookUpTable)
class LookUpTableAdmin(SetUpAdmin):
    form = LookUpTableForm
    prefilled = ("customer", "name")
    next_step = _("Saved. Use it in a rule of a field mapping by its name.")
    list_display = ("name", "customer", "number_of_rows")
    list_filter = (("customer", CustomerFilter),)
    list_select_related = ("customer",)
    search_fields = ("name", "customer__name")
    change_form_outer_before_template = "flows/look_up_table.html"

    def get_fieldsets(self, request: HttpRequest, obj: LookUpTable | None = None) -> Any:
        fields = ["rows", "file"] if self.has_change_permission(request, obj) else ["rows"]
        return [(None, {"fields": [("name", "customer"), *fields]})]

    def get_readonly_fields(self, request: HttpRequest, obj: LookUpTable | None = None) -> tuple[str, ...]:
        return ("customer",) if obj else ()

    def get_urls(self) -> Any:
        export = path("<int:pk>/export/<str:kind>/", self.admin_site.admin_view(self.export), name="flows_lookuptable_export")
        return [export, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        table = self.get_object(request, object_id)
        context = {"kinds": KINDS, "used_by": mapping_rules.using(table)} if table else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def export(self, request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
        """The rows as a file."""
        table = LookUpTable.objects.filter(pk=pk).first()
        if not self.has_view_permission(request, table):
            raise PermissionDenied
        if table is None:
            raise Http404
        return uploads.answer(PairResource(), [Pair(*row) for row in table.rows], f"look-up-table-{pk}", kind)

    def has_delete_permission(self, request: HttpRequest, obj: LookUpTable | None = None) -> bool:
        """One that a rule uses stays: without it, every order would stop."""
        return not (obj and mapping_rules.using(obj)) and super().has_delete_permission(request, obj)

    @display(description=_("rows"))
    def number_of_rows(self, table: LookUpTable) -> str:
        return str(len(table.rows))
