"""The buyer as a customer of e-conomic: found, or to be created, never twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connectors.economic.agreement import Agreement, Row, organisation_digits
from connectors.economic.countries import country_name
from connectors.economic.cutting import Cutter
from connectors.economic.settings import Settings
from connectors.errors import Conflict, InvalidRecord, Missing
from connectors.records import Address, Party
from sharespine.lib.text import N_, Text

_LARGEST = 999_999_999

# Agreements of these countries have the field vatNumber at all (documented).
_WITH_VAT_NUMBER = frozenset({"SE", "GB", "DE", "PL", "FI"})


@dataclass(frozen=True)
class Identity:
    """What a buyer can be recognised by, as the flow wants it: (way, value) in order."""

    ways: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, settings: Settings, *, number: str, email: str, organisation_number: str) -> Identity:
        values = {
            "number": str(int(number)) if _is_number(number) else "",
            "email": email.strip(),
            "organisation_number": organisation_number.strip(),
        }
        # Other ways than these are no choices of the manifest.
        found = ((way, values[way]) for way in settings.match_customer_by if values.get(way))
        return cls(tuple(found))


def identity_of(buyer: Party, settings: Settings) -> Identity:
    return Identity.of(settings, number=buyer.number, email=buyer.email, organisation_number=buyer.organisation_number)


def find_customer(identity: Identity, agreement: Agreement, *, name: str, notices: list[Text]) -> int | None:
    """The number of the customer that the buyer is. None when there is none.

    Of several, the lowest number that is not barred, with a notice. Raises `InvalidRecord` when all of them are barred,
    `Conflict` when the shop's number belongs to somebody else.
    """
    for way, value in identity.ways:
        found = agreement.customers(way, value)
        if not found:
            continue
        usable = [row for row in found if not row.get("barred")]
        if not usable:
            text = N_("Customer %(number)s (%(name)s) is barred in e-conomic. Unbar it there and press Retry.")
            raise InvalidRecord(Text(text, _named(found[0])))
        if way == "number":
            _refuse_stranger(usable[0], identity, name)
        if len(usable) > 1:
            numbers = ", ".join(str(row["customerNumber"]) for row in usable)
            notices.append(
                Text(
                    N_("%(value)s is on several customers in e-conomic (%(numbers)s). %(number)s was used."),
                    {"value": value, "numbers": numbers, "number": str(usable[0]["customerNumber"])},
                )
            )
        return int(usable[0]["customerNumber"])
    return None


def _refuse_stranger(row: Row, identity: Identity, name: str) -> None:
    """A number that both sides gave out by themselves names two people: the invoice would go to the wrong one.

    The same when nothing else is the same: neither e-mail, organisation number nor name.
    """
    known = dict(identity.ways)
    theirs = {
        "email": str(row.get("email", "")).casefold().split(),
        "organisation_number": [organisation_digits(str(row.get("corporateIdentificationNumber", "")))],
        "name": [str(row.get("name", "")).casefold()],
    }
    ours = {
        "email": known.get("email", "").casefold(),
        "organisation_number": organisation_digits(known.get("organisation_number", "")),
        "name": name.strip().casefold(),
    }
    comparable = [key for key in ours if ours[key] and any(theirs[key])]
    if comparable and not any(ours[key] in theirs[key] for key in comparable):
        text = N_(
            "Customer number %(number)s is %(name)s in e-conomic, and %(buyer)s in the shop. Correct the number there, or let "
            "the flow find customers another way, then press Retry."
        )
        raise Conflict(Text(text, {**_named(row), "buyer": name or ours["email"]}))


def buyer_name(buyer: Party) -> str:
    """What the customer is called: the company, or the person. Empty when the shop knows neither."""
    names = (buyer.company, buyer.name, buyer.address.company, buyer.address.name)
    return next((name.strip() for name in names if name.strip()), "")


def collective_customer(settings: Settings, agreement: Agreement) -> int | None:
    """The customer that all unrecognisable buyers share, if the flow has one."""
    if settings.guest_customer is None:
        return None
    found = agreement.customers("number", str(settings.guest_customer))
    if not found:
        text = N_("The collective customer %(number)s does not exist in e-conomic. Correct it on the flow and press Retry.")
        raise Missing(Text(text, {"number": str(settings.guest_customer)}))
    if found[0].get("barred"):
        text = N_("Customer %(number)s (%(name)s) is barred in e-conomic. Unbar it there and press Retry.")
        raise InvalidRecord(Text(text, _named(found[0])))
    return settings.guest_customer


def customer_body(
    buyer: Party, settings: Settings, agreement: Agreement, cutter: Cutter, *, currency: str, zone: int, terms: int
) -> dict[str, Any]:
    """The customer to create. Raises `Missing`, `InvalidRecord` or `Conflict` when it cannot be."""
    name = buyer_name(buyer)
    _may_create(buyer, name, settings)
    address = buyer.address
    body: dict[str, Any] = {
        "name": cutter.fit(name, 255, field="name"),
        "currency": currency,
        "customerGroup": {"customerGroupNumber": settings.customer_group},
        "vatZone": {"vatZoneNumber": zone},
        "paymentTerms": {"paymentTermsNumber": terms},
        "layout": {"layoutNumber": settings.layout},
    }
    if settings.numbers_from_shop:
        body["customerNumber"] = _shop_number(buyer, agreement)
    body |= dict(_contact_fields(buyer, address, settings, cutter))
    return body


def _may_create(buyer: Party, name: str, settings: Settings) -> None:
    if not settings.create_customers:
        text = N_(
            "%(buyer)s is no customer in e-conomic, and the flow may not create any. Add the customer there and press Retry."
        )
        raise Missing(Text(text, {"buyer": name or buyer.email}))
    if not name:
        text = N_("The order has no name of its buyer, and e-conomic needs one. Fill it in in the shop and press Retry.")
        raise InvalidRecord(Text(text))
    if not identity_of(buyer, settings).ways:
        # Created all the same, the next order or another attempt at this one would make the same customer again.
        text = N_(
            "%(buyer)s could not be recognised the next time: the order has nothing that the flow finds customers by. Choose a "
            "collective customer on the flow, or fill in the e-mail address in the shop, then press Retry."
        )
        raise InvalidRecord(Text(text, {"buyer": name}))
    if settings.customer_group is None:
        text = N_("The flow has no customer group for new customers. Choose one and press Retry.")
        raise InvalidRecord(Text(text))


def _shop_number(buyer: Party, agreement: Agreement) -> int:
    if not _is_number(buyer.number):
        text = N_(
            "%(buyer)s has no customer number in the shop that e-conomic can use (“%(number)s”; 1 to 999999999). Let e-conomic "
            "number new customers, or choose a collective customer for guests, then press Retry."
        )
        raise InvalidRecord(Text(text, {"buyer": buyer_name(buyer), "number": buyer.number}))
    number = int(buyer.number)
    taken = agreement.customers("number", str(number))
    if taken:
        text = N_(
            "The customer number %(number)s of the shop belongs to %(name)s in e-conomic. Change it there, or let e-conomic "
            "number new customers, then press Retry."
        )
        raise Conflict(Text(text, _named(taken[0])))
    return number


def _contact_fields(buyer: Party, address: Address, settings: Settings, cutter: Cutter) -> Iterator[tuple[str, Any]]:
    values = {
        "address": cutter.fit(street_of(address), 510, field="address"),
        "zip": cutter.fit(address.postcode.strip(), 30, field="zip"),
        "city": cutter.fit(address.city.strip(), 50, field="city"),
        "country": cutter.fit(country_name(address.country), 50, field="country"),
        "email": cutter.whole(buyer.email.strip(), 255, field="email"),
        "telephoneAndFaxNumber": cutter.fit(buyer.phone.strip() or address.phone.strip(), 255, field="telephoneAndFaxNumber"),
        "corporateIdentificationNumber": cutter.whole(
            buyer.organisation_number.strip(), 40, field="corporateIdentificationNumber"
        ),
    }
    if settings.home_country in _WITH_VAT_NUMBER:
        values["vatNumber"] = cutter.whole(buyer.vat_number.strip(), 20, field="vatNumber")
    # An empty text is left out: null is refused, and "" would be a value.
    return ((name, value) for name, value in values.items() if value)


def street_of(address: Address) -> str:
    """Both lines of the street. ASSUMED: line breaks are kept, as in e-conomic's own form."""
    return "\n".join(line.strip() for line in (address.street, address.street2) if line.strip())


def _is_number(text: str) -> bool:
    text = text.strip()
    return text.isascii() and text.isdigit() and 1 <= int(text) <= _LARGEST


def _named(row: Row) -> dict[str, str]:
    return {"number": str(row.get("customerNumber", "")), "name": str(row.get("name", ""))}
