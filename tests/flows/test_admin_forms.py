"""The forms of endpoints and flows: made of manifests, with secrets that go in and never come out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone, translation

from connectors.base import Choice, Option, OptionKind
from flows.admin.options import OptionFields
from flows.models import Endpoint, Flow
from tests.browser import seed


def form(client: Client, address: str) -> dict[str, Any]:
    """What a browser would send back if one pressed Save at once."""
    fields = client.get(address).context["adminform"].form
    values = {name: fields[name].value() for name in fields.fields}
    return {name: value for name, value in values.items() if value not in (None, False)}


def saved(client: Client, address: str, **changes: Any) -> Any:
    answer = client.post(address, {**form(client, address), **changes, "_save": ""})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    return answer


@pytest.fixture
def shop(seeded: seed.Seeded) -> Endpoint:
    shop = seeded.flows[0].shop
    shop.options |= {"consumer_key": "ck_1"}
    shop.save()
    return shop


def address_of(record: Any) -> str:
    return f"/admin/flows/{record._meta.model_name}/{record.pk}/change/"


def test_a_saved_secret_is_never_shown_again(chief: Client, shop: Endpoint) -> None:
    html = chief.get(address_of(shop)).content.decode()
    assert "cs_hemlig" not in html
    assert 'type="password"' in html
    assert "option_consumer_secret__remove" in html


def test_an_empty_secret_keeps_the_old_one(chief: Client, shop: Endpoint) -> None:
    saved(chief, address_of(shop), name="Nytt namn")
    shop.refresh_from_db()
    assert shop.name == "Nytt namn"
    assert shop.secrets["consumer_secret"] == "cs_hemlig"


def test_a_new_secret_replaces_the_old_one_without_the_spaces_of_the_mail(chief: Client, shop: Endpoint) -> None:
    saved(chief, address_of(shop), option_consumer_secret="  cs_ny \n")
    shop.refresh_from_db()
    assert shop.secrets["consumer_secret"] == "cs_ny"


def test_a_secret_is_removed_when_asked(chief: Client, shop: Endpoint) -> None:
    saved(chief, address_of(shop), option_consumer_secret__remove="on")
    shop.refresh_from_db()
    assert "consumer_secret" not in shop.secrets


def test_options_are_stripped_and_kept(chief: Client, shop: Endpoint) -> None:
    saved(chief, address_of(shop), option_consumer_key="  ck_2 ", option_address=" http://127.0.0.1:8802 ")
    shop.refresh_from_db()
    assert shop.options["consumer_key"] == "ck_2"
    assert shop.options["address"] == "http://127.0.0.1:8802"
    assert "consumer_secret" not in shop.options


def test_an_address_in_clear_is_refused_where_simulators_are_off(chief: Client, shop: Endpoint, settings: Any) -> None:
    settings.SANDBOX = False
    answer = chief.post(address_of(shop), {**form(chief, address_of(shop)), "option_address": "http://butik.example"})
    assert "option_address" in answer.context["adminform"].form.errors


def test_a_change_is_kept_in_the_history_with_who_made_it_and_no_secret(
    chief: Client, shop: Endpoint, seeded: seed.Seeded
) -> None:
    before = shop.history.count()
    saved(chief, address_of(shop), name="Nytt namn", option_consumer_secret="cs_ny")
    change = shop.history.latest()
    assert shop.history.count() == before + 1
    assert change.history_user == seeded.user
    assert change.name == "Nytt namn"
    assert not hasattr(change, "secrets")
    assert "cs_ny" not in chief.get(f"/admin/flows/endpoint/{shop.pk}/history/").content.decode()


def test_an_old_version_is_shown_but_never_put_back(chief: Client, shop: Endpoint) -> None:
    version = shop.history.earliest()
    address = f"/admin/flows/endpoint/{shop.pk}/history/{version.pk}/"
    assert chief.get(address).status_code == 200
    assert chief.post(address, {**form(chief, address_of(shop)), "name": "Gammalt"}).status_code == 403
    shop.refresh_from_db()
    assert shop.name != "Gammalt"


def test_saving_without_a_change_leaves_no_trace(chief: Client, shop: Endpoint) -> None:
    before = shop.history.count()
    saved(chief, address_of(shop))
    assert shop.history.count() == before


def test_a_new_endpoint_first_asks_for_its_system_and_then_for_what_that_needs(chief: Client, seeded: seed.Seeded) -> None:
    new = {"customer": seeded.customers[0].pk, "system": "economic", "name": "Bokföring"}
    answer = chief.post("/admin/flows/endpoint/add/", new)
    endpoint = Endpoint.objects.get(name="Bokföring")
    assert answer.headers["Location"] == address_of(endpoint)
    names = set(chief.get(address_of(endpoint)).context["adminform"].form.fields)
    assert names >= {f"option_{option.key}" for option in endpoint.connector_class.manifest.options}


def test_the_statuses_of_the_shop_are_boxes_to_tick(chief: Client, seeded: seed.Seeded) -> None:
    flow = seeded.flows[0]
    field = chief.get(address_of(flow)).context["adminform"].form.fields["trigger_statuses"]
    assert ("completed", "Färdigbehandlad") in field.choices
    saved(chief, address_of(flow), trigger_statuses=["processing", "completed"], target_layout="14", target_payment_terms="1")
    assert Flow.objects.get(pk=flow.pk).trigger_statuses == ["processing", "completed"]


def test_statuses_are_written_while_the_shop_was_never_tested(chief: Client, seeded: seed.Seeded) -> None:
    flow = seeded.flows[0]
    Endpoint.objects.filter(pk=flow.shop_id).update(report={})
    saved(chief, address_of(flow), trigger_statuses="processing, completed", target_layout="14", target_payment_terms="1")
    assert Flow.objects.get(pk=flow.pk).trigger_statuses == ["processing", "completed"]


def test_a_choice_that_is_gone_in_the_other_system_is_not_lost_by_saving(chief: Client, seeded: seed.Seeded) -> None:
    flow = seeded.flows[0]
    Flow.objects.filter(pk=flow.pk).update(target_options={"layout": "99", "payment_terms": "1"})
    html = chief.get(address_of(flow), headers={"accept-language": "en"}).content.decode()
    assert "99 (no longer there)" in html
    saved(chief, address_of(flow), interval_minutes=7)
    assert Flow.objects.get(pk=flow.pk).target_options["layout"] == "99"


def test_orders_count_from_the_beginning_of_the_day_in_stockholm(chief: Client, seeded: seed.Seeded) -> None:
    flow = seeded.flows[0]
    saved(chief, address_of(flow), start_from="2026-11-01", target_layout="14", target_payment_terms="1")
    start = Flow.objects.get(pk=flow.pk).start_from
    assert start is not None
    assert timezone.localtime(start).isoformat() == "2026-11-01T00:00:00+01:00"


def test_a_start_in_the_middle_of_a_day_survives_saving(chief: Client, seeded: seed.Seeded) -> None:
    flow = seeded.flows[0]
    noon = timezone.make_aware(datetime(2026, 11, 1, 12, 30))
    Flow.objects.filter(pk=flow.pk).update(start_from=noon)
    saved(chief, address_of(flow), interval_minutes=9, target_layout="14", target_payment_terms="1")
    assert Flow.objects.get(pk=flow.pk).start_from == noon


def test_a_connection_offers_the_endpoints_of_its_customer_only(chief: Client, seeded: seed.Seeded) -> None:
    customer = seeded.customers[0]
    field = chief.get("/admin/flows/connection/add/", {"customer": customer.pk}).context["adminform"].form.fields["erp"]
    assert {endpoint.customer_id for endpoint in field.queryset} == {customer.pk}
    assert {endpoint.system for endpoint in field.queryset} == {"economic"}


def test_what_has_carried_orders_cannot_be_deleted(chief: Client, seeded: seed.Seeded) -> None:
    flow = seeded.flows[0]
    for record in (flow, flow.shop, flow.connection):
        assert chief.post(address_of(record).replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403


def cleaned(option: Option, given: str, **offered: list[Choice]) -> Any:
    fields = OptionFields("o", (option,))
    field = fields.build({}, offered=offered)[fields.name(option)]
    return fields.values({fields.name(option): field.clean(given)})[option.key]


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("given", ["1234,50", "1234.50", "1 234,50", "1\xa0234,50"])
def test_amounts_take_comma_and_point_and_are_kept_exactly(given: str, language: str) -> None:
    with translation.override(language):
        assert cleaned(Option(key="t", label="T", kind=OptionKind.DECIMAL), given) == "1234.50"


def test_an_amount_that_could_mean_two_things_is_refused() -> None:
    with pytest.raises(ValidationError):
        cleaned(Option(key="t", label="T", kind=OptionKind.DECIMAL), "1.234,50")


def test_lines_end_in_one_character_whatever_the_browser_sends() -> None:
    assert cleaned(Option(key="t", label="T", kind=OptionKind.LINES), "a=1\r\nb=2") == "a=1\nb=2"


def test_every_kind_of_option_has_a_field() -> None:
    for kind in OptionKind:
        option = Option(key="x", label="X", kind=kind, choices=(Choice("a", "A"),) if "choice" in kind else ())
        assert OptionFields("o", (option,)).build({}, offered={})["o_x"].label == "X"
