"""Base classes of all admin pages, and the only way to unfold outside `sharespine.admin`.

unfold is 0.x and moves things between versions: everything that we use of it goes through here, so that an upgrade (or a
return to Django's own admin) is a matter of one module.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from simple_history.template_utils import HistoricalRecordContextHelper
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    MultipleChoicesDropdownFilter,
    RangeDateFilter,
)
from unfold.contrib.filters.forms import AutocompleteDropdownForm
from unfold.contrib.import_export.forms import ExportForm
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.views import ChangeList
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDateWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
    UnfoldBooleanWidget,
)

from sharespine.lib.counting import CEILING

__all__ = [
    "ActionVariant",
    "Admin",
    "AutocompleteDropdownForm",
    "AutocompleteSelectFilter",
    "CappedPaginator",
    "Checkbox",
    "Checkboxes",
    "ChoicesDropdownFilter",
    "ConfigurationAdmin",
    "DateInput",
    "Dialog",
    "DropdownFilter",
    "ExportForm",
    "HistoryAdmin",
    "IntegerInput",
    "MultipleChoicesDropdownFilter",
    "OptionalReasonDialog",
    "PasswordInput",
    "Radios",
    "RangeDateFilter",
    "ReasonDialog",
    "Select",
    "Switch",
    "TabularInline",
    "TextInput",
    "Textarea",
    "action",
    "ask_again",
    "display",
    "leave_dialog",
]

Checkbox = UnfoldBooleanWidget
DateInput = UnfoldAdminDateWidget
Checkboxes = UnfoldAdminCheckboxSelectMultipleWidget
IntegerInput = UnfoldAdminIntegerFieldWidget
PasswordInput = UnfoldAdminPasswordWidget
Radios = UnfoldAdminRadioSelectWidget
Select = UnfoldAdminSelectWidget
Switch = UnfoldBooleanSwitchWidget
TextInput = UnfoldAdminTextInputWidget
Textarea = UnfoldAdminTextareaWidget


class CappedPaginator(Paginator):
    """Counts no further than `ceiling`: nobody turns to page 400, and counting half a million rows takes its time."""

    ceiling = CEILING
    template_name = "sharespine/pagination.html"

    @cached_property
    def count(self) -> int:
        if isinstance(self.object_list, QuerySet):
            return self.object_list.order_by()[: self.ceiling].count()
        return len(self.object_list)


class Rows(ChangeList):
    """A list that finds out which rows its page has before it reads them, and completes them all at once.

    To a page far back it is then a walk along an index, not through whole rows; nor are whole rows sorted.
    """

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        page: Any = self.result_list
        ids = list(page.values_list("pk", flat=True))
        found = self.apply_select_related(self.root_queryset).in_bulk(ids)
        self.result_list: Any = [found[pk] for pk in ids if pk in found]
        self.model_admin.complete(self.result_list)


class Admin(ModelAdmin):
    """Every page of ours."""

    list_per_page = 25
    list_filter_submit = True
    show_full_result_count = False
    # Facets count every choice of every filter over the whole table.
    show_facets = ShowFacets.NEVER
    paginator: type[Paginator] = CappedPaginator
    compressed_fields = True

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Rows

    def complete(self, rows: list[Any]) -> None:
        """Set on the rows of a page of the list what else its columns show."""

    def autocomplete_label(self, record: Any) -> str:
        """How a record is called where one is chosen by typing."""
        return str(record)


class Told(HistoricalRecordContextHelper):
    """The changes of a record with the words of its choices: simple-history (3.13) shows what the column holds."""

    def prepare_delta_change_value(self, change: Any, value: Any) -> Any:
        choices: Any = self.model._meta.get_field(change.field)
        words = dict(getattr(choices, "flatchoices", ()))
        return words[value] if words and value in words else super().prepare_delta_change_value(change, value)


class ConfigurationAdmin(SimpleHistoryAdmin, Admin):
    """What people set up: every change is kept, with who made it. One at a time: nobody deletes connections in bulk."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def get_historical_record_context_helper(self, request: HttpRequest, historical_record: Any) -> Told:
        return Told(self.model, historical_record)

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        """An old version holds no credentials and not what depends on it: one looks at it, and changes things by hand."""
        return True

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # simple-history (3.13) only hides the button: it would still carry out a form that is sent.
        if request.method == "POST":
            raise PermissionDenied
        return super().history_form_view(request, object_id, version_id, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return super().changeform_view(
            request, object_id, form_url, {"show_save_and_add_another": False, **(extra_context or {})}
        )

    def save_model(self, request: HttpRequest, obj: Any, form: forms.Form, change: bool) -> None:
        """Saves only what differs: the history then holds changes, not visits."""
        if change and not form.changed_data:
            return
        super().save_model(request, obj, form, change)


class HistoryAdmin(Admin):
    """What happened: seen by those who may, never added, changed or deleted by anybody, superusers included."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        # Django's own log of changes is empty for what nobody can change.
        return super().changeform_view(request, object_id, form_url, {"show_history": False, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class Dialog(BaseDialogForm):
    """What an action asks before it does anything. An action with a dialog runs on a valid POST with CSRF token only."""


class ReasonDialog(Dialog):
    """Asks for a reason that is kept on the timeline."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Kept in the history, with your name."),
        widget=Textarea(attrs={"rows": 3}),
        max_length=500,
    )


class OptionalReasonDialog(ReasonDialog):
    """Like `ReasonDialog`, but one may leave it empty."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = False


def ask_again(request: HttpRequest, action: Any, form: Dialog) -> HttpResponse:
    """Show the dialog of `action` once more, with what was entered and what is wrong with it."""
    context = {"dialog": action.dialog, "form": form, "form_submit_text": action.dialog.get("form_submit_text", "")}
    return TemplateResponse(request, "unfold/helpers/dialog.html", context)


def leave_dialog(request: HttpRequest, address: str, *, level: int = messages.SUCCESS, message: str = "") -> HttpResponse:
    """Close the dialog and show the page at `address` with `message` on it."""
    if message:
        messages.add_message(request, level, message)
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)
