"""Credentials at rest: unreadable without the key, readable with any of several, shown nowhere."""

from __future__ import annotations

import io

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from pytest_django.fixtures import Settings

from flows.models import Endpoint
from sharespine.lib.secrets import Secrets, decrypt, encrypt
from tests.customers import subscribed

CANARY = "cs_canary_7f3a9d"


@pytest.fixture
def endpoint(db: None) -> Endpoint:
    customer = subscribed("Ullbutiken AB")
    return Endpoint.objects.create(customer=customer, system="woocommerce", name="Shop", secrets={"consumer_secret": CANARY})


def test_what_is_stored_does_not_hold_the_secret_and_what_is_read_does(endpoint: Endpoint) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets FROM flows_endpoint")
        stored = cursor.fetchone()[0]
    assert CANARY not in stored
    assert Endpoint.objects.get().secrets == {"consumer_secret": CANARY}


def test_a_secret_is_in_no_dump_no_history_and_no_repr(endpoint: Endpoint) -> None:
    dump = io.StringIO()
    call_command("dumpdata", stdout=dump)
    assert CANARY not in dump.getvalue()
    assert CANARY not in repr(endpoint.secrets)
    assert CANARY not in str(vars(endpoint.history.first()))
    with endpoint.connect() as connector:
        assert CANARY not in repr(connector)


def test_a_new_key_reads_what_the_old_one_wrote_and_after_rotation_the_old_one_is_not_needed(
    endpoint: Endpoint, settings: Settings
) -> None:
    new = Fernet.generate_key().decode()
    settings.SHARESPINE_KEYS = [new, *settings.SHARESPINE_KEYS]
    assert Endpoint.objects.get().secrets == {"consumer_secret": CANARY}
    call_command("rotate_keys", stdout=io.StringIO())
    settings.SHARESPINE_KEYS = [new]
    assert Endpoint.objects.get().secrets == {"consumer_secret": CANARY}


def test_the_wrong_key_is_a_clear_error_that_says_what_to_do(settings: Settings) -> None:
    token = encrypt({"a": CANARY})
    settings.SHARESPINE_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(ImproperlyConfigured, match="Put the key that encrypted them back") as caught:
        decrypt(token)
    assert CANARY not in str(caught.value)


def test_a_key_that_is_none_is_a_clear_error(settings: Settings) -> None:
    settings.SHARESPINE_KEYS = ["not a key"]
    with pytest.raises(ImproperlyConfigured, match="new_key"):
        encrypt({"a": "b"})


def test_secrets_tell_which_there_are_but_not_what_they_say() -> None:
    assert repr(Secrets(b="x", a="y")) == "<secrets: a, b>"
