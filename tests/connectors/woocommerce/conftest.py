"""A shop on a socket, and connectors that read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import simplejson

from connectors.woocommerce.connector import System
from connectors.woocommerce.sandbox import Simulator
from sharespine.lib.clock import utcnow

FIXTURES = Path(__file__).parent / "fixtures"


def recorded(name: str) -> Any:
    """A recording, read as the transport reads it."""
    return simplejson.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"), use_decimal=True)


def recorded_orders() -> list[str]:
    return sorted(path.stem for path in FIXTURES.glob("order-*.json"))


class Clock:
    """Stands still, half an hour behind, until it is moved. The shop is made to speak TLS: signatures need the real time."""

    def __init__(self) -> None:
        self.moment = utcnow().replace(microsecond=0) - timedelta(minutes=30)

    def __call__(self) -> datetime:
        return self.moment

    def tick(self, seconds: float = 1) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop(clock: Clock) -> Iterator[Simulator]:
    """Behind a proxy that speaks TLS, so that Basic works."""
    simulator = Simulator(clock=clock)
    simulator.is_tls = True
    with simulator.serve():
        yield simulator


@pytest.fixture
def plain_shop() -> Iterator[Simulator]:
    """On plain http and in real time, so that only a signature works."""
    simulator = Simulator()
    with simulator.serve():
        yield simulator


Opener = Callable[..., System]


@pytest.fixture
def connect() -> Iterator[Opener]:
    """Opens connectors to a simulator; `changes` are options that differ from the right ones."""
    opened: list[System] = []

    def connect_to(simulator: Simulator, **changes: str) -> System:
        opened.append(System({**simulator.endpoint_options(simulator.address), **changes}))
        return opened[-1]

    yield connect_to
    for connector in opened:
        connector.close()
