"""The pages of plugins: what is installed, what a connection has chosen, and what went wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from billing.models import Term
from flows.models import ConnectionPlugin
from flows.plugins import installed, process
from sharespine.lib.text import Text
from tests.flows.conftest import Rig
from tests.flows.test_admin_pages import member
from tests.plugins.packaging import EXAMPLE, NAUGHTY, install

pytestmark = pytest.mark.django_db

PLUGINS = "/admin/flows/connectionplugin/"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("packages")
    install(EXAMPLE, target)
    install(NAUGHTY, target)
    return target


@pytest.fixture(autouse=True)
def _installed(packages: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(packages))
    monkeypatch.setattr(process, "STARTING", 3.0)
    yield
    installed._told.clear()


@pytest.fixture
def chief(db: None) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(User.objects.create_superuser("sara"))
    return client


@pytest.fixture
def chosen(rig: Rig) -> ConnectionPlugin:
    return ConnectionPlugin.objects.create(connection=rig.flow.connection, name="large-orders")


def text(client: Client, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200, address
    return page.content.decode()


def fields(**changes: Any) -> dict[str, Any]:
    """The form of the example, as a browser sends it."""
    values = {"active": "on", "position": "10", "time_limit": "2", "option_above": "500", "option_note": "Stor order."}
    return {**values, "option_most": "", "option_tester": "", **changes}


def test_one_chooses_among_what_is_installed_and_then_fills_in_what_it_asks_for(rig: Rig, chief: Client) -> None:
    address = f"{PLUGINS}add/?connection={rig.flow.connection_id}"
    page = text(chief, address)
    for words in ("Large orders and test orders", "sharespine-example 1.0.0", "naughty 0.3.1"):
        assert words in page
    # What cannot be used is told with why, and not offered.
    assert "It is made for version 2 of the interface, and this is version 1." in page
    assert "ImportError" in page
    assert "It did not answer within 3 seconds" in page
    assert '<option value="broken"' not in page
    assert '<option value="large-orders"' in page
    answer = chief.post(address, {"connection": rig.flow.connection_id, "name": "large-orders", "position": "10"})
    plugin = ConnectionPlugin.objects.get()
    assert answer.headers["Location"] == f"{PLUGINS}{plugin.pk}/change/"
    assert not plugin.active
    form = text(chief, f"{PLUGINS}{plugin.pk}/change/")
    assert "Put a note on orders above" in form
    chief.post(f"{PLUGINS}{plugin.pk}/change/", fields(time_limit="0,5", option_above="1 234,50"))
    plugin = ConnectionPlugin.objects.get()
    assert plugin.active
    assert plugin.time_limit == Decimal("0.5")
    assert plugin.options["above"] == "1234.50"
    assert plugin.history.count() == 2


def test_the_same_plugin_is_chosen_once(chosen: ConnectionPlugin, chief: Client) -> None:
    again = {"connection": chosen.connection_id, "name": "large-orders", "position": "20"}
    assert "This connection has this plugin already." in chief.post(f"{PLUGINS}add/", again).content.decode()
    assert ConnectionPlugin.objects.count() == 1


def test_the_page_of_the_connection_lists_its_plugins_with_version_and_last_failure(
    chosen: ConnectionPlugin, chief: Client
) -> None:
    ConnectionPlugin.objects.create(connection=chosen.connection, name="gone", position=20)
    ConnectionPlugin.objects.filter(pk=chosen.pk).update(failure=Text("It says: no."), failed_at=timezone.now())
    page = text(chief, f"/admin/flows/connection/{chosen.connection_id}/change/")
    assert "sharespine-example 1.0.0" in page
    assert "It says: no." in page
    assert "not installed" in page


def test_what_went_wrong_is_shown_until_the_settings_change(chosen: ConnectionPlugin, chief: Client) -> None:
    ConnectionPlugin.objects.filter(pk=chosen.pk).update(failure=Text("It says: no."), failed_at=timezone.now())
    address = f"{PLUGINS}{chosen.pk}/change/"
    assert "It says: no." in text(chief, address)
    assert "It says: no." in text(chief, PLUGINS)
    chief.post(address, fields(option_above="600"))
    assert "It says: no." not in text(chief, address)


@pytest.mark.parametrize(
    ("name", "said"), [("gone", "The plugin is not installed here"), ("broken", "The plugin cannot be used")]
)
def test_one_that_cannot_be_used_says_so_and_can_be_switched_off(
    chosen: ConnectionPlugin, chief: Client, name: str, said: str
) -> None:
    ConnectionPlugin.objects.update(name=name, options={"above": "5"})
    address = f"{PLUGINS}{chosen.pk}/change/"
    assert said in text(chief, address)
    chief.post(address, {"position": "10", "time_limit": "2"})
    chosen.refresh_from_db()
    assert not chosen.active
    # For when it is there again.
    assert chosen.options == {"above": "5"}


def test_credentials_of_a_plugin_are_never_shown_and_stay_when_the_field_is_empty(rig: Rig, chief: Client) -> None:
    plugin = ConnectionPlugin.objects.create(
        connection=rig.flow.connection, name="diary", options={"path": "diary.txt"}, secrets={"password": "hemligt-1"}
    )
    address = f"{PLUGINS}{plugin.pk}/change/"
    assert "hemligt-1" not in text(chief, address)
    chief.post(
        address, {"active": "on", "position": "30", "time_limit": "2", "option_path": "diary.txt", "option_password": ""}
    )
    plugin.refresh_from_db()
    assert (plugin.position, plugin.secrets) == (30, {"password": "hemligt-1"})
    assert "hemligt-1" not in text(chief, f"{PLUGINS}{plugin.pk}/history/")


def test_without_plugins_in_the_package_none_is_added_or_switched_on_and_the_package_is_named(
    chosen: ConnectionPlugin, chief: Client
) -> None:
    term = Term.objects.get()
    term.features = [feature for feature in term.features if feature != "plugins"]
    term.save()
    refused = "Plugins is not part of"
    answer = chief.post(f"{PLUGINS}add/", {"connection": chosen.connection_id, "name": "naughty", "position": "1"})
    assert refused in answer.content.decode()
    address = f"{PLUGINS}{chosen.pk}/change/"
    assert refused in chief.post(address, fields()).content.decode()
    chief.post(address, {key: value for key, value in fields().items() if key != "active"})
    chosen.refresh_from_db()
    assert not chosen.active


def test_who_may_not_change_connections_looks_at_plugins_and_changes_none(chosen: ConnectionPlugin) -> None:
    looker = member("view_connection")
    assert looker.get(f"{PLUGINS}{chosen.pk}/change/").status_code == 200
    assert looker.post(f"{PLUGINS}{chosen.pk}/change/", fields()).status_code == 403
    assert looker.get(f"{PLUGINS}add/").status_code == 403
    assert member("view_transfer", "view_run").get(PLUGINS).status_code == 403


def test_the_shop_follows_when_a_plugin_is_changed_or_taken_away(chosen: ConnectionPlugin, rig: Rig, chief: Client) -> None:
    rig.world.in_erp.add("A-1", quantity=Decimal(10))
    rig.world.in_shop.add("A-1", quantity=Decimal(0))
    ConnectionPlugin.objects.update(name="relabel", options={"keep": "4"})
    stock = rig.another("stock")  # type: ignore[arg-type]  # as the database has it
    stock.run()
    assert rig.world.in_shop.of("A-1").quantity == 6
    address = f"{PLUGINS}{chosen.pk}/change/"
    values = {"active": "on", "position": "1", "time_limit": "2", "option_but": "", "option_bad": "", "option_slow": ""}
    chief.post(address, {**values, "option_stop": "", "option_keep": "1"})
    stock.run()
    assert rig.world.in_shop.of("A-1").quantity == 9
    chief.post(f"{PLUGINS}{chosen.pk}/delete/", {"post": "yes"})
    stock.run()
    assert rig.world.in_shop.of("A-1").quantity == 10


def test_an_order_that_was_sent_and_then_failed_at_a_plugin_says_what_to_do(rig: Rig, chief: Client) -> None:
    ConnectionPlugin.objects.create(
        connection=rig.flow.connection, name="naughty", options={"does": "fail", "at": "after_write"}
    )
    rig.world.place("2")
    rig.run()
    page = text(chief, f"/admin/flows/transfer/{rig.transfer('2').pk}/change/")
    assert "A plugin failed after the transfer" in page
    assert "See by hand to what the plugin should have done" in page
