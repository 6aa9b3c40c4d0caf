"""Admin pages of other people's models, in our style: users, groups, failed log-ins and the queue."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from sharespine.lib.admin import Admin, HistoryAdmin, ReasonDialog, action, display, leave_dialog
from sharespine.lib.text import N_
from sharespine.portal import attempts, log_in

#: axes speaks no Swedish: what its models are called is translated by us, and this is where the catalogue finds it.
OF_AXES = (
    *(N_("access attempt"), N_("access attempts"), N_("access failure"), N_("access failures")),
    *(N_("access log"), N_("access logs"), N_("access attempt expiration"), N_("access attempt expirations")),
)

# The queue only wakes us and has its own page nowhere: its "resubmit" would run work past the ledger. Second factors hold what
# nobody is to see, and e-mails are those of the users.
for model in (User, Group, Failure, OrmQ, Schedule, Success, Authenticator, EmailAddress):
    admin.site.unregister(model)


#: What the permissions of Django's own kinds allow. The names that are kept of them are English.
ALLOWS = {
    "add": pgettext_lazy("a permission", "add"),
    "change": pgettext_lazy("a permission", "change"),
    "delete": pgettext_lazy("a permission", "delete"),
    "view": pgettext_lazy("a permission", "look"),
}


class PermissionsField(forms.ModelMultipleChoiceField):
    """Permissions to choose from, in the language of whoever chooses."""

    def label_from_instance(self, obj: Any) -> str:
        verb, _underscore, model = obj.codename.partition("_")
        own = verb in ALLOWS and model == obj.content_type.model
        return f"{obj.content_type} | {ALLOWS[verb] if own else _(obj.name)}"


class PermissionsAdmin(Admin):
    """Base of the pages on which permissions are given."""

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is Permission:
            kwargs["form_class"] = PermissionsField
        return super().formfield_for_manytomany(db_field, request, **kwargs)


@admin.register(User)
class StaffAdmin(UserAdmin, PermissionsAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "email", "is_active", "is_superuser", "last_login")
    actions_detail = ("drop_factor",)

    def has_drop_factor_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> Any:
        """There is something to switch off only for those who have switched it on."""
        found = super().get_actions_detail(request, object_id)
        return found if str(object_id).isdigit() and log_in.has_second_factor(User(pk=int(object_id))) else []

    @action(
        description=gettext_lazy("Switch two-factor log-in off"),
        permissions=["drop_factor"],
        icon="phonelink_erase",
        dialog={
            "title": gettext_lazy("Switch two-factor log-in off?"),
            "description": gettext_lazy(
                "For whoever has lost phone and codes. See that it is them: call a number that you know."
            ),
            "form_class": ReasonDialog,
            "form_submit_text": gettext_lazy("Switch it off"),
        },
    )
    def drop_factor(self, request: HttpRequest, form: ReasonDialog, object_id: str) -> HttpResponse:
        user = User.objects.get(pk=object_id)
        Authenticator.objects.filter(user=user).delete()
        self.log_change(request, user, _("Two-factor log-in switched off: %(reason)s") % form.cleaned_data)
        log_in.Accounts().send_notification_mail("mfa/email/totp_deactivated", user)
        address = reverse("admin:auth_user_change", args=[object_id])
        return leave_dialog(request, address, message=_("Two-factor log-in is off. The user got an e-mail about it."))


@admin.register(Group)
class StaffGroupAdmin(GroupAdmin, PermissionsAdmin):
    pass


@admin.register(AccessAttempt)
class AttemptAdmin(HistoryAdmin):
    """Log-ins that failed in the last quarter of an hour, and whom they lock out. For those who help merchants."""

    list_display = ("account", "from_where", "door", "failures", "last", "state")
    fields = readonly_fields = ("account", "from_where", "browser", "door", "failures", "last")
    ordering = ("-attempt_time",)
    search_fields = ("username", "ip_address")
    search_help_text = gettext_lazy("User name in small letters, or address")
    actions = ("lift",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("billing.see_portal"))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def complete(self, rows: list[Any]) -> None:
        """Whether each is part of what locks somebody out: several browsers of one place count together."""
        found = attempts.are_locked(rows)
        for row in rows:
            row.is_locked = row.pk in found

    @action(description=gettext_lazy("Lift the lock"), permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: QuerySet[AccessAttempt]) -> None:
        for row in list(queryset):
            attempts.lift(row, request.user.get_username())
        self.message_user(request, _("They may try again at once."))

    @display(description=gettext_lazy("Account"), ordering="username")
    def account(self, row: AccessAttempt) -> str:
        name = str(row.username or "")
        if name.startswith(attempts.NOBODY):
            return _("a name that no account has")
        if name.endswith(attempts.FACTOR):
            return _("%(name)s, second factor") % {"name": name.removesuffix(attempts.FACTOR)}
        return name

    @display(description=gettext_lazy("From"), ordering="ip_address")
    def from_where(self, row: AccessAttempt) -> str:
        return row.ip_address or "–"

    @display(description=gettext_lazy("Browser"))
    def browser(self, row: AccessAttempt) -> str:
        return str(row.user_agent)

    @display(description=gettext_lazy("Door"))
    def door(self, row: AccessAttempt) -> str:
        return _("Back office") if str(row.path_info).startswith(reverse("admin:index")) else _("Portal")

    @display(description=gettext_lazy("Failures"), ordering="failures_since_start")
    def failures(self, row: AccessAttempt) -> int:
        return int(row.failures_since_start)

    @display(description=gettext_lazy("Last"), ordering="attempt_time")
    def last(self, row: AccessAttempt) -> Any:
        return row.attempt_time

    @display(description=gettext_lazy("state"), label={"locked": "danger", "": "info"})
    def state(self, row: Any) -> tuple[str, str]:
        return ("locked", _("locked")) if row.is_locked else ("", _("may try"))
