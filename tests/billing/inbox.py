"""What came in from the sales site and the portal: one of each state, for pages that show them."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from billing import requests
from billing.dates import today
from billing.models import Customer, Package, PackageRequest, Quote, SignUp
from connectors.registry import connector_class
from sharespine import sales
from sharespine.sales import Ask

WISHES = frozenset({"stock", "price_lists", "scheduling"})


def quoted(*, orders: int = 350, shops: int = 2, main_flow: str = "shop", vat: str = "") -> Quote:
    """A quote for so many shops: not all that is wished for is possible, and there is something to be warned of."""
    ask = Ask(
        shops=(connector_class("woocommerce"),) * shops,
        erp=connector_class("economic"),
        orders=orders,
        main_flow=main_flow,
        has_pos=True,
        wishes=WISHES,
        country="DK" if vat else "SE",
        vat_number=vat,
    )
    return sales.quote(ask, wishes={"country": ask.country}, today=today(timezone.now()))


def signed_up(
    company: str = "Hedvigs Hattar AB",
    *,
    state: SignUp.State = SignUp.State.NEW,
    package: str = "400",
    quote: Quote | None = None,
    number: str = "556036-0793",
) -> SignUp:
    """A sign-up, by a quote of its own unless one is given; with a prospect where its e-mail is confirmed."""
    confirmed = state != SignUp.State.UNCONFIRMED
    customer = Customer.objects.create(name=company, organisation_number=number, email="h@h.example") if confirmed else None
    handled = state not in (SignUp.State.UNCONFIRMED, SignUp.State.NEW)
    return SignUp.objects.create(
        public_id=f"{company}-{state}"[:40],
        state=state,
        quote=quote or quoted(),
        package=Package.objects.get(code=package),
        company=company,
        organisation_number=number,
        contact="Hedvig <b>Hatt</b>",
        email="hedvig@hattar.example",
        phone="040-12 34 56",
        message="Ring gärna på förmiddagen.\nVi har två butiker.",
        customer=customer,
        note="Blev kund hos någon annan" if state == SignUp.State.DECLINED else "",
        confirmed_at=timezone.now() if confirmed else None,
        handled_by="sara" if handled else "",
        handled_at=timezone.now() if handled else None,
    )


def filled(customers: Sequence[Customer]) -> None:
    """A sign-up of each state and kind, and a request of each of `customers`: one open, one answered, one declined."""
    quote = quoted(vat="DK13585628")
    for state in SignUp.State:
        signed_up(f"Hattar {state.value}", state=state, quote=quote)
    signed_up("Premiumhattar AB", package="premium", quote=quote, number="")
    signed_up("Små hattar AB", package="100", quote=quoted(orders=5000, shops=1, main_flow=""), number="")
    for customer, verb in zip(customers, (None, requests.answer, requests.decline), strict=True):
        asked = requests.ask(customer, Package.objects.get(code="800"), "Vi växer snabbt.", "kund@butik.example")
        if verb:
            verb(asked, "Vi ringer på måndag.", "sara")
    PackageRequest.objects.create(customer=customers[-1], text="Kan vi få fler butiker?", asked_by="kund@butik.example")
