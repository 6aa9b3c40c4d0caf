"""Answers about articles and order status that are nonsense: understood or our own error, never a crash."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from connectors.articles import Product
from connectors.base import Change, Query, Register
from connectors.errors import ConnectorError
from connectors.records import content_hash, to_json
from tests.connectors.contract import samples
from tests.connectors.contract.stage import Stage
from tests.security.test_nonsense import Mangler

pytestmark = pytest.mark.thorough

SAMPLES = 150


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage("economic")
    made.sandbox.bucket.limit = 10**9  # type: ignore[attr-defined]
    with made.up():
        yield made


def read(stage: Stage, register: Register) -> None:
    """As a worker does it, down to what the ledger keeps."""
    options = {**stage.sandbox.flow_options(register), "price_group": "1", "campaign_price_group": "2"}
    keys = ("SO-1", "SO-2", "SO-3") if register is Register.STATUS else ()
    with stage.cls(stage.options, options) as connector:
        for page in connector.read(Query(register=register, keys=keys)):
            for record in page.records:
                data = to_json(record)
                assert json.dumps(data).encode()
                assert content_hash(data)
            assert all(isinstance(unreadable.error, ConnectorError) for unreadable in page.unreadable)


def put(stage: Stage) -> None:
    records = [
        Product(source_id=number, article_number=number, name="Keps", text="<p>Blå</p>", unit="st", vat_rate=Decimal(25))
        for number in ("A-1", f"NY-{len(stage.sandbox.history)}")
    ]
    with stage.cls(stage.options, stage.sandbox.flow_options(Register.PRODUCTS)) as connector:
        connector.put(Register.PRODUCTS, [Change(key=record.article_number, record=record, create=True) for record in records])


@pytest.mark.parametrize("register", [*Register][1:])
def test_nonsense_in_what_is_read_is_our_own_error(stage: Stage, register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(stage)
    mangler = Mangler(stage, monkeypatch)
    read(stage, register)
    calls = mangler.calls
    crashes: dict[str, str] = {}
    for _ in range(SAMPLES):
        mangler.aim(calls=calls)
        try:
            read(stage, register)
        except ConnectorError:
            continue
        except Exception as error:  # noqa: BLE001 - any is a finding
            crashes[str(mangler.did)] = repr(error)
    assert crashes == {}


def test_nonsense_in_answers_to_a_put_is_our_own_error(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(stage)
    mangler = Mangler(stage, monkeypatch)
    put(stage)
    calls = mangler.calls
    crashes: dict[str, str] = {}
    for _ in range(SAMPLES):
        stage.goods.change_article("A-1", name="Mössa")
        mangler.aim(calls=calls)
        try:
            put(stage)
        except ConnectorError:
            continue
        except Exception as error:  # noqa: BLE001 - any is a finding
            crashes[str(mangler.did)] = repr(error)
    assert crashes == {}


def fill(stage: Stage) -> None:
    simulator: Any = stage.sandbox
    for n in range(4):
        simulator.add_article(f"A-{n}", name="Mössa", text="Grön", unit="st", regular=Decimal(100), quantity=Decimal(n))
        simulator.price_in_group(f"A-{n}", 1, amount=Decimal(80))
        simulator.price_in_group(f"A-{n}", 2, percent=Decimal(10))
        simulator.price_in_currency(f"A-{n}", "EUR", Decimal(9))
    for n in (1, 2):
        samples.carry_out(stage.connector(), samples.plain(n), f"SO-{n}")
    simulator.book_invoice(simulator.invoice_order(int(simulator.documents()[0].target_id)))
