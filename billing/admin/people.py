"""Who may log in as a customer, on its page: users and their roles, and who was invited."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import members
from billing.admin.verbs import Asked, carry_out
from billing.models import Customer, Invitation, Membership, Role
from billing.refusals import Refused
from sharespine.lib.admin import Admin, Dialog, Select, TabularInline, TextInput, action, display
from sharespine.lib.site import absolute
from sharespine.lib.text import N_

#: unfold looks a permission with a dot up in the database, before there is one: this names a method.
MAY = ["invite"]


class MembershipForm(forms.ModelForm):
    """A user is named, not chosen from a list of all there are."""

    login = forms.CharField(
        label=gettext_lazy("User name or e-mail"),
        widget=TextInput,
        help_text=gettext_lazy("The user must exist already. Invite whoever has no account yet."),
    )

    class Meta:
        model = Membership
        fields = ("role",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "role" in self.fields:
            self.fields["role"].required = False
        if self.instance.pk and "login" in self.fields:
            self.fields["login"].disabled = True
            self.initial["login"] = self.instance.user.get_username()

    def clean_role(self) -> str:
        return self.cleaned_data["role"] or self.instance.role

    def clean_login(self) -> str:
        login = self.cleaned_data["login"].strip()
        if self.instance.pk:
            return login
        users = list(get_user_model().objects.filter(Q(username__iexact=login) | Q(email__iexact=login), is_active=True)[:2])
        if len(users) != 1:
            raise forms.ValidationError(
                _("No user is called that.") if not users else _("Several users have this e-mail. Write the user name.")
            )
        self.instance.user = users[0]
        if Membership.objects.filter(customer=self.instance.customer_id, user=users[0]).exists():
            raise forms.ValidationError(_("This user may log in already."))
        return login


class MembershipInline(TabularInline):
    """Users are let in and put out, and may do more or less."""

    model = Membership
    form = MembershipForm
    readonly_fields = ("user", "since")
    extra = 0
    tab = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("login" if self.has_change_permission(request, obj) else "user", "role", "since")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user")


class PastInline(TabularInline):
    """What happened: seen, never added, changed or removed."""

    extra = max_num = 0
    can_delete = False
    tab = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ChangeFormSet(forms.BaseInlineFormSet):
    """What is kept of the past has no name of its own at the customer."""

    @classmethod
    def get_default_prefix(cls) -> str:
        return "changes"


class ChangeInline(PastInline):
    """Who let whom in, changed a role or put somebody out."""

    model = Membership.history.model
    fk_name = "customer"
    formset = ChangeFormSet
    # The words of a row would be those of an account that may be gone.
    hide_title = True
    verbose_name_plural = gettext_lazy("Changes of users")
    fields = readonly_fields = ("at", "who", "what", "role", "by")
    ordering = ("-history_id",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("billing.view_membership"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request)
        return found.select_related("history_user").annotate(login=F("user__username"))

    @display(description=gettext_lazy("when"))
    def at(self, row: Any) -> str:
        return timezone.localtime(row.history_date).strftime("%Y-%m-%d %H:%M")

    @display(description=gettext_lazy("user"))
    def who(self, row: Any) -> str:
        return row.login or "–"

    @display(description=gettext_lazy("what happened"))
    def what(self, row: Any) -> str:
        return str(members.KINDS[row.history_type])

    @display(description=gettext_lazy("by"))
    def by(self, row: Any) -> str:
        return row.history_change_reason or str(row.history_user or "–")


class InvitationInline(PastInline):
    """Who was invited. It stays when it was accepted or withdrawn: as a record of who let whom in."""

    model = Invitation
    fields = readonly_fields = ("email", "role", "invited_by", "created_at", "expires_at", "accepted_at", "withdrawn_at")


class InviteDialog(Dialog):
    email = forms.EmailField(label=gettext_lazy("E-mail"), widget=TextInput)
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=Role.choices, initial=Role.OWNER, widget=Select)


class InvitedDialog(Dialog):
    email = forms.EmailField(label=gettext_lazy("E-mail that was invited"), widget=TextInput)


class PeopleVerbs(Admin):
    """Mixed into the page of a customer."""

    actions_detail: tuple[Any, ...] = (
        {"title": gettext_lazy("Users"), "icon": "group_add", "items": ["invite", "invite_again", "withdraw_invitation"]},
    )

    def has_invite_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may let people in as a customer."""
        return bool(request.user.has_perm("billing.add_invitation"))

    @action(
        description=gettext_lazy("Invite a user"),
        permissions=MAY,
        icon="person_add",
        dialog={
            "title": gettext_lazy("Invite a user"),
            "description": gettext_lazy(
                "An e-mail with a link goes there, in the customer's language. It works once, for a week."
            ),
            "form_class": InviteDialog,
            "form_submit_text": gettext_lazy("Invite"),
        },
    )
    def invite(self, request: HttpRequest, form: InviteDialog, object_id: str) -> HttpResponse:
        customer = Customer.objects.get(pk=object_id)
        values = form.cleaned_data
        return carry_out(
            request,
            _page(object_id),
            lambda actor: _send(request, *members.invite(customer, values["email"], values["role"], actor)),
            _("%(email)s gets an e-mail with the invitation.") % values,
            Asked(self.invite, form),
        )

    @action(
        description=gettext_lazy("Send an invitation again"),
        permissions=MAY,
        icon="forward_to_inbox",
        dialog={
            "title": gettext_lazy("Send an invitation again"),
            "description": gettext_lazy("What was sent before does not work any more."),
            "form_class": InvitedDialog,
            "form_submit_text": gettext_lazy("Send again"),
        },
    )
    def invite_again(self, request: HttpRequest, form: InvitedDialog, object_id: str) -> HttpResponse:
        def again(actor: str) -> None:
            invitation = _open(object_id, form)
            _send(request, invitation, members.invite_again(invitation, actor))

        done = _("%(email)s gets an e-mail with the invitation.") % form.cleaned_data
        return carry_out(request, _page(object_id), again, done, Asked(self.invite_again, form))

    @action(
        description=gettext_lazy("Withdraw an invitation"),
        permissions=MAY,
        icon="person_remove",
        dialog={
            "title": gettext_lazy("Withdraw an invitation"),
            "description": gettext_lazy("Its link does not work any more."),
            "form_class": InvitedDialog,
            "form_submit_text": gettext_lazy("Withdraw"),
        },
    )
    def withdraw_invitation(self, request: HttpRequest, form: InvitedDialog, object_id: str) -> HttpResponse:
        done = _("The invitation of %(email)s is withdrawn.") % form.cleaned_data
        return carry_out(
            request,
            _page(object_id),
            lambda actor: members.withdraw(_open(object_id, form), actor),
            done,
            Asked(self.withdraw_invitation, form),
        )


def _page(object_id: str) -> str:
    return reverse("admin:billing_customer_change", args=[object_id])


def _open(object_id: str, form: InvitedDialog) -> Invitation:
    """The invitation that was written of. Raises `Refused` where there is none."""
    email = form.cleaned_data["email"]
    invited = Invitation.objects.filter(customer=int(object_id), email__iexact=email, accepted_at=None, withdrawn_at=None)
    found = invited.select_related("customer").first()
    if found is None:
        raise Refused(N_("No invitation of %(email)s is open."), email=email)
    return found


def _send(request: HttpRequest, invitation: Invitation, token: str) -> None:
    """Raises `Refused` where the e-mail could not be sent: the invitation stays, and can be sent again."""
    if not members.send(invitation, token, lambda one: absolute(request, reverse("portal:invitation", args=[one]))):
        raise Refused(N_("The invitation is saved, but the e-mail could not be sent. Send it again in some minutes."))
