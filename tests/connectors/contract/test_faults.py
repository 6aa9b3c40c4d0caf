from __future__ import annotations

import logging
import re
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from connectors.base import Connector, Query, Register
from connectors.errors import (
    BadCredentials,
    Conflict,
    ConnectorError,
    Forbidden,
    Missing,
    RateLimited,
    ServerFailed,
    TimedOut,
    UnexpectedResponse,
)
from connectors.sandbox import Fault
from tests.connectors.contract import samples
from tests.connectors.contract.stage import Stage
from tests.connectors.contract.test_writing import assert_one_document, changing_calls

pytestmark = pytest.mark.usefixtures("impatient")

#: fault → the errors it may become, and whether a write hit by it may have had effect. The faults answer without the
#: system's own words: a bare 401 may come from a password page in front of it, a bare 404 from another server altogether.
FAULTS: dict[str, tuple[Fault, tuple[type[ConnectorError], ...], bool]] = {
    "401": (Fault("status", status=401), (BadCredentials, Forbidden), False),
    "403": (Fault("status", status=403), (Forbidden,), False),
    "404": (Fault("status", status=404), (Missing, UnexpectedResponse), False),
    "409": (Fault("status", status=409), (Conflict,), False),
    "429": (Fault("status", status=429, headers={"Retry-After": "7"}), (RateLimited,), False),
    "500": (Fault("status", status=500), (ServerFailed,), True),
    "503": (Fault("status", status=503, body="<html>Maintenance</html>"), (ServerFailed,), True),
    "late": (Fault("delay", seconds=3), (TimedOut,), True),
    "dropped before": (Fault("drop_before"), (ServerFailed,), True),
    "dropped after": (Fault("drop_after"), (ServerFailed,), True),
    "HTML": (Fault("html"), (UnexpectedResponse,), True),
    "cut": (Fault("truncate"), (ServerFailed, UnexpectedResponse), True),
    "endless": (Fault("huge"), (UnexpectedResponse,), True),
    "trickling": (Fault("slow", seconds=0.05), (TimedOut,), True),
    "failed after": (Fault("status_after", status=502), (ServerFailed,), True),
}
#: Faults whose call takes effect although its answer does not say so.
TAKES_EFFECT = {"delay", "drop_after", "truncate", "huge", "slow", "status_after"}


def assert_silent(stage: Stage, error: ConnectorError, connector: Connector, logged: str) -> None:
    shown = "\n".join(
        (str(error), repr(error), str(error.evidence), repr(connector), "".join(traceback.format_exception(error)), logged)
    )
    assert [secret for secret in stage.secrets if secret in shown] == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_stops_a_check(system: Stage, name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fault, expected, _ = FAULTS[name]
    connector = system.connector()
    system.sandbox.faults.add(replace(fault, times=None))
    started = time.monotonic()
    with pytest.raises(ConnectorError) as caught:
        connector.check()
    assert isinstance(caught.value, expected)
    assert not caught.value.outcome_unknown
    assert caught.value.retry_after == (7 if name == "429" else None)
    assert time.monotonic() - started < 5
    assert_silent(system, caught.value, connector, caplog.text)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_stops_a_read(shop: Stage, name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fault, expected, _ = FAULTS[name]
    shop.shop.place_order()
    connector = shop.connector()
    shop.sandbox.faults.add(replace(fault, times=None))
    with pytest.raises(ConnectorError) as caught:
        list(connector.read(Query(register=Register.ORDERS, modified_since=shop.clock.moment)))
    assert isinstance(caught.value, expected)
    assert not caught.value.outcome_unknown
    assert_silent(shop, caught.value, connector, caplog.text)


@pytest.mark.parametrize("status", [400, 401, 500])
def test_a_system_that_repeats_the_secrets_does_not_get_them_shown(
    system: Stage, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    connector, able = system.connector(), system.cls.capabilities
    verbs: list[Callable[[], object]] = [connector.check]
    verbs += [partial(_read, connector, register) for register in able.reads]
    if Register.ORDERS in able.writes:
        draft = connector.prepare(samples.plain(), reference="SO-1042")
        verbs.append(lambda: connector.write(draft, key="key-1042"))
        verbs.append(lambda: connector.find(Register.ORDERS, ["SO-1042"]))
    words = f"The keys {' '.join(system.secrets)} are not right."
    body = {"code": "x", "message": words, "errorMessage": words, "developerHint": words, "data": {"details": words}}
    system.sandbox.faults.add(Fault("status", status=status, body=body, times=None))
    for verb in verbs:
        with pytest.raises(ConnectorError) as caught:
            verb()
        assert_silent(system, caught.value, connector, caplog.text)


def _read(connector: Connector, register: Register) -> None:
    list(connector.read(Query(register=register, keys=() if register is Register.ORDERS else ("A-1",))))


@pytest.mark.parametrize("name", ["500", "dropped before", "cut"])
def test_a_read_goes_on_after_a_single_fault(shop: Stage, name: str) -> None:
    placed = shop.shop.place_order()
    shop.sandbox.faults.add(FAULTS[name][0])
    pages = shop.connector().read(Query(register=Register.ORDERS, modified_since=shop.clock.moment))
    assert [record.source_id for page in pages for record in page.records] == [placed]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_stops_a_look_up(erp: Stage, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """A failed search is an error, never "there is none": that would send an order twice."""
    caplog.set_level(logging.DEBUG)
    fault, expected, _ = FAULTS[name]
    connector = erp.connector()
    samples.carry_out(connector, samples.plain(), "SO-1042")
    erp.sandbox.faults.add(replace(fault, times=None))
    with pytest.raises(ConnectorError) as caught:
        connector.find(Register.ORDERS, ["SO-1042"])
    assert isinstance(caught.value, expected)
    assert_silent(erp, caught.value, connector, caplog.text)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_stops_a_preparation_and_nothing_is_changed(erp: Stage, name: str) -> None:
    fault, expected, _ = FAULTS[name]
    connector = erp.connector()
    erp.sandbox.faults.add(replace(fault, times=None))
    with pytest.raises(ConnectorError) as caught:
        connector.prepare(samples.plain(), reference="SO-1042")
    assert isinstance(caught.value, expected)
    assert not caught.value.outcome_unknown
    assert erp.changes() == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_when_the_document_is_made_says_whether_it_may_exist(
    erp: Stage, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fault, expected, unknown = FAULTS[name]
    record = samples.plain()
    creates = changing_calls(erp.key, record)[-1]
    connector = erp.connector()
    draft = connector.prepare(record, reference="SO-1042")
    erp.sandbox.faults.add(replace(fault, method=creates.method, path=f"^{re.escape(creates.path)}$"))
    with pytest.raises(ConnectorError) as caught:
        connector.write(draft, key="key-1042")
    assert isinstance(caught.value, expected)
    assert caught.value.outcome_unknown is unknown
    assert caught.value.retry_after == (7 if name == "429" else None)
    assert len(erp.sandbox.history.calls(creates.method, f"^{re.escape(creates.path)}$")) == 1
    assert len(erp.erp.documents()) == (fault.kind in TAKES_EFFECT)
    assert_silent(erp, caught.value, connector, caplog.text)


@pytest.mark.parametrize("name", FAULTS)
def test_the_attempt_after_a_fault_ends_with_one_document(erp: Stage, name: str) -> None:
    record = samples.plain()
    call = changing_calls(erp.key, record)[0]
    erp.sandbox.faults.add(replace(FAULTS[name][0], method=call.method, path=f"^{re.escape(call.path)}$"))
    with pytest.raises(ConnectorError):
        samples.carry_out(erp.connector(), record, "SO-1042")
    samples.carry_out(erp.connector(), record, "SO-1042")
    assert_one_document(erp, record, "SO-1042")
