"""Answers that are JSON and nonsense: what a connector finds in them is understood or our own error, never a crash."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

import pytest
import simplejson

from connectors.articles import Variant
from connectors.base import Change, Query, Register, Writes
from connectors.errors import ConnectorError
from connectors.progress import OrderStatus, Parcel
from connectors.records import content_hash, to_json
from connectors.registry import SYSTEMS
from connectors.sandbox import Fault, Request, Response
from tests.connectors.contract import samples
from tests.connectors.contract.stage import Stage
from tests.connectors.contract.test_manifest import PUT

pytestmark = pytest.mark.thorough

GONE = object()
DEEP: list[Any] = []
for _ in range(400):
    DEEP = [DEEP]
NONSENSE = [
    GONE, None, True, 0, -1, 7, 10**30, "", "x", "\0\ud800", "9" * 60, "1e400", "NaN", 1.5, "-5.00", "2026-13-45T99:99:99",
    "9999-12-31T23:59:59", [], [None], [[]], [{}], {}, {"a": None}, {"self": 5}, DEEP, "y" * 20_000,
]  # fmt: skip
SAMPLES = 40


@pytest.fixture(params=SYSTEMS)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    made = Stage(request.param)
    if hasattr(made.sandbox, "bucket"):
        # Not to wait for it: thousands of calls are made within its minute.
        made.sandbox.bucket.limit = 10**9
    with made.up():
        yield made


class Mangler:
    """Replaces one part of one answer by nonsense, chosen by the seed. `did` tells what."""

    def __init__(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        self._random = Random(7)
        self._handle = stage.sandbox.handle
        self._target = 0
        self.calls = 0
        self.did: Any = None
        monkeypatch.setattr(stage.sandbox, "handle", self.handle)

    def aim(self, *, calls: int = 0) -> None:
        """Hit one of the next so many calls, none if 0."""
        self.calls, self.did = 0, None
        self._target = self._random.randrange(calls) + 1 if calls else 0

    def handle(self, request: Request) -> Response:
        response = self._handle(request)
        self.calls += 1
        if self.calls != self._target or not 200 <= response.status < 300 or not response.content():
            return response
        body = simplejson.loads(response.content())
        path, nonsense = self._random.choice(list(_paths(body))), self._random.choice(NONSENSE)
        self.did = (request.method, request.path, path, repr(nonsense)[:60])
        return Response(response.status, json.dumps(_put(body, path, nonsense)).encode(), response.headers)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from _paths(value[key], (*path, key))
    elif isinstance(value, list):
        for index in range(min(len(value), 3)):
            yield from _paths(value[index], (*path, index))


def _put(value: Any, path: tuple[Any, ...], nonsense: Any) -> Any:
    if not path:
        return None if nonsense is GONE else nonsense
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    if nonsense is GONE and len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = _put(value[path[0]], path[1:], nonsense)
    return copy


def verbs(stage: Stage) -> dict[str, Callable[[], object]]:
    """Everything a worker does with the system, each time with a fresh connector."""
    orders, count = samples.all_kinds(), iter(range(1, 10**6))

    def check() -> object:
        with stage.cls(stage.options, stage.sandbox.flow_options()) as connector:
            return connector.check()

    def read() -> object:
        with stage.cls(stage.options, stage.sandbox.flow_options()) as connector:
            records = [order for page in connector.read(Query(register=Register.ORDERS)) for order in page.records]
        # As the ledger keeps them.
        return [(json.dumps(data).encode(), content_hash(data)) for data in map(to_json, records)]

    def write() -> object:
        number = next(count)
        with stage.cls(stage.options, stage.sandbox.flow_options()) as connector:
            draft = connector.prepare(orders[number % len(orders)], reference=f"SO-{number}")
            return connector.write(draft, key=f"key-{number}")

    def find() -> object:
        with stage.cls(stage.options, stage.sandbox.flow_options()) as connector:
            return connector.find(Register.ORDERS, ["SO-1", "SO-2"])

    def read_register(register: Register) -> object:
        keys = ("1",) if register is Register.STATUS else ("A-1", "TR")
        queries = [Query(register=register, keys=keys)]
        queries += [Query(register=register)] if not stage.cls.capabilities.reads[register].by_key_only else []
        with stage.cls(stage.options, stage.sandbox.flow_options(register)) as connector:
            records = [record for query in queries for page in connector.read(query) for record in page.records]
        return [content_hash(to_json(record)) for record in records]

    def put_register(register: Register) -> object:
        with stage.cls(stage.options, stage.sandbox.flow_options(register)) as connector:
            return list(connector.put(register, _changes(stage, register)))

    able = stage.cls.capabilities
    found: dict[str, Callable[[], object]] = {"check": check}
    found |= {"read": read} if Register.ORDERS in able.reads else {}
    found |= {"write": write, "find": find} if Register.ORDERS in able.writes else {}
    found |= {f"read {name}": partial(read_register, name) for name in able.reads if name is not Register.ORDERS}
    found |= {f"put {name}": partial(put_register, name) for name in able.writes if name is not Register.ORDERS}
    return found


def _changes(stage: Stage, register: Register) -> list[Change]:
    if register is Register.STATUS:
        source_id = stage.shop.place_order()
        parcel = Parcel(carrier="PostNord", number="RR1")
        status = OrderStatus(
            source_id=source_id, status="completed", replaces=("processing",), message="På väg", parcels=(parcel,)
        )
        return [Change(key=source_id, record=status)]
    made = [PUT[register]]
    if register is Register.PRODUCTS:
        variants = tuple(Variant(article_number=f"TR-{colour}", options=(("Färg", colour),)) for colour in ("Röd", "Grön"))
        made += [replace(made[0], article_number="TR", variants=variants, categories=("Kläder > Tröjor",))]
        made += [replace(made[0], article_number="NY-1")]
    return [Change(key=record.article_number, record=record, create=True) for record in made]


def test_a_part_of_an_answer_that_is_nonsense_is_our_own_error(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    if Register.ORDERS in stage.cls.capabilities.reads:
        for _ in range(3):
            stage.shop.place_order()
    if Register.PRODUCTS in stage.cls.capabilities.writes:
        stage.goods.add_article("A-1", name="Mössa", regular=Decimal(100), quantity=Decimal(4))
    if stage.cls.capabilities.writes.get(Register.PRODUCTS, Writes(variant_dimensions=0)).variant_dimensions != 0:
        parent = stage.goods.add_article("TR", name="Tröja")
        stage.goods.add_article("TR-Röd", name="Tröja", part_of=parent, options=(("Färg", "Röd"),))
    mangler = Mangler(stage, monkeypatch)
    crashes: dict[str, str] = {}
    for name, verb in verbs(stage).items():
        mangler.aim()
        _tried(verb)
        calls = mangler.calls
        for _ in range(SAMPLES):
            mangler.aim(calls=calls)
            if crash := _tried(verb):
                crashes[f"{name}: {mangler.did}"] = crash
    assert crashes == {}


def _refusals() -> Iterator[Any]:
    yield from (part for part in NONSENSE if part is not GONE)
    for key in ("code", "message", "data", "errors", "errorCode", "developerHint", "httpStatusCode"):
        for part in ([7], {"a": [1]}, None, DEEP, "%(x)s %s %", "y" * 20_000):
            yield {"code": "woocommerce_rest_x", "message": "m", "errorMessage": "m", key: part}
    parts: list[Any] = [None, 7, [7], DEEP, "y" * 20_000]
    for wrong in parts:
        yield {"code": "rest_invalid_param", "message": "m", "data": {"params": {"orderby": wrong}}}
        complaint = dict.fromkeys(("propertyName", "errorMessage", "errorCode", "inputValue"), wrong)
        yield {"errors": {"a": {"errors": [complaint]}}}


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_in_words_that_are_nonsense_is_our_own_error_and_short(stage: Stage, status: int) -> None:
    connector = stage.connector()
    for body in _refusals():
        stage.sandbox.faults.clear()
        stage.sandbox.faults.add(Fault("status", status=status, body=json.dumps(body), times=None))
        with pytest.raises(ConnectorError) as caught:
            connector.check()
        kept = json.dumps(caught.value.text.to_json(), ensure_ascii=False)
        assert len(kept.encode()) < 6_000
        assert len(str(caught.value.evidence).encode()) < 2_100


def _tried(verb: Callable[[], object]) -> str:
    """What went wrong that is not an error of ours."""
    try:
        verb()
    except ConnectorError:
        return ""
    except Exception as error:  # noqa: BLE001 - any is a finding
        return repr(error)
    return ""
