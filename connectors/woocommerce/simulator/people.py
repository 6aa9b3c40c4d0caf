"""Who buys in the simulated shop: people and companies as they write themselves, all of them made up."""

from __future__ import annotations

from random import Random
from typing import Any

#: The checkout plugin of this shop saves the organisation number here. Core has no such field.
ORGANISATION_NUMBER_FIELD = "_billing_org_nr"

Wire = dict[str, Any]

_FIRST = ("Åsa", "Erik", "Märta", "Göran", "Anna", "Nils", "Öyvind", "Fatima", "Bo", "Sigrid", "Zoë", "Jean-Luc")
_LAST = ("Öberg", "Lindqvist", "Sjöström", "Ek", "von Sydow", "O'Hara-Åström", "Åkesson", "Ali", "Ek &amp; Berg", "Müller")
_TOWNS = (("211 34", "Malmö"), ("41101", "Göteborg"), ("903 25", "Umeå"), ("972 31", "Luleå"), ("11122", "Stockholm"))
_COMPANIES = (
    ("Ek &amp; Söner AB", "559900-0105"),
    ("Åkeri <i>Nord</i> AB", "559900-0204"),
    ("Café Å 🥐 HB", "559900-0303"),
    ("Fjäll-Sport AB", "559900-0402"),
)


def person(random: Random, number: int) -> Wire:
    """The fields of an order that tell who buys. The same `number` is always the same person."""
    own = Random(number)
    first, last = own.choice(_FIRST), own.choice(_LAST)
    postcode, town = own.choice(_TOWNS)
    billing = {
        "first_name": first,
        "last_name": last,
        "company": "",
        "address_1": f"Storgatan {1 + number % 80}",
        "address_2": "lgh 1102" if number % 7 == 0 else "",
        "city": town,
        "state": "",
        "postcode": postcode,
        "country": "SE",
        # People write their address in capitals now and then, and the shop keeps it so.
        "email": f"Kund{number}@Kund.example" if random.random() < 0.2 else f"kund{number}@kund.example",
        "phone": f"070-{1000000 + number}",
    }
    # Registered customers are the low numbers; the others buy as guests.
    return {"customer_id": number if number < 40 else 0, "billing": billing, "shipping": _shipping(billing)}


def company(random: Random, number: int) -> Wire:
    """A company, with its organisation number where the checkout plugin saves it."""
    name, organisation_number = _COMPANIES[number % len(_COMPANIES)]
    fields = person(random, 900 + number % len(_COMPANIES))
    billing = {**fields["billing"], "company": name}
    shipping = {**_shipping(billing), "address_1": "Godsmottagningen 3"} if number % 2 else _shipping(billing)
    meta = [{"id": 1, "key": ORGANISATION_NUMBER_FIELD, "value": organisation_number}]
    return {**fields, "billing": billing, "shipping": shipping, "meta_data": meta}


def abroad(random: Random, number: int, country: str, town: str) -> Wire:
    fields = person(random, number)
    billing = {**fields["billing"], "country": country, "city": town, "postcode": "00100", "state": ""}
    return {**fields, "billing": billing, "shipping": _shipping(billing)}


def named(random: Random, number: int, first: str, last: str, company_name: str = "") -> Wire:
    fields = person(random, number)
    billing = {**fields["billing"], "first_name": first, "last_name": last, "company": company_name}
    return {**fields, "billing": billing, "shipping": _shipping(billing)}


def _shipping(billing: Wire) -> Wire:
    """Billing without e-mail. The checkout leaves the telephone number out unless it is asked for."""
    return {**{name: value for name, value in billing.items() if name != "email"}, "phone": ""}
