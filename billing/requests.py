"""Requests of customers for another package, and the answers of sales. Nothing of a contract changes by them.

`actor` is the user name of whoever asked. Whatever is refused raises `Refused` and changes nothing.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from billing import mails
from billing.models import Customer, Package, PackageRequest
from billing.notices import addresses
from billing.refusals import Refused
from sharespine.lib.text import N_

State = PackageRequest.State


def ask(customer: Customer, package: Package | None, text: str, actor: str) -> PackageRequest:
    """Ask sales for `package`, or for what `text` says. Raises `Refused` while one is open, and where nothing is asked for."""
    text = text.strip()
    if package is None and not text:
        raise Refused(N_("Choose a package, or write what you need."))
    try:
        with transaction.atomic():
            return PackageRequest.objects.create(customer=customer, package=package, text=text, asked_by=actor)
    except IntegrityError:
        raise Refused(N_("A request is open already. Sales will answer it here.")) from None


def answer(request: PackageRequest, text: str, actor: str) -> PackageRequest:
    """It is dealt with. The customer reads `text`. Returns it as it is then, for `tell`."""
    return _close(request, State.DONE, text, actor)


def decline(request: PackageRequest, text: str, actor: str) -> PackageRequest:
    """Nothing comes of it. The customer reads `text`: why, and what else there is. Returns it as it is then, for `tell`."""
    return _close(request, State.DECLINED, text, actor)


def tell(answered: PackageRequest, *, page: str) -> None:
    """Send the answer to whoever asked. `page` is the address where it stands in the portal. Raises `Unsent`."""
    customer = answered.customer
    context = {"asked": answered, "customer": customer, "page": page}
    to = _asker(answered) or addresses(customer)
    mails.send("billing/mail/answered", answered, to, context, language=customer.language)


def _asker(asked: PackageRequest) -> list[str]:
    """The address of the user who asked. Whoever may not log in as the customer any more is told nothing."""
    user = asked.customer.memberships.filter(user__username=asked.asked_by, user__is_active=True).exclude(user__email="")
    return list(user.values_list("user__email", flat=True))


def _close(request: PackageRequest, state: State, text: str, actor: str) -> PackageRequest:
    if not text.strip():
        raise Refused(N_("Write an answer: the customer reads it."))
    with transaction.atomic():
        held = PackageRequest.objects.select_for_update().get(pk=request.pk)
        if held.state != State.NEW:
            raise Refused(N_("%(who)s has answered this request meanwhile."), who=held.handled_by or "–")
        held.state, held.answer, held.handled_by, held.handled_at = state, text.strip(), actor, timezone.now()
        held.save(update_fields=["state", "answer", "handled_by", "handled_at"])
    return held
