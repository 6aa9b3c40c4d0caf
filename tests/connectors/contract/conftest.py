"""Generates the cases of the suite from the registry: `system`, `shop` and `erp` are stages of each system that fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.base import Register
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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
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


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls may take half a second, and reads are tried twice: faults are to be quick."""
    patient = Transport.request

    def request(self: Transport, method: str, path: str, *, limits: Limits | None = None, **rest: Any) -> Answer:
        short = replace(limits or self._limits, connect=0.5, read=0.5, total=0.8, retries=1)
        return patient(self, method, path, limits=short, **rest)

    monkeypatch.setattr(Transport, "request", request)
