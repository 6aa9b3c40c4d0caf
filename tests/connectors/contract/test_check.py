from __future__ import annotations

import socket

import pytest

from connectors.base import Option
from connectors.errors import BadCredentials, ConnectorError, TemporaryError, Unreachable
from connectors.targets import TargetField
from tests.connectors.contract.stage import Stage


def test_check_says_what_the_endpoint_is_and_changes_nothing(system: Stage) -> None:
    report = system.connector().check()
    assert report.name
    assert all(name and value for name, value in report.facts)
    assert system.sandbox.history.calls()
    assert system.changes() == []


def test_check_offers_every_list_that_a_field_chooses_from(system: Stage) -> None:
    report = system.connector().check()
    fields: list[Option | TargetField] = [
        *system.cls.manifest.options,
        *system.cls.manifest.flow_options(),
        *(target for writes in system.cls.capabilities.writes.values() for target in writes.target_fields),
    ]
    wanted = {field.choices_from for field in fields if field.choices_from}
    assert wanted <= report.choices.keys()
    for name in wanted:
        values = [choice.value for choice in report.choices[name]]
        assert values, name
        assert len(set(values)) == len(values), name
        assert all(choice.label and isinstance(choice.value, str) for choice in report.choices[name]), name


def test_credentials_with_spaces_and_line_ends_around_them_work(system: Stage) -> None:
    pasted = {key: f" \t{value} \r\n" for key, value in system.options.items()}
    assert system.connector(pasted).check().name


@pytest.mark.parametrize("way", ["another", "empty", "odd"])
def test_wrong_credentials_are_said_to_be_wrong_and_are_not_repeated(system: Stage, way: str) -> None:
    wrong = {"another": "0123456789abcdef", "empty": "", "odd": "nyckel–\x00\n☃"}[way]
    connector = system.connector(dict.fromkeys(system.cls.manifest.secret_keys, wrong))
    with pytest.raises(BadCredentials) as caught:
        connector.check()
    assert system.changes() == []
    assert not wrong or wrong not in f"{caught.value} {caught.value!r} {connector!r}"


def test_a_system_that_is_down_is_tried_again_later(system: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable):
        system.connector(address=f"http://127.0.0.1:{port}").check()


@pytest.mark.parametrize("address", ["http://", "ftp://example.se", "http://[::1", "//", "https://?"])
def test_an_address_that_is_none_stops_with_an_explanation(system: Stage, address: str) -> None:
    with pytest.raises(ConnectorError) as caught:
        system.connector({"address": address}).check()
    assert not isinstance(caught.value, TemporaryError)


def test_an_opened_connector_shows_no_secret(system: Stage) -> None:
    shown = repr(system.connector())
    assert [secret for secret in system.secrets if secret in shown] == []
    assert system.secrets
