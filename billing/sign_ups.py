"""Signing up: from the form of the sales site, by a confirmed e-mail and the staff's inbox, to a subscription.

Nothing reaches staff before the e-mail is confirmed. `actor` is the user name of whoever asked; days are days in Sweden,
amounts kronor without VAT. Whatever is refused raises `Refused` and changes nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import contracts, mails
from billing.contracts import LISTED, Agreed
from billing.dates import today
from billing.mails import Unsent
from billing.models import NEEDED, AddOnKind, Contact, Customer, Package, Quote, SignUp, Subscription
from billing.refusals import Refused
from sharespine.lib.history import because
from sharespine.lib.text import N_

State = SignUp.State
#: So long the link in the e-mail works.
LASTS = timedelta(days=7)
#: A sign-up that nobody confirms is removed after this.
FORGOTTEN = timedelta(days=30)
#: Whoever is at sending the e-mail for longer than this has died over it.
LEFT = timedelta(minutes=1)


class Conflict(Refused):
    """Something else was sent under the same key."""


class TooMany(Refused):
    """The same e-mail address has been signed up too often."""


class Expired(Refused):
    """What it builds on holds no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Who signs up, as it was checked."""

    company: str
    organisation_number: str
    vat_number: str
    country: str
    contact: str
    email: str
    phone: str
    language: str
    message: str


def sign_up(
    quote: Quote,
    package: Package,
    applicant: Applicant,
    *,
    key: str,
    body_hash: str,
    link: Callable[[str], str],
    now: datetime,
) -> tuple[SignUp, bool]:
    """Take a sign-up once, however often it is sent under its `key`, and ask by e-mail for confirmation.

    `link` makes an address of a token. Returns the sign-up and whether it is new. Raises `Conflict`, `Expired`, `TooMany`, or
    `Unsent`: sent again under the same key, the sign-up goes on.
    """
    known = SignUp.objects.filter(key=key).first()
    if known is None:
        if quote.valid_until < today(now):
            raise Expired(
                N_("The prices of %(number)s held until %(day)s. Ask for a new quote."),
                number=quote.number,
                day=str(quote.valid_until),
            )
        _demand_few(applicant.email, now)
        try:
            with transaction.atomic():
                made = SignUp.objects.create(
                    public_id=new_id(), key=key, body_hash=body_hash, quote=quote, package=package, **asdict(applicant)
                )
        except IntegrityError:
            # Sent twice at the same moment: the other one was faster.
            known = SignUp.objects.get(key=key)
        else:
            _ask_to_confirm(made, link)
            return made, True
    if known.body_hash != body_hash:
        raise Conflict(N_("Another sign-up was sent under this key. Make a new key for each sign-up."))
    if known.mailed_at is None and known.state == State.UNCONFIRMED and known.created_at < now - LEFT:
        _ask_to_confirm(known, link)
    return known, False


def new_id() -> str:
    """What a sign-up is followed by: nobody guesses another's."""
    return secrets.token_urlsafe(18)


def by_token(token: str) -> SignUp | None:
    """The sign-up whose e-mail holds `token`, confirmed or not."""
    return SignUp.objects.filter(token_hash=_hashed(token)).select_related("quote", "package").first()


def is_late(sign_up: SignUp, now: datetime) -> bool:
    """Whether the link in its e-mail no longer works."""
    return sign_up.state == State.UNCONFIRMED and sign_up.created_at < now - LASTS


def confirm(sign_up: SignUp, *, page: str, now: datetime) -> bool:
    """The e-mail is confirmed: a prospect is made of it, and it lies in the inbox. `page` is its address there.

    Returns False where it was confirmed before. Raises `Expired`.
    """
    with transaction.atomic():
        held = SignUp.objects.select_for_update(of=("self",)).get(pk=sign_up.pk)
        if held.state != State.UNCONFIRMED:
            return False
        if is_late(held, now):
            raise Expired(N_("The link has expired. Sign up once more: nothing was lost but the form."))
        held.customer = _prospect(held)
        held.state, held.confirmed_at = State.NEW, now
        held.save(update_fields=["customer", "state", "confirmed_at"])
    _tell_us(held, page)
    return True


def take(sign_up: SignUp, *, actor: str) -> None:
    """Somebody takes care of it."""
    with transaction.atomic():
        held = _held(sign_up, State.NEW)
        _handled(held, State.TAKEN, actor)


def decline(sign_up: SignUp, note: str, *, actor: str, answer: str = "") -> SignUp:
    """Nothing comes of it. `note` says why, to staff only; `answer` is what whoever signed up is told, if anything.

    Returns it as it is then, for `tell_declined`.
    """
    with transaction.atomic():
        held = _held(sign_up, *SignUp.OPEN)
        held.note, held.answer = note.strip(), answer.strip()
        _handled(held, State.DECLINED, actor)
    return held


def tell_declined(sign_up: SignUp) -> None:
    """Send whoever signed up the answer that was written to them, if there is one. Raises `Unsent`."""
    if sign_up.answer:
        _tell(sign_up, "billing/mail/declined")


def start(
    sign_up: SignUp, *, begins_on: date, actor: str, agreed: Agreed = LISTED, start_minutes: int | None = None
) -> Subscription:
    """Start the subscription that the sign-up drafts: at the prices of its quote, unless `agreed` says others.

    Add-ons of the quote that the package can have are sold with it. What the package held when it was quoted and holds no more
    is granted. `tell_started` tells whoever signed up.
    """
    with transaction.atomic():
        held = _held(sign_up, *SignUp.OPEN)
        if held.customer is None:
            raise Refused(N_("The customer of this sign-up has been removed. Decline it, and start again with a new quote."))
        quoted = draft(held)
        price = quoted.agreed
        subscription = contracts.start(
            held.customer,
            held.package,
            held.quote.edition,
            begins_on=begins_on,
            actor=actor,
            agreed=Agreed(
                monthly_price=_first(agreed.monthly_price, price.monthly_price),
                installation_price=_first(agreed.installation_price, price.installation_price),
                order_cap=_first(agreed.order_cap, price.order_cap),
            ),
            start_minutes=start_minutes,
        )
        term = subscription.terms.get()
        reason = _("Held by quote %(number)s") % {"number": held.quote.number}
        for feature in quoted.promised - set(term.features):
            contracts.grant_feature(subscription, feature, begins_on=begins_on, reason=reason, actor=actor)
        for kind, name, monthly in quoted.add_ons:
            contracts.add(subscription, kind, name, begins_on=begins_on, actor=actor, monthly_price=monthly)
        _handled(held, State.STARTED, actor)
    return subscription


def tell_started(sign_up: SignUp, subscription: Subscription) -> None:
    """Tell whoever signed up that the subscription is started. Raises `Unsent`."""
    _tell(sign_up, "billing/mail/started", begins_on=subscription.begins_on)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a sign-up asks for, as its quote holds it.

    `agreed` is empty where the price is agreed with each customer. `promised` are the features that are needed and that the
    package had; `add_ons` those that it can have: kind, name and price a month.
    """

    agreed: Agreed
    promised: set[str]
    add_ons: list[tuple[AddOnKind, str, Decimal | None]]
    lacks: list[dict[str, Any]]


def draft(sign_up: SignUp) -> Draft:
    """The subscription that `sign_up` would become."""
    answer = sign_up.quote.answer
    quoted: dict[str, Any] = next(one for one in answer["packages"] if one["package"] == sign_up.package.code)
    has, needed = set(quoted["features"]), {one["feature"] for one in answer["needs"]}
    agreed = LISTED
    if quoted["monthly"]:
        listed = next(row for row in quoted["monthly"]["rows"] if row["kind"] == "subscription")
        agreed = Agreed(Decimal(listed["without_vat"]), Decimal(quoted["once"]["without_vat"]), quoted["order_cap"])
    add_ons = [
        (AddOnKind(one["kind"]), str(one["name"]), Decimal(one["monthly"]["without_vat"]) if one["monthly"] else None)
        for one in answer["add_ons"]
        if NEEDED[AddOnKind(one["kind"])] in has
    ]
    return Draft(agreed, has & needed, add_ons, quoted["lacks"])


def forgettable(now: datetime) -> QuerySet[SignUp]:
    """Sign-ups that nobody has confirmed, and that nobody can any more."""
    return SignUp.objects.filter(state=State.UNCONFIRMED, created_at__lt=now - FORGOTTEN).order_by("created_at")


# --- what they have in common -------------------------------------------------------------------------------------------------


def _demand_few(email: str, now: datetime) -> None:
    most = settings.SIGN_UPS_PER_EMAIL
    waiting = SignUp.objects.filter(state=State.UNCONFIRMED, email__iexact=email, created_at__gt=now - timedelta(days=1))
    if waiting.count() >= most:
        raise TooMany(
            N_("%(n)s sign-ups with this e-mail wait to be confirmed. Open the link in the e-mail, or try again tomorrow."),
            n=str(most),
        )


def _ask_to_confirm(sign_up: SignUp, link: Callable[[str], str]) -> None:
    """Send the e-mail with a link. Nothing that was filled in stands in it: a form is open to anybody."""
    token = secrets.token_urlsafe(32)
    SignUp.objects.filter(pk=sign_up.pk).update(token_hash=_hashed(token))
    context = {"link": link(token), "quote": sign_up.quote, "package": sign_up.package, "days": LASTS.days}
    mails.send("billing/mail/confirm", sign_up, [sign_up.email], context, language=sign_up.language)
    sign_up.mailed_at = timezone.now()
    SignUp.objects.filter(pk=sign_up.pk).update(mailed_at=sign_up.mailed_at)


def _prospect(sign_up: SignUp) -> Customer:
    customer = Customer(
        name=sign_up.company,
        organisation_number=sign_up.organisation_number,
        vat_number=sign_up.vat_number,
        country=sign_up.country,
        email=sign_up.email,
        phone=sign_up.phone,
        language=sign_up.language,
    )
    because(customer, f"signed up by {sign_up.quote.number}")
    customer.clean()
    customer.save()
    Contact.objects.create(customer=customer, name=sign_up.contact, email=sign_up.email, phone=sign_up.phone)
    return customer


def _tell_us(sign_up: SignUp, page: str) -> None:
    if not settings.NOTICES_TO:
        return
    context = {"sign_up": sign_up, "page": page}
    # It lies in the inbox with a badge: nobody has to be told twice.
    with suppress(Unsent):
        mails.send("billing/mail/sign_up", sign_up, settings.NOTICES_TO, context, language=settings.LANGUAGE_CODE)


def _tell(sign_up: SignUp, name: str, **context: Any) -> None:
    """Send the e-mail `name` to whoever signed up, whose address was confirmed."""
    mails.send(name, sign_up, [sign_up.email], {"sign_up": sign_up, **context}, language=sign_up.language)


def _held(sign_up: SignUp, *states: State) -> SignUp:
    """The row under a lock. Raises `Refused` where it is in none of `states`."""
    held = SignUp.objects.select_for_update(of=("self",)).select_related("quote", "package", "customer").get(pk=sign_up.pk)
    if held.state not in states:
        raise Refused(
            N_("%(company)s has been handled by %(who)s meanwhile."), company=held.company, who=held.handled_by or "–"
        )
    return held


def _handled(held: SignUp, state: State, actor: str) -> None:
    held.state, held.handled_by, held.handled_at = state, actor, timezone.now()
    held.save(update_fields=["state", "handled_by", "handled_at", "note", "answer"])


def _first(chosen: Any, otherwise: Any) -> Any:
    return otherwise if chosen is None else chosen


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
