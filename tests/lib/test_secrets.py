"""Credentials at rest: unreadable without the key, readable with any of several, shown nowhere."""

from __future__ import annotations

import io

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django.fixtures import Settings

from flows import webhooks
from flows.models import Endpoint, Webhook
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


def test_secrets_of_webhooks_and_second_factors_are_encrypted_anew_as_well(endpoint: Endpoint, settings: Settings) -> None:
    webhook, secret = webhooks.make(endpoint.customer, "https://hooks.example.se/", ["order.stopped"], actor="anna")
    user = get_user_model().objects.create_user("anna")
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    codes = RecoveryCodes.activate(user).generate_codes()
    RecoveryCodes.activate(user).validate_code(codes[0])
    new = Fernet.generate_key().decode()
    settings.SHARESPINE_KEYS = [new, *settings.SHARESPINE_KEYS]
    said = io.StringIO()
    call_command("rotate_keys", stdout=said)
    assert said.getvalue() == "Encrypted with the first key: 1 endpoints, 0 plugins, 1 webhooks, 2 second factors.\n"
    settings.SHARESPINE_KEYS = [new]
    assert Webhook.objects.get(pk=webhook.pk).secrets == {"secret": secret}
    totp = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert decrypt(totp.data["secret"]) == {"factor": "JBSWY3DPEHPK3PXP"}
    recovered = RecoveryCodes.activate(user)
    assert recovered.generate_codes() == codes
    assert not recovered.validate_code(codes[0])
    assert recovered.validate_code(codes[1])


def test_with_a_wrong_key_nothing_is_changed_and_the_doctor_says_what_cannot_be_read(
    endpoint: Endpoint, settings: Settings
) -> None:
    webhooks.make(endpoint.customer, "https://hooks.example.se/", ["order.stopped"], actor="anna")
    TOTP.activate(get_user_model().objects.create_user("anna"), "JBSWY3DPEHPK3PXP")
    Endpoint.objects.all().delete()
    before = Authenticator.objects.get().data
    settings.SHARESPINE_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("rotate_keys", stdout=io.StringIO())
    assert Authenticator.objects.get().data == before
    said = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=said, no_color=True)
    wrong = [line.split("  ")[1] for line in said.getvalue().splitlines() if "Put the key that encrypted them back" in line]
    assert wrong == ["secrets of webhooks", "second factors"]


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
