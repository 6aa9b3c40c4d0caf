from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.economic.connector import System
from connectors.economic.sandbox import Simulator

Connect = Callable[..., System]


@pytest.fixture
def simulator() -> Simulator:
    return Simulator()


@pytest.fixture
def connect(simulator: Simulator) -> Iterator[Connect]:
    """A connector to the simulator, with the flow options of the simulator and those given. Fails if a body broke a table."""
    opened: list[System] = []
    with simulator.serve() as address:

        def open_system(**flow_options: Any) -> System:
            system = System(simulator.endpoint_options(address), {**simulator.flow_options(), **flow_options})
            opened.append(system)
            return system

        yield open_system
        for system in opened:
            system.close()
    assert simulator.violations == []


@pytest.fixture
def system(connect: Connect) -> System:
    return connect()
