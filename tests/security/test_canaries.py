"""Credentials that sing: put into every secret field, sent everywhere, echoed back, and then looked for in all that is kept.

They are looked for in clear (their core survives quoting in addresses, JSON and HTML) and within whatever is base64, packed or
not: sessions, tasks, headers.
"""

from __future__ import annotations

import base64
import html
import io
import json
import logging
import re
import shutil
import subprocess
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core import serializers
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django_q.models import OrmQ
from django_q.signing import SignedPackage
from pytest_django.fixtures import Settings

from connectors.economic import sandbox as economic
from connectors.economic.connector import System as EconomicSystem
from connectors.economic.sandbox import Simulator as Erp
from connectors.sandbox import Fault, Sandbox
from connectors.woocommerce.connector import System as WooCommerceSystem
from connectors.woocommerce.sandbox import Simulator as Shop
from flows import engine, services
from flows.models import Connection, Endpoint, Run, Transfer
from tests.acceptance.conftest import Rig, rig_of
from tests.flows.test_admin_actions import CONFIRM
from tests.flows.test_admin_pages import pages

pytestmark = [pytest.mark.thorough, pytest.mark.django_db(transaction=True)]

CORE = "KANARIE"
SHOP_SECRET = f'cs_{CORE}1 "/+=&<%å>'
HOOK_SECRET = f'wh_{CORE}2 "/+=&<%å>'
APP_TOKEN = f"app_{CORE}3/+=&<%>"
GRANT_TOKEN = f"grant_{CORE}4/+=&<%>"

#: Runs of base64, in both alphabets, long enough to hold the core.
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}")


def sings(text: str | bytes) -> list[str]:
    """Where the canary is heard in `text`: the surroundings of each place."""
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    heard = [content[max(place.start() - 80, 0) : place.end() + 30] for place in re.finditer(CORE.encode(), content)]
    for run in _BASE64.findall(content):
        heard += [b"in base64: " + found for found in _decoded(run) if CORE.encode() in found]
    return [found.decode("utf-8", "replace") for found in heard]


def _decoded(run: bytes) -> Iterator[bytes]:
    run = run.translate(bytes.maketrans(b"-_", b"+/"))
    # Wherever it begins: a text in base64 may stand right after other letters.
    for begin in range(4):
        piece = run[begin:]
        try:
            plain = base64.b64decode(piece[: len(piece) // 4 * 4])
        except ValueError:
            continue
        yield plain
        if plain[:1] == b"\x78":
            try:
                yield zlib.decompressobj().decompress(plain, 1_000_000)
            except zlib.error:
                continue


def test_the_search_finds_what_it_looks_for_in_every_disguise() -> None:
    packed = base64.urlsafe_b64encode(zlib.compress(f"x{SHOP_SECRET}".encode()))
    basic = base64.b64encode(f"ck_1:{SHOP_SECRET}".encode()).decode()
    for text in (SHOP_SECRET, quote(SHOP_SECRET), repr(SHOP_SECRET), f"Basic {basic}", f"a={basic}&b", b"." + packed):
        assert sings(text), text
    assert not sings("Basic •••")


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """A merchant whose shop and ERP take the canaries, and nothing else."""
    monkeypatch.setattr(economic, "APP_SECRET_TOKEN", APP_TOKEN)
    monkeypatch.setattr(economic, "AGREEMENT_GRANT_TOKEN", GRANT_TOKEN)
    shop = Shop()
    shop.access.secret, shop.webhook_secret, shop.is_tls = SHOP_SECRET, HOOK_SECRET, True
    with rig_of(shop, Erp(token_limit=10**9)) as made:
        yield made


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """All that anything logs, down to the least, with tracebacks."""
    for name in ("", "urllib3", "django-q", "oauthlib", "requests_oauthlib"):
        caplog.set_level(logging.DEBUG, logger=name)
    # Below this it tells of every variable that a page does not have.
    caplog.set_level(logging.INFO, logger="django.template")
    return lambda: caplog.text


def database() -> Iterator[tuple[str, str]]:
    """Every row of every table as text, and the dump that an administrator would make."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - the names of our own tables
            yield table, "\n".join(map(repr, cursor.fetchall()))
    if connection.vendor == "sqlite":
        yield "dump", "\n".join(connection.connection.iterdump())
    elif shutil.which("pg_dump"):
        params = connection.get_connection_params()
        known = {"dbname": "-d", "host": "-h", "user": "-U", "port": "-p"}
        options = [part for key, flag in known.items() if params.get(key) for part in (flag, str(params[key]))]
        yield "pg_dump", subprocess.run(["pg_dump", *options], capture_output=True, text=True, check=True).stdout
    out = io.StringIO()
    call_command("dumpdata", stdout=out)
    yield "dumpdata", out.getvalue()


def everything(chief: Client) -> Iterator[tuple[str, str | bytes]]:
    yield from database()
    for task in OrmQ.objects.all():
        yield "a queued task", repr(SignedPackage.loads(task.payload))
    for address in pages():
        yield address, chief.get(address, follow=True).content
    for endpoint in Endpoint.objects.all():
        yield "its history", chief.get(f"/admin/flows/endpoint/{endpoint.pk}/history/").content
        yield "its repr", f"{vars(endpoint)!r} {serializers.serialize('json', [endpoint])}"
    for transfer in Transfer.objects.all()[:3]:
        yield "a preview", chief.get(f"/admin/flows/transfer/{transfer.pk}/preview/", follow=True).content
    form = chief.get("/admin/flows/transfer/export/").context["form"]
    for value, label in form.fields["format"].choices:
        answer = chief.post("/admin/flows/transfer/export/", {"format": value, "resource": ""})
        yield f"export as {label}", answer.getvalue()
    out = io.StringIO()
    with suppress(SystemExit):
        call_command("doctor", stdout=out)
    yield "doctor", out.getvalue()


@pytest.fixture
def chief(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("anna"))
    return client


def assert_silence(chief: Client, logged: str) -> None:
    heard = {place: found for place, text in [*everything(chief), ("the log", logged)] if (found := sings(text))}
    assert heard == {}


def words_of(*secrets: str, key: str = "") -> str:
    """What a system may say back: its secrets in every spelling, and key and secret in one as Basic has them."""
    ways: list[Callable[[str], str]] = [
        str,
        repr,
        quote,
        quote_plus,
        lambda secret: quote(secret, safe="").lower().replace(CORE.lower(), CORE),
        html.escape,
        json.dumps,
        # As PHP writes JSON, and as .NET does.
        lambda secret: json.dumps(secret).replace("/", r"\/"),
        lambda secret: "".join(c if c.isalnum() else f"\\u{ord(c):04X}" for c in secret),
        lambda secret: "".join(c if c.isalnum() else f"&#{ord(c)};" for c in secret),
        lambda secret: "".join(c if c.isalnum() else f"&#x{ord(c):02X};" for c in secret),
        lambda secret: base64.b64encode(secret.encode()).decode(),
        lambda secret: base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    ]
    basic = base64.b64encode(f"{key}:{secrets[0]}".encode()).decode() if key else ""
    return " ".join([*(way(secret) for secret in secrets for way in ways), basic])


def echoes(words: str) -> Iterator[Fault]:
    """Answers of every kind that say `words`."""
    refusal = {"code": "x", "message": words, "errors": [words], "developerHint": words, "data": {"params": {"a": words}}}
    wrong_key = {"code": "woocommerce_rest_x", "message": words, "errorCode": "E02250"}
    for status, body in (
        (400, refusal),
        (401, wrong_key),
        (200, f"<html><body>{words}</body></html>"),
        (500, f"<h1>Fatal error</h1> {words}"),
        (200, {"collection": words, "message": words}),
    ):
        yield Fault("status", status=status, body=body, times=None)
    yield Fault("status", status=302, headers={"Location": f"https://x.example/?key={quote(words)}"}, times=None)


def recover(rig: Rig) -> None:
    """As if somebody had put right whatever paused."""
    rig.let_time_pass()
    Endpoint.objects.update(health=Endpoint.Health.WORKING, failures=0)
    Connection.objects.update(state=Connection.State.ACTIVE)
    rig.flow.connection.refresh_from_db()


def test_a_system_that_says_the_secrets_back_leaves_none_anywhere(canaries: Rig, chief: Client, log: Callable[[], str]) -> None:
    canaries.configure(canaries.flow.shop, sign_in="query")
    canaries.place()
    canaries.settle()
    says: dict[Sandbox, str] = {canaries.erp: words_of(APP_TOKEN, GRANT_TOKEN)}
    says[canaries.shop] = words_of(SHOP_SECRET, HOOK_SECRET, key=canaries.shop.access.key)
    for simulator, words in says.items():
        for fault in echoes(words):
            canaries.place()
            simulator.faults.add(fault)
            canaries.run(kind=Run.Kind.DRY)
            canaries.run()
            services.check_endpoint(canaries.endpoint(simulator), actor="anna")
            simulator.faults.clear()
            recover(canaries)
    assert "•••" in "".join(text for _, text in database())
    assert_silence(chief, log())


def test_keys_that_are_wrong_and_systems_that_are_gone_leave_no_secret_anywhere(
    canaries: Rig, chief: Client, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    canaries.place()
    monkeypatch.setattr(economic, "APP_SECRET_TOKEN", "another")
    canaries.shop.access.secret = "another"
    for endpoint in (canaries.flow.shop, canaries.connection.erp):
        services.check_endpoint(endpoint, actor="anna")
    canaries.run()
    canaries.run(kind=Run.Kind.DRY)
    for endpoint in (canaries.flow.shop, canaries.connection.erp):
        canaries.configure(endpoint, address="http://127.0.0.1:9")
        canaries.configure(endpoint, address="http://127.0.0.1:9/ é")
        # Of no alphabet that a header may hold.
        canaries.configure(endpoint, **{key: f"{value}–" for key, value in endpoint.secrets.items()})
    assert_silence(chief, log())


def test_a_bug_with_the_secrets_in_its_words_leaves_none_anywhere(
    canaries: Rig, chief: Client, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(connector: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            raise KeyError(f"in the library: {connector.options}")
        except KeyError as error:
            raise RuntimeError(f"unexpected {connector.options['address']} {list(connector.options.values())}") from error

    for system, verb in (
        (EconomicSystem, "prepare"),
        (EconomicSystem, "write"),
        (EconomicSystem, "find"),
        (EconomicSystem, "check"),
        (WooCommerceSystem, "read"),
        (WooCommerceSystem, "check"),
    ):
        canaries.place()
        with monkeypatch.context() as patch:
            patch.setattr(system, verb, bug)
            canaries.run()
            canaries.let_time_pass()
            assert canaries.run(kind=Run.Kind.DRY).state in (Run.State.DONE, Run.State.FAILED)
            for endpoint in (canaries.flow.shop, canaries.connection.erp):
                services.check_endpoint(endpoint, actor="anna")
    assert "RuntimeError" in log()
    assert "•••" in log()
    assert Transfer.objects.filter(error_code="Bug").exists()
    assert_silence(chief, log())


def test_what_people_and_webhooks_do_leaves_no_secret_anywhere(
    canaries: Rig, chief: Client, log: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    canaries.place()
    canaries.run(kind=Run.Kind.DRY)
    canaries.settle()
    assert canaries.everything_arrived_once()
    shop = canaries.flow.shop
    new = {"customer": shop.customer_id, "system": "woocommerce", "name": "Ny"}
    chief.post("/admin/flows/endpoint/add/", new)
    made = Endpoint.objects.get(name="Ny")
    page = f"/admin/flows/endpoint/{made.pk}/change/"
    given = {"name": "Ny", "option_address": canaries.shop_address, "option_sign_in": "basic", "option_consumer_key": "ck_1"}
    given |= {"option_consumer_secret": SHOP_SECRET, "option_webhook_secret": HOOK_SECRET}
    # Once with a mistake, so that the form comes back, and once without.
    wrong = chief.post(page, {**given, "option_address": "nonsense"})
    assert wrong.status_code == 200
    assert not sings(wrong.content)
    chief.post(page, {**given, "_save": ""})
    made.refresh_from_db()
    assert made.secrets["consumer_secret"] == SHOP_SECRET
    chief.post(f"/admin/flows/endpoint/{made.pk}/test/", CONFIRM, follow=True)
    for code in (made.code, shop.code):
        headers = {"X-WC-Webhook-Topic": "order.updated", "X-WC-Webhook-Signature": HOOK_SECRET}
        hook = Client().post(f"/hooks/{code}/", f'{{"id": 7, "key": "{CORE}"}}', "application/json", headers=headers)
        assert hook.status_code == 401
        assert not sings(hook.content)
    services.hint(shop)
    services.start_flow(canaries.flow, actor="anna", kind=Run.Kind.DRY)
    assert OrmQ.objects.exists()
    assert_silence(chief, log())


class TestKeys:
    """The key that credentials are encrypted with: changed while all stays readable, and missing without any loss."""

    @pytest.fixture
    def stored(self) -> Callable[[], list[str]]:
        def tokens() -> list[str]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT secrets FROM flows_endpoint ORDER BY id")
                return [token for (token,) in cursor.fetchall()]

        return tokens

    def test_after_rotation_the_old_key_opens_nothing_and_all_goes_on(
        self, canaries: Rig, settings: Settings, stored: Callable[[], list[str]]
    ) -> None:
        old, new = list(settings.SHARESPINE_KEYS), Fernet.generate_key().decode()
        assert all(Fernet(old[0]).decrypt(token) for token in stored())
        settings.SHARESPINE_KEYS = [new, *old]
        call_command("rotate_keys", stdout=io.StringIO())
        settings.SHARESPINE_KEYS = [new]
        for token in stored():
            assert CORE in Fernet(new).decrypt(token).decode()
            with pytest.raises(InvalidToken):
                Fernet(old[0]).decrypt(token)
        canaries.place()
        canaries.settle()
        assert canaries.everything_arrived_once()

    def test_with_the_wrong_key_everything_says_so_and_nothing_is_lost(
        self, canaries: Rig, settings: Settings, stored: Callable[[], list[str]], chief: Client, log: Callable[[], str]
    ) -> None:
        right, before = list(settings.SHARESPINE_KEYS), stored()
        placed = canaries.place()
        settings.SHARESPINE_KEYS = [Fernet.generate_key().decode()]
        with pytest.raises(CommandError, match="Put the key that encrypted them back") as caught:
            call_command("rotate_keys", stdout=io.StringIO())
        assert not sings(str(caught.value))
        with pytest.raises(Exception, match="cannot be read with the keys"):
            engine.run(canaries.flow.pk)
        out = io.StringIO()
        with pytest.raises(SystemExit):
            call_command("doctor", stdout=out)
        assert "cannot be read" in out.getvalue()
        assert stored() == before
        settings.SHARESPINE_KEYS = right
        canaries.settle()
        assert canaries.arrived() == [placed]
        assert_silence(chief, log())
        assert right == django_settings.SHARESPINE_KEYS
