"""Generates the cases of the suite from the registry: `system`, `shop` and `erp` are stages of each system that fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from connectors.base import Connector, Register
from connectors.capabilities import OF_ARTICLES
from connectors.http import Answer, Limits, Transport
from connectors.registry import SYSTEMS, connector_class
from tests.connectors.contract.stage import Stage


def keys_for(role: str) -> list[str]:
    """The systems that a case about `role` is run for, by what they say that they can do."""
    able = {key: connector_class(key).capabilities for key in SYSTEMS}
    if role == "shop":
        return [key for key, capabilities in able.items() if Register.ORDERS in capabilities.reads]
    if role == "erp":
        return [key for key, capabilities in able.items() if Register.ORDERS in capabilities.writes]
    return list(able)


def pairs(side: str) -> list[tuple[str, Register]]:
    """Each system with each register of articles that it `reads` or `writes`."""
    return [
        (key, register)
        for key in SYSTEMS
        for register in getattr(connector_class(key).capabilities, side)
        if register in OF_ARTICLES
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for side, name in (("reads", "source"), ("writes", "target")):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, pairs(side), indirect=True, ids=lambda pair: "-".join(pair))
    if "office" in metafunc.fixturenames:
        able = [key for key in SYSTEMS if Register.STATUS in connector_class(key).capabilities.reads]
        metafunc.parametrize("office", able, indirect=True)
    if "counter" in metafunc.fixturenames:
        able = [key for key in SYSTEMS if Register.STATUS in connector_class(key).capabilities.writes]
        metafunc.parametrize("counter", able, indirect=True)
    for role in ("system", "shop", "erp"):
        if role in metafunc.fixturenames:
            metafunc.parametrize(role, keys_for(role), indirect=True)


def _stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with Stage(request.param).up() as stage:
        yield stage


@pytest.fixture
def system(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield from _stage(request)


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield from _stage(request)


@pytest.fixture
def erp(request: pytest.FixtureRequest) -> Iterator[Stage]:
    yield from _stage(request)


@dataclass(frozen=True)
class Side:
    """A system on stage with the register that the case is about."""

    stage: Stage
    register: Register

    def connector(self) -> Connector:
        return self.stage.connector(register=self.register)


def _side(request: pytest.FixtureRequest) -> Iterator[Side]:
    key, register = request.param
    with Stage(key).up() as stage:
        yield Side(stage, register)


@pytest.fixture
def source(request: pytest.FixtureRequest) -> Iterator[Side]:
    """A system that a register of articles is read from."""
    yield from _side(request)


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Iterator[Side]:
    """A system that a register of articles is written to."""
    yield from _side(request)


@pytest.fixture
def office(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """An ERP that tells what became of orders."""
    yield from _stage(request)


@pytest.fixture
def counter(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A shop whose orders can be moved on."""
    yield from _stage(request)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls may take half a second, and reads are tried twice: faults are to be quick."""
    patient = Transport.request

    def request(self: Transport, method: str, path: str, *, limits: Limits | None = None, **rest: Any) -> Answer:
        short = replace(limits or self._limits, connect=0.5, read=0.5, total=0.8, retries=1)
        return patient(self, method, path, limits=short, **rest)

    monkeypatch.setattr(Transport, "request", request)
