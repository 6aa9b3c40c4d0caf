"""The buyer as a customer: found, created once, or a reason why not."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import Draft
from connectors.economic.connector import System
from connectors.economic.sandbox import Simulator
from connectors.errors import Conflict, ConnectorError, InvalidRecord, Missing, ServerFailed
from connectors.records import Address, Party
from connectors.sandbox import Fault
from tests.connectors.economic.conftest import Connect
from tests.factories import address, buyer, order


def number(draft: Draft) -> Any:
    return draft.steps[-1].body["customer"]["customerNumber"]


def new(draft: Draft) -> Any:
    return next((step.body for step in draft.steps if step.path == "/customers"), None)


def prepare(system: System, party: Party) -> Draft:
    return system.prepare(order(buyer=party), reference="S")


@pytest.mark.parametrize("theirs", ["anna@example.se", "ANNA@EXAMPLE.SE", "bo@x.se anna@example.se"])
def test_a_customer_is_found_by_e_mail(system: System, simulator: Simulator, theirs: str) -> None:
    simulator.add_customer("Joanna", number=4, email="joanna@example.se")
    simulator.add_customer("Anna", number=5, email=theirs)
    draft = prepare(system, buyer())
    assert (number(draft), new(draft)) == (5, None)


def test_part_of_an_e_mail_is_nobody(system: System, simulator: Simulator) -> None:
    simulator.add_customer("Joanna", email="joanna@example.se")
    simulator.add_customer("Annas", email="anna@example.sea")
    assert new(prepare(system, buyer()))["email"] == "anna@example.se"


@pytest.mark.parametrize("email", ["a$and:b@x.se", "a(b)@x.se", "a,b@x.se", "*@x.se", "[a]@x.se"])
def test_signs_of_the_filter_in_an_e_mail_find_their_owner_only(system: System, simulator: Simulator, email: str) -> None:
    simulator.add_customer("Annan", number=4, email="zz@x.se")
    assert new(prepare(system, buyer(email=email))) is not None
    simulator.add_customer("Rätt", number=5, email=email)
    assert number(prepare(system, buyer(email=email))) == 5


@pytest.mark.parametrize(
    ("ours", "theirs"), [("556677-8899", "5566778899"), ("5566778899", "556677-8899"), ("165566778899", "556677-8899")]
)
def test_a_company_is_found_by_its_number_however_it_is_written(
    system: System, simulator: Simulator, ours: str, theirs: str
) -> None:
    simulator.add_customer("Bolaget", number=5, corporateIdentificationNumber=theirs)
    assert number(prepare(system, buyer(company="Bolaget", organisation_number=ours))) == 5


def test_the_ways_are_tried_in_their_order(connect: Connect, simulator: Simulator) -> None:
    simulator.add_customer("Bolaget", number=5, corporateIdentificationNumber="556677-8899")
    simulator.add_customer("Anna", number=6, email="anna@example.se")
    party = buyer(company="Bolaget", organisation_number="556677-8899")
    assert number(prepare(connect(match_customer_by=["organisation_number", "email"]), party)) == 5
    assert number(prepare(connect(match_customer_by="email, organisation_number"), party)) == 6


def test_a_number_that_is_somebody_elses_stops_the_order(connect: Connect, simulator: Simulator) -> None:
    simulator.add_customer("Volvo AB", number=17, email="inkop@volvo.example")
    system = connect(match_customer_by="number,email")
    with pytest.raises(Conflict, match="17 is Volvo AB in e-conomic, and Anna Åkesson in the shop"):
        prepare(system, buyer(number="17"))
    simulator.add_customer("Anna Åkesson", number=18, email="old@example.se")
    assert number(prepare(system, buyer(number="18"))) == 18


def test_of_several_the_lowest_that_is_not_barred_is_used_and_told(system: System, simulator: Simulator) -> None:
    for customer, barred in ((3, True), (4, False), (5, False)):
        simulator.add_customer(f"Anna {customer}", number=customer, email="anna@example.se", barred=barred)
    draft = prepare(system, buyer())
    assert number(draft) == 4
    assert "4, 5" in str(draft.notices[0])


def test_a_barred_customer_stops_the_order_with_name(system: System, simulator: Simulator) -> None:
    simulator.add_customer("Anna", number=4, email="anna@example.se", barred=True)
    with pytest.raises(InvalidRecord, match=r"Customer 4 \(Anna\) is barred"):
        prepare(system, buyer())


def test_a_search_that_fails_is_never_nobody(system: System, simulator: Simulator) -> None:
    simulator.faults.add(Fault("status", path="/customers", status=500, times=None))
    with pytest.raises(ServerFailed):
        prepare(system, buyer())
    simulator.faults.clear()
    simulator.faults.add(Fault("html", path="/customers"))
    with pytest.raises(ConnectorError):
        prepare(system, buyer())


def test_a_new_customer_has_what_the_order_tells(system: System) -> None:
    party = buyer(
        company="Bolaget AB", organisation_number="556677-8899", vat_number="SE556677889901", address=address(street2="1 tr")
    )
    assert new(prepare(system, party)) == {
        "name": "Bolaget AB",
        "currency": "SEK",
        "customerGroup": {"customerGroupNumber": 1},
        "vatZone": {"vatZoneNumber": 1},
        "paymentTerms": {"paymentTermsNumber": 4},
        "layout": {"layoutNumber": 20},
        "address": "Storgatan 1\n1 tr",
        "zip": "211 34",
        "city": "Malmö",
        "country": "Sweden",
        "email": "anna@example.se",
        "telephoneAndFaxNumber": "070-123 45 67",
        "corporateIdentificationNumber": "556677-8899",
        "vatNumber": "SE556677889901",
    }


def test_the_shops_number_can_be_the_customers(connect: Connect, simulator: Simulator) -> None:
    system = connect(customer_number_from="shop")
    assert new(prepare(system, buyer(number="17")))["customerNumber"] == 17
    simulator.add_customer("Volvo AB", number=18)
    with pytest.raises(Conflict, match="18 of the shop belongs to Volvo AB"):
        prepare(system, buyer(number="18"))
    for unusable in ("", "0", "1000000000", "K17"):
        with pytest.raises(InvalidRecord, match="no customer number in the shop"):
            prepare(system, buyer(number=unusable))


def test_buyers_that_nothing_recognises_share_a_customer_or_stop(connect: Connect, simulator: Simulator) -> None:
    nobody = buyer(number="", email="", address=Address(country="SE"))
    with pytest.raises(InvalidRecord, match="could not be recognised the next time"):
        prepare(connect(), nobody)
    with pytest.raises(Missing, match="collective customer 9000 does not exist"):
        prepare(connect(guest_customer_number="9000"), nobody)
    simulator.add_customer("Kontant", number=9000)
    assert number(prepare(connect(guest_customer_number="9000"), nobody)) == 9000
    assert new(prepare(connect(guest_customer_number="9000"), buyer())) is not None


def test_a_barred_collective_customer_stops_the_order(connect: Connect, simulator: Simulator) -> None:
    simulator.add_customer("Kontant", number=9000, barred=True)
    with pytest.raises(InvalidRecord, match="9000"):
        prepare(connect(guest_customer_number="9000"), buyer(email=""))


def test_an_unknown_buyer_stops_when_none_may_be_created(connect: Connect) -> None:
    with pytest.raises(Missing, match="Anna Åkesson is no customer in e-conomic"):
        prepare(connect(create_customers=False), buyer())
    with pytest.raises(InvalidRecord, match="no customer group"):
        prepare(connect(customer_group=""), buyer())


def test_a_buyer_without_a_name_stops(system: System) -> None:
    with pytest.raises(InvalidRecord, match="no name of its buyer"):
        prepare(system, buyer(name="", address=Address(country="SE")))
