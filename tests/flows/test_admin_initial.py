"""Initial syncs in the back office: begun on the page of a flow, followed, stopped, resumed, and told of article by article."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from django.test import Client

from connectors.base import Register
from connectors.errors import InvalidRecord
from flows import initial
from flows.models import Flow, InitialArticle, InitialSync
from sharespine.lib.text import Text
from tests.flows.conftest import Rig
from tests.flows.test_admin_pages import member
from tests.flows.test_admin_registers import chief
from tests.flows.test_initial import done, fill, latest, products, started, work

__all__ = ["chief", "products"]

pytestmark = pytest.mark.django_db
CONFIRM = {"_form_submitted": "on"}


def act(client: Client, model: str, pk: Any, verb: str, **values: str) -> Any:
    return client.post(f"/admin/flows/{model}/{pk}/{verb}/", {**CONFIRM, **values}, follow=True)


def page(client: Client, sync: InitialSync) -> str:
    answer = client.get(f"/admin/flows/initialsync/{sync.pk}/change/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_is_begun_on_the_page_of_a_flow_of_products_and_of_no_other(chief: Client, products: Rig) -> None:
    fill(products, 2)
    assert "Initial sync" in chief.get(f"/admin/flows/flow/{products.flow.pk}/change/").content.decode()
    orders = Flow.objects.get(register=Register.ORDERS)
    assert "Bring the whole range over" not in chief.get(f"/admin/flows/flow/{orders.pk}/change/").content.decode()
    act(chief, "flow", products.flow.pk, "initial_sync", how="real", reason="")
    sync = InitialSync.objects.get()
    assert (sync.dry_run, sync.started_by, sync.state) == (False, "sara", "running")
    work(products)
    shown = page(chief, latest(sync))
    assert "15 min drawn from the service account" in shown
    assert "#" in chief.get(f"/admin/flows/flow/{products.flow.pk}/change/").content.decode()


def test_a_dry_run_is_what_is_offered_first(chief: Client, products: Rig) -> None:
    act(chief, "flow", products.flow.pk, "initial_sync", how="dry", reason="")
    assert InitialSync.objects.get().dry_run


def test_why_it_is_refused_is_told(chief: Client, products: Rig) -> None:
    started(products)
    answer = act(chief, "flow", products.flow.pk, "initial_sync", how="dry", reason="")
    assert "not finished" in answer.content.decode()
    assert InitialSync.objects.count() == 1


def test_its_progress_is_asked_for_until_it_has_ended(chief: Client, products: Rig) -> None:
    fill(products, 3)
    sync = started(products)
    assert "progress/" in page(chief, sync)
    assert chief.get(f"/admin/flows/initialsync/{sync.pk}/progress/").status_code == 200
    work(products)
    assert chief.get(f"/admin/flows/initialsync/{sync.pk}/progress/").status_code == 286
    assert "progress/" not in page(chief, sync)


def test_it_is_stopped_resumed_and_ended(chief: Client, products: Rig) -> None:
    sync = started(products)
    act(chief, "initialsync", sync.pk, "stop")
    assert latest(sync).state == "stopping"
    work(products)
    act(chief, "initialsync", sync.pk, "resume")
    assert latest(sync).state == "running"
    initial.stop(latest(sync))
    work(products)
    act(chief, "initialsync", sync.pk, "end")
    assert latest(sync).state == "done"
    # Nothing that could be done is left, and who tries all the same is told.
    act(chief, "initialsync", sync.pk, "resume")
    assert latest(sync).state == "done"


def test_what_was_refused_is_listed_with_the_reason_and_everything_can_be_exported(chief: Client, products: Rig) -> None:
    fill(products, 3)
    products.world.in_shop.refused["A-2"] = InvalidRecord(Text("The shop takes no such article."))
    sync = done(products)
    assert "The shop takes no such article." in page(chief, sync)
    address = f"/admin/flows/initialarticle/export/?sync__id__exact={sync.pk}"
    fields = {f"initialarticleresource_{name}": "on" for name in ("number", "name", "outcome", "message", "source_id")}
    csv = chief.post(address, {"resource": "", "format": "1", **fields})
    text = b"".join(csv.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert text.count("created") == 2
    assert "The shop takes no such article." in text
    xlsx = chief.post(address, {"resource": "", "format": "0", **fields})
    book = openpyxl.load_workbook(io.BytesIO(b"".join(xlsx.streaming_content)))  # type: ignore[attr-defined]
    assert book.active is not None
    assert book.active.max_row == 4


def test_the_articles_of_one_sync_are_listed_by_outcome(chief: Client, products: Rig) -> None:
    fill(products, 2)
    first = done(products)
    second = done(products)
    listed = chief.get(f"/admin/flows/initialarticle/?sync__id__exact={second.pk}&outcome__exact=same").context["cl"]
    assert {each.sync_id for each in listed.queryset} == {second.pk}
    assert listed.queryset.count() == 2
    assert InitialArticle.objects.filter(sync=first).count() == 2
    assert chief.get("/admin/flows/initialsync/").status_code == 200


def test_who_may_only_look_sees_it_and_starts_nothing(products: Rig) -> None:
    client = member("view_flow", "view_initialsync")
    sync = started(products)
    assert client.get(f"/admin/flows/initialsync/{sync.pk}/change/").status_code == 200
    assert act(client, "initialsync", sync.pk, "stop").status_code == 403
    assert latest(sync).state == "running"
