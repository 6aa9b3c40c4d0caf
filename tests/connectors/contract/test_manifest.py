from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

import pytest

from connectors import base
from connectors.articles import ListPrices, Price, Product, StockLevel
from connectors.base import Change, Connector, Draft, Option, OptionKind, Query, Register, Role
from connectors.errors import ConnectorError, RejectedError, Unsupported
from connectors.fields import FIELDS
from connectors.progress import OrderStatus, Parcel
from sharespine.lib.money import ZERO
from sharespine.lib.text import Text
from tests.connectors.contract import samples
from tests.connectors.contract.stage import Stage, everything

#: Keys that name a secret must be masked in forms, logs and exports.
SECRET_WORDS = re.compile(r"secret|token|password|private")


def all_groups(stage: Stage) -> list[Sequence[Option]]:
    manifest = stage.cls.manifest
    return [manifest.options, *manifest.read_options.values(), *manifest.write_options.values()]


def all_options(stage: Stage) -> list[Option]:
    return [option for group in all_groups(stage) for option in group]


def twice(values: list[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def test_the_manifest_says_what_the_system_is(system: Stage) -> None:
    manifest = system.cls.manifest
    assert manifest.key == system.key == system.sandbox.key
    assert manifest.name
    assert manifest.api
    assert manifest.editions
    assert set(manifest.editions) <= {"cloud", "client"}


def test_role_and_capabilities_agree(system: Stage) -> None:
    manifest, capabilities = system.cls.manifest, system.cls.capabilities
    able = capabilities.reads if manifest.role is Role.SHOP else capabilities.writes
    assert Register.ORDERS in able
    assert set(manifest.read_options) <= set(capabilities.reads)
    assert set(manifest.write_options) <= set(capabilities.writes)
    assert capabilities.max_in_flight >= 1


def test_of_each_register_it_is_said_whether_it_can_be_read_and_written_or_why_not(system: Stage) -> None:
    capabilities = system.cls.capabilities
    for able, unable in ((capabilities.reads, capabilities.cannot_read), (capabilities.writes, capabilities.cannot_write)):
        assert set(able) | set(unable) == set(Register)
        assert not set(able) & set(unable)
        assert all(str(Text(reason)).endswith(".") for reason in unable.values())


def test_what_a_register_lacks_are_fields_of_it_each_with_a_reason(system: Stage) -> None:
    capabilities = system.cls.capabilities
    for able in (capabilities.reads, capabilities.writes):
        for register, ability in able.items():
            assert set(ability.lacks) <= {field.key for field in FIELDS[register]}, register
            assert all(reason.endswith(".") for reason in ability.lacks.values())


def test_what_a_field_mapping_may_fill_is_declared_once_each_and_what_it_may_read_can_be_asked_for(system: Stage) -> None:
    for register, ability in system.cls.capabilities.writes.items():
        assert twice([target.key for target in ability.target_fields]) == [], register
        assert twice([target.label for target in ability.target_fields]) == [], register
    for register, reading in system.cls.capabilities.reads.items():
        options = {option.key for option in system.cls.manifest.read_options.get(register, ())}
        assert reading.extra_fields == ("extra_fields" in options), register


def test_documents_that_can_be_written_can_be_settled_when_the_answer_is_lost(erp: Stage) -> None:
    writes = erp.cls.capabilities.writes[Register.ORDERS]
    assert writes.document_kinds
    assert writes.finds_by_reference or writes.idempotency_window


def test_only_orders_become_documents(system: Stage) -> None:
    for register, writes in system.cls.capabilities.writes.items():
        assert register is Register.ORDERS or not (writes.document_kinds or writes.finds_by_reference)
        assert writes.batch_size >= 1


def test_keys_and_labels_are_unique_and_filled_in(system: Stage) -> None:
    for group in all_groups(system):
        assert twice([option.key for option in group]) == []
        assert twice([f"{option.group}/{option.label}" for option in group]) == []
        assert all(option.key.isidentifier() and option.label.strip() for option in group)
    modules = system.cls.manifest.modules
    assert twice([module.key for module in modules]) == []
    assert all(module.label.strip() for module in modules)


def test_labels_and_help_are_sentences_without_open_values(system: Stage) -> None:
    for option in all_options(system):
        for words in (option.label, option.help, option.group):
            assert str(Text(words, {"x": "x"})) == words, option.key


def test_everything_secret_is_marked_so(system: Stage) -> None:
    for option in all_options(system):
        assert option.is_secret == bool(SECRET_WORDS.search(option.key)), option.key
    assert not any(option.is_secret for option in system.cls.manifest.flow_options())


def test_choices_are_complete_and_defaults_are_among_them(system: Stage) -> None:
    for option in all_options(system):
        offered = [choice.value for choice in option.choices]
        chosen = option.kind in (OptionKind.CHOICE, OptionKind.CHOICES)
        assert not (offered or option.choices_from) or chosen, option.key
        assert twice(offered) == []
        assert all(choice.label for choice in option.choices)
        if chosen:
            assert offered or option.choices_from, option.key
        if offered and option.default not in (None, ""):
            # Several are kept as one text with commas between.
            assert set(str(option.default).split(",")) <= set(offered), option.key


def test_defaults_are_of_the_kind_of_the_field(system: Stage) -> None:
    kinds = {OptionKind.BOOLEAN: bool, OptionKind.INTEGER: int}
    for option in all_options(system):
        if option.default is not None:
            assert type(option.default) is kinds.get(option.kind, str), option.key
        assert not (option.is_secret and option.default), option.key


def test_the_simulator_knows_the_options(system: Stage) -> None:
    declared = {option.key for option in system.cls.manifest.options}
    required = {option.key for option in system.cls.manifest.options if option.required}
    assert system.options.keys() <= declared
    assert required <= {key for key, value in system.options.items() if value}
    flow = {option.key for option in system.cls.manifest.flow_options()}
    assert system.sandbox.flow_options().keys() <= flow or not flow


class Watched(dict[str, Any]):
    """Options that remember which of them were looked at."""

    seen: ClassVar[set[str]] = set()

    def __getitem__(self, key: str) -> Any:
        self.seen.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.seen.add(key)
        return super().get(key, default)


def test_every_option_is_read_by_the_connector(system: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    filled = base._filled
    monkeypatch.setattr(base, "_filled", lambda *arguments: Watched(filled(*arguments)))
    Watched.seen.clear()
    connector = system.connector()
    connector.check()
    if connector.capabilities.webhooks:
        with suppress(ConnectorError):
            connector.receive({}, b"{}")
    if Register.ORDERS in connector.capabilities.reads:
        system.shop.place_order()
        everything(connector)
    if Register.ORDERS in connector.capabilities.writes:
        for record in samples.all_kinds():
            with suppress(RejectedError):
                samples.carry_out(connector, record, record.source_id)
    for register in set(connector.capabilities.reads) - {Register.ORDERS}:
        list(connector.read(Query(register=register, keys=("A-1",))))
    for register in set(connector.capabilities.writes) - {Register.ORDERS}:
        put(connector, register)
    assert {option.key for option in all_options(system)} - Watched.seen == set()


def test_what_is_not_declared_is_refused_as_unsupported(system: Stage) -> None:
    connector, capabilities = system.connector(), system.cls.capabilities
    verbs: dict[str, Callable[[], object]] = {}
    for register in set(Register) - set(capabilities.reads):
        verbs[f"read {register}"] = partial(lambda what: list(connector.read(Query(register=what))), register)
    for register in set(Register) - {Register.ORDERS} - set(capabilities.writes):
        verbs[f"put {register}"] = partial(put, connector, register)
    if Register.ORDERS not in capabilities.writes:
        verbs["prepare"] = lambda: connector.prepare(samples.plain(), reference="1042")
        verbs["write"] = lambda: connector.write(an_empty_draft(), key="key")
        verbs["find"] = lambda: connector.find(Register.ORDERS, ["1042"])
    if not capabilities.webhooks:
        verbs["receive"] = lambda: connector.receive({}, b"")
    assert verbs
    for call in verbs.values():
        with pytest.raises(Unsupported, match=re.escape(system.cls.manifest.name)):
            call()
    assert len(system.sandbox.history) == 0


#: What is put into a register that has nothing to do with orders, or with their status.
PUT: dict[Register, Any] = {
    Register.STATUS: OrderStatus(source_id="999999", status="completed", parcels=(Parcel(carrier="PostNord", number="1"),)),
    Register.PRODUCTS: Product(source_id="1", article_number="A-1", name="Mössa", vat_rate=Decimal(25)),
    Register.PRICES: Price(
        source_id="1", article_number="A-1", currency="SEK", includes_vat=True, vat_rate=Decimal(25), regular=Decimal(100)
    ),
    Register.PRICE_LISTS: ListPrices(source_id="1", article_number="A-1", includes_vat=True, vat_rate=Decimal(25), prices=()),
    Register.STOCK: StockLevel(source_id="1", article_number="A-1", quantity=Decimal(3)),
}


def put(connector: Connector, register: Register) -> None:
    record = PUT[register]
    key = record.source_id if register is Register.STATUS else record.article_number
    connector.put(register, [Change(key=key, record=record)])


def an_empty_draft() -> Draft:
    return Draft(register=Register.ORDERS, reference="1042", steps=(), total=ZERO, total_vat=ZERO, currency="SEK")
