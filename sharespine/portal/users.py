"""Who may log in, and as what: a page for administrators, who let people in and put them out."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from billing import members
from billing.models import Invitation, Membership, Role
from billing.refusals import Refused
from sharespine.lib.said import said
from sharespine.lib.site import absolute
from sharespine.portal.access import Access, page, show

#: So many users and invitations are listed.
SHOWN = 500
#: So many of the latest changes are told.
CHANGES = 50
#: What each role may do, in words.
ROLES = (
    (Role.READER, gettext_lazy("Reader: sees everything, changes nothing")),
    (Role.OPERATOR, gettext_lazy("Operator: tries orders again, pauses flows")),
    (Role.OWNER, gettext_lazy("Administrator: users, keys, webhooks and the package, too")),
)


class InviteForm(forms.Form):
    email = forms.EmailField(
        label=gettext_lazy("E-mail"), max_length=254, widget=forms.EmailInput({"autocomplete": "off", "size": 36})
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=ROLES, initial=Role.READER)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=ROLES, widget=forms.RadioSelect)


@page(Role.OWNER, acts=Role.OWNER)
def users(request: HttpRequest, access: Access) -> HttpResponseBase:
    form = InviteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            invitation, token = members.invite(
                access.customer, form.cleaned_data["email"], form.cleaned_data["role"], access.actor
            )
        except Refused as refused:
            form.add_error("email", said(refused.text))
        else:
            return _sent(request, access, invitation, token)
    context = {"area": "settings", "form": form, **_people(access), "now": timezone.now()}
    return show(request, access, "portal/users.html", context)


@page(Role.OWNER, acts=Role.OWNER)
def user(request: HttpRequest, access: Access, member: int) -> HttpResponseBase:
    """What one user may do."""
    found = _member(access, member)
    form = RoleForm(request.POST if request.method == "POST" else None, initial={"role": found.role})
    if form.is_valid():
        try:
            members.change_role(found, form.cleaned_data["role"], access.actor)
        except Refused as refused:
            form.add_error("role", said(refused.text))
        else:
            messages.success(request, _("%(name)s has another role now.") % {"name": members.called(found.user)})
            # Whoever gave up the right to see this page is taken where it may be.
            mine = found.user_id == access.user.pk and form.cleaned_data["role"] != Role.OWNER
            return redirect("portal:overview" if mine else "portal:users", access.customer.pk)
    context = {"area": "settings", "form": form, "member": found, "name": members.called(found.user)}
    return show(request, access, "portal/user.html", context)


@page(Role.OWNER, acts=Role.OWNER)
def remove(request: HttpRequest, access: Access, member: int) -> HttpResponseBase:
    """Asks before a user is put out."""
    found = _member(access, member)
    if request.method == "POST":
        try:
            members.remove(found, access.actor)
        except Refused as refused:
            messages.error(request, said(refused.text))
        else:
            messages.success(request, _("%(name)s may not log in any more.") % {"name": members.called(found.user)})
            if found.user_id == access.user.pk:
                return redirect("portal:home")
        return redirect("portal:users", access.customer.pk)
    context = {"area": "settings", "member": found, "name": members.called(found.user), "mine": found.user_id == access.user.pk}
    return show(request, access, "portal/user_remove.html", context)


@page(Role.OWNER, acts=Role.OWNER)
@require_POST
def invite_again(request: HttpRequest, access: Access, invitation: int) -> HttpResponseBase:
    found = get_object_or_404(Invitation, customer=access.customer, pk=invitation)
    try:
        token = members.invite_again(found, access.actor)
    except Refused as refused:
        messages.error(request, said(refused.text))
        return redirect("portal:users", access.customer.pk)
    return _sent(request, access, found, token)


@page(Role.OWNER, acts=Role.OWNER)
@require_POST
def withdraw(request: HttpRequest, access: Access, invitation: int) -> HttpResponseBase:
    found = get_object_or_404(Invitation, customer=access.customer, pk=invitation)
    try:
        members.withdraw(found, access.actor)
    except Refused as refused:
        messages.error(request, said(refused.text))
    else:
        messages.success(request, _("The invitation of %(email)s is withdrawn.") % {"email": found.email})
    return redirect("portal:users", access.customer.pk)


def _people(access: Access) -> dict[str, Any]:
    totp = Authenticator.objects.filter(user=OuterRef("user"), type=Authenticator.Type.TOTP)
    found = Membership.objects.filter(customer=access.customer).select_related("user").annotate(second_factor=Exists(totp))
    invited = Invitation.objects.filter(customer=access.customer, accepted_at=None, withdrawn_at=None)
    return {
        "members": list(found.order_by("user__username")[:SHOWN]),
        "invitations": list(invited[:SHOWN]),
        "changes": members.changes(access.customer, limit=CHANGES),
    }


def _member(access: Access, member: int) -> Membership:
    return get_object_or_404(Membership.objects.select_related("user", "customer"), customer=access.customer, pk=member)


def _sent(request: HttpRequest, access: Access, invitation: Invitation, token: str) -> HttpResponse:
    """Sends an invitation, and says so."""
    left = members.send(invitation, token, lambda one: absolute(request, reverse("portal:invitation", args=[one])))
    if left:
        messages.success(request, _("%(email)s gets an e-mail with the invitation.") % {"email": invitation.email})
    else:
        messages.error(
            request,
            _("The invitation of %(email)s is saved, but the e-mail could not be sent. Send it again in some minutes.")
            % {"email": invitation.email},
        )
    return redirect("portal:users", access.customer.pk)


urls = [
    path("", users, name="users"),
    path("<int:member>/", user, name="user"),
    path("<int:member>/remove/", remove, name="user_remove"),
    path("invitations/<int:invitation>/again/", invite_again, name="invite_again"),
    path("invitations/<int:invitation>/withdraw/", withdraw, name="invitation_withdraw"),
]
