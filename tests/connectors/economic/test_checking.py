from __future__ import annotations

import pytest

from connectors.economic.connector import System
from connectors.economic.manifest import MANIFEST
from connectors.economic.sandbox import Simulator
from connectors.errors import Missing, ProtocolError
from connectors.sandbox import Fault
from tests.connectors.economic.conftest import Connect


def test_a_check_tells_the_company_and_everything_there_is_to_choose(system: System) -> None:
    report = system.check()
    assert report.name == "Sandlådan AB"
    assert ("Base currency", "SEK") in report.facts
    wanted = {option.choices_from for option in MANIFEST.flow_options() if option.choices_from}
    assert wanted <= set(report.choices)
    assert all(report.choices[name] for name in wanted)
    assert "21" not in [choice.value for choice in report.choices["layouts"]]
    assert report.warnings == ()


def test_a_check_needs_no_flow(simulator: Simulator) -> None:
    with simulator.serve() as address, System(simulator.endpoint_options(address)) as system:
        assert system.check().name


def test_the_inventory_module_is_warned_about(system: System, simulator: Simulator) -> None:
    simulator.agreement.inventory_module = True
    assert "Inventory" in str(system.check().warnings[0])


def test_an_agreement_without_result_units_is_fine_and_without_layouts_is_not(system: System, simulator: Simulator) -> None:
    simulator.faults.add(Fault("status", path="/departmental-distributions", status=403, body={"message": "module"}))
    assert system.check().choices["departments"] == ()
    simulator.faults.add(Fault("status", path="/layouts", status=404, body={"message": "no"}))
    with pytest.raises(Missing):
        system.check()


def test_another_system_at_the_address_is_noticed(connect: Connect, simulator: Simulator) -> None:
    for body in ({"hello": "world"}, [1], "<html>"):
        simulator.faults.add(Fault("status_after", path="/self", status=200, body=body))
        with pytest.raises(ProtocolError):
            connect().check()
