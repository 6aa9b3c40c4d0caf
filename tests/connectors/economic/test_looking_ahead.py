"""Many buyers looked up with few calls, and never one answer too long."""

from __future__ import annotations

from typing import Any

from connectors.economic.connector import System
from connectors.economic.sandbox import Simulator
from connectors.records import Order
from tests.factories import buyer, order


def searches(simulator: Simulator) -> int:
    return len(simulator.history.calls("GET", "^/customers$"))


def orders_of(*emails: str) -> list[Order]:
    return [order(source_id=str(number), buyer=buyer(email=email)) for number, email in enumerate(emails)]


def customer_of(system: System, record: Order) -> Any:
    draft = system.prepare(record, reference=f"S-{record.source_id}")
    return dict(draft.steps[-1].body)["customer"]["customerNumber"]


def test_fifty_buyers_are_looked_up_with_three_calls(system: System, simulator: Simulator) -> None:
    records = orders_of(*(f"kund+{number}(test)@exempel.se" for number in range(50)))
    known = records[7]
    number = system.write(system.prepare(known, reference="S-7"), key="S-7:0").party_number
    before = searches(simulator)
    system.look_ahead([*records[:7], *records[8:], known])
    assert searches(simulator) - before == 3
    found = {record.source_id: customer_of(system, record) for record in records}
    assert searches(simulator) - before == 3
    assert found.pop("7") == int(number)
    assert set(found.values()) == {"new"}


def test_what_was_not_found_is_searched_for_again_the_next_time(system: System, simulator: Simulator) -> None:
    (record,) = orders_of("anna@exempel.se")
    system.look_ahead([record])
    assert customer_of(system, record) == "new"
    before = searches(simulator)
    assert customer_of(system, record) == "new"
    assert searches(simulator) == before + 1


def test_a_buyer_who_was_created_since_the_look_ahead_is_not_created_again(system: System, simulator: Simulator) -> None:
    first, second = orders_of("anna@exempel.se", "anna@exempel.se")
    system.look_ahead([first, second])
    one = system.write(system.prepare(first, reference="S-0"), key="S-0:0")
    other = system.write(system.prepare(second, reference="S-1"), key="S-1:0")
    assert one.party_number == other.party_number
    assert len(simulator.history.calls("POST", "^/customers$")) == 1
