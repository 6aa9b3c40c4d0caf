"""Who may log in as a customer: inviting people, letting them in, changing what they may do, and putting them out."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from billing import mails
from billing.mails import Unsent
from billing.models import Customer, Invitation, Membership, Role
from billing.refusals import Refused
from sharespine.lib.history import because
from sharespine.lib.text import N_

log = logging.getLogger(__name__)
#: An invitation can be accepted for so long after it was sent.
VALID = timedelta(days=7)
#: It is sent again so often at most: nobody is to be flooded with e-mails of ours.
AGAIN = timedelta(minutes=5)
#: So many people are invited to a customer in a day.
A_DAY = 50

#: Makes an address of what shows that somebody was invited.
Link = Callable[[str], str]


def invite(customer: Customer, email: str, role: str, actor: str) -> tuple[Invitation, str]:
    """An invitation for whoever has `email`, and what is to be sent there. Raises `Refused`."""
    email, now = email.strip().lower(), timezone.now()
    if Membership.objects.filter(customer=customer, user__email__iexact=email).exists():
        raise Refused(N_("%(email)s may log in already."), email=email)
    if Invitation.objects.filter(customer=customer, created_at__gt=now - timedelta(days=1)).count() >= A_DAY:
        raise Refused(N_("So many people were invited today that we stop here. Go on tomorrow, or call us."))
    token, token_hash = _token()
    try:
        with transaction.atomic():
            # One that has expired makes room for a new one.
            _open(customer).filter(email=email, expires_at__lte=now).update(withdrawn_at=now)
            invitation = Invitation.objects.create(
                customer=customer, email=email, role=role, token_hash=token_hash, invited_by=actor, expires_at=now + VALID
            )
    except IntegrityError:
        raise Refused(N_("%(email)s is invited already. Send that invitation again, or withdraw it."), email=email) from None
    log.info("%s invited %s to customer %s as %s", actor, email, customer.pk, role)
    return invitation, token


def invite_again(invitation: Invitation, actor: str) -> str:
    """What is to be sent to whoever was invited, anew: what was sent before does not work any more. Raises `Refused`."""
    now = timezone.now()
    token, token_hash = _token()
    found = _open(invitation.customer).filter(pk=invitation.pk)
    if found.filter(expires_at__gt=now + VALID - AGAIN).exists():
        raise Refused(
            N_("The invitation was sent a moment ago. Give the e-mail some minutes, and see that the address is right.")
        )
    if not found.update(token_hash=token_hash, expires_at=now + VALID):
        raise Refused(N_("The invitation was accepted or withdrawn meanwhile."))
    invitation.refresh_from_db()
    log.info("%s invited %s to customer %s again", actor, invitation.email, invitation.customer_id)
    return token


def withdraw(invitation: Invitation, actor: str) -> None:
    """Have an invitation let nobody in any more. Raises `Refused`."""
    if not _open(invitation.customer).filter(pk=invitation.pk).update(withdrawn_at=timezone.now()):
        raise Refused(N_("The invitation was accepted or withdrawn meanwhile."))
    log.info("%s withdrew the invitation of %s to customer %s", actor, invitation.email, invitation.customer_id)


def send(invitation: Invitation, token: str, link: Link) -> bool:
    """Send the e-mail of an invitation, in the language of its customer. Returns whether it left us."""
    customer = invitation.customer
    context = {"invitation": invitation, "customer": customer, "address": link(token), "days": VALID.days}
    try:
        mails.send("portal/mail/invitation", invitation, [invitation.email], context, language=customer.language)
    except Unsent:
        return False
    return True


def find(token: str) -> Invitation | None:
    """The invitation that `token` was sent with, whether it still works or not."""
    return Invitation.objects.select_related("customer").filter(token_hash=_hash(token)).first()


def accounts(invitation: Invitation) -> list[User]:
    """The accounts of whoever was invited: with one, it is that which is let in."""
    return list(User.objects.filter(Q(email__iexact=invitation.email) | Q(username__iexact=invitation.email)))


def is_for(invitation: Invitation, user: User) -> bool:
    """Whether it was `user` that was invited."""
    return invitation.email in (user.email.lower(), user.username.lower())


def accept(invitation: Invitation, user: User) -> Membership:
    """Let in a user that was invited. Raises `Refused` when it was not, or not any more."""
    if not is_for(invitation, user):
        raise Refused(N_("The invitation is for %(email)s. Log in with that account."), email=invitation.email)
    with transaction.atomic():
        _use(invitation)
        return _let_in(invitation, user)


def join(invitation: Invitation, name: str, password: str) -> User:
    """Make an account for whoever was invited, and let it in. The password was found good. Raises `Refused`."""
    first, _space, last = " ".join(name.split()).partition(" ")
    try:
        with transaction.atomic():
            _use(invitation)
            if accounts(invitation):
                raise Refused(N_("There is an account with this e-mail already. Log in with it, and accept there."))
            user = User(username=_user_name(invitation.email), email=invitation.email, first_name=first, last_name=last)
            user.set_password(password)
            user.save()
            _let_in(invitation, user)
    except IntegrityError:
        # Somebody made it at this very moment, by another invitation.
        raise Refused(N_("There is an account with this e-mail already. Log in with it, and accept there.")) from None
    return user


def change_role(membership: Membership, role: str, actor: str) -> None:
    """Let a user do more or less from now on. Raises `Refused` where nobody would be left who may let others in."""
    with transaction.atomic():
        _keep_an_owner(membership, stays=role == Role.OWNER)
        found = Membership.objects.filter(pk=membership.pk).first()
        if found is None:
            raise Refused(N_("The user was removed meanwhile."))
        if found.role == role:
            return
        found.role = role
        because(found, actor).save(update_fields=["role"])
    log.info("%s made %s of customer %s %s", actor, membership.user, membership.customer_id, role)


def remove(membership: Membership, actor: str) -> None:
    """Put a user out, at once. Raises `Refused` where nobody would be left who may let others in."""
    with transaction.atomic():
        _keep_an_owner(membership, stays=False)
        found = Membership.objects.filter(pk=membership.pk).first()
        if found is not None:
            because(found, actor).delete()
        # By an invitation that is still open it would come back.
        _open(membership.customer).filter(email__iexact=membership.user.email).update(withdrawn_at=timezone.now())
    log.info("%s removed %s from customer %s", actor, membership.user, membership.customer_id)


#: What the history calls what happened, and how people do.
KINDS = {"+": gettext_lazy("let in"), "~": gettext_lazy("another role"), "-": gettext_lazy("removed")}


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody was let in ("+"), got another role ("~") or was put out ("-"), at a time in UTC.

    `role` is what it had from then on; of somebody who was put out, until then.
    """

    at: datetime
    kind: str
    user: str
    role: Role
    actor: str

    @property
    def words(self) -> str:
        return str(KINDS[self.kind])


def changes(customer: Customer, *, limit: int) -> list[Change]:
    """What was changed of who may log in as `customer`, the latest first."""
    rows = list(Membership.history.filter(customer=customer).select_related("history_user").order_by("-history_id")[:limit])
    users = User.objects.in_bulk({row.user_id for row in rows})
    return [
        Change(
            at=row.history_date,
            kind=row.history_type,
            user=called(users.get(row.user_id)),
            role=Role(row.role),
            actor=row.history_change_reason or called(row.history_user),
        )
        for row in rows
    ]


def called(user: User | None) -> str:
    """What people call a user; of an account that is gone, nothing is known."""
    return (user.get_full_name() or user.get_username()) if user else "–"


def _open(customer: Customer) -> QuerySet[Invitation]:
    return Invitation.objects.filter(customer=customer, accepted_at=None, withdrawn_at=None)


def _use(invitation: Invitation) -> None:
    """Use an invitation up. Of those who try at the same time, one does."""
    now = timezone.now()
    if not _open(invitation.customer).filter(pk=invitation.pk, expires_at__gt=now).update(accepted_at=now):
        raise Refused(
            N_("The invitation does not work any more: it was used or withdrawn, or it is too old. Ask for a new one.")
        )


def _let_in(invitation: Invitation, user: User) -> Membership:
    membership = Membership(customer=invitation.customer, user=user, role=invitation.role)
    try:
        with transaction.atomic():
            because(membership, invitation.invited_by).save()
    except IntegrityError:
        # It was let in otherwise: as what, stands.
        return Membership.objects.get(customer=invitation.customer, user=user)
    log.info("%s was let into customer %s as %s by %s", user, invitation.customer_id, membership.role, invitation.invited_by)
    return membership


def _keep_an_owner(membership: Membership, *, stays: bool) -> None:
    """Belongs into a transaction. Holds the customer, so that two administrators do not put out each other."""
    Customer.objects.select_for_update().get(pk=membership.customer_id)
    owners = Membership.objects.filter(customer=membership.customer_id, role=Role.OWNER, user__is_active=True)
    if not stays and owners.filter(pk=membership.pk).exists() and not owners.exclude(pk=membership.pk).exists():
        raise Refused(N_("This is the only administrator. Make somebody else one first."))


def _user_name(email: str) -> str:
    """What an account is called: as its e-mail, where that can be a user name."""
    try:
        User._meta.get_field("username").run_validators(email)
    except ValidationError:
        return f"user-{secrets.token_hex(6)}"
    return email


def _token() -> tuple[str, str]:
    token = secrets.token_urlsafe(32)
    return token, _hash(token)


def _hash(token: str) -> str:
    # The bytes are random: nothing is gained by a hash that is slow.
    return hashlib.sha256(token.encode()).hexdigest()
