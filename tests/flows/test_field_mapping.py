"""A field mapping in a flow: edited, tried on past orders, used as it was tried; it stops only what it cannot be put to."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Subscription, Term
from billing.models.packages import Feature
from billing.refusals import Refused
from connectors.base import Register
from connectors.errors import InvalidRecord, ServerFailed
from connectors.records import Order
from flows import engine, mapping_changes, mapping_rules, services, tasks
from flows.ledger import runs
from flows.mapper import Mapper
from flows.models import FieldMapping, Flow, LookUpTable, MappingDraft, Run, Transfer
from flows.shaping import Shaping
from tests.flows.conftest import Rig

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The flows that a worker was asked to carry out, by kind of run."""
    asked: list[tuple[int, str]] = []
    monkeypatch.setattr(tasks, "wake_for", lambda flow_id, *, kind, actor: asked.append((flow_id, kind)))
    return asked


def rows(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"target": target, "expression": expression, "active": True} for target, expression in pairs]


def tried(rig: Rig, *pairs: tuple[str, str]) -> dict[str, Any]:
    """The report of a trial of these rules."""
    mapping_changes.edit(rig.flow, rows(*pairs), actor="anna")
    mapping_changes.try_out(rig.flow, actor="anna")
    run = rig.run(kind=Run.Kind.TRIAL)
    assert run is not None
    assert run.state == Run.State.DONE, run.error
    report: Any = Run.objects.get(pk=run.pk).report
    return dict(report)


def mapped(rig: Rig, *pairs: tuple[str, str]) -> None:
    """Have the flow use these rules."""
    mapping_changes.use(rig.flow, tried(rig, *pairs)["hash"], actor="anna")
    rig.flow.refresh_from_db()


def prepared(rig: Rig) -> list[Order]:
    """The orders as the ERP is asked to prepare them from now on."""
    seen: list[Order] = []
    rig.world.on_prepare = seen.append
    return seen


def table(rig: Rig, name: str, **cells: str) -> LookUpTable:
    return LookUpTable.objects.create(
        customer=rig.flow.connection.customer, name=name, rows=[[before, after] for before, after in cells.items()]
    )


def test_the_document_is_filled_as_the_rules_say(rig: Rig) -> None:
    mapped(rig, ("heading", '"Order " + order.number + ", " + buyer.name'), ("line_text", "line.name | upper"))
    seen = prepared(rig)
    rig.world.place("7")
    rig.run()
    assert seen[0].mapped == (("heading", "Order 7, Märta Sjöström"),)
    assert seen[0].lines[0].mapped == (("line_text", "ULLSTRUMPA"),)
    assert rig.states() == {"7": "sent"}


def test_an_order_that_a_rule_cannot_be_put_to_stops_alone_and_names_the_rule(rig: Rig) -> None:
    mapped(rig, ("heading", "order.number"), ("terms", "order.note | required | number"))
    rig.world.place("1", note="12")
    rig.world.place("2")
    rig.world.place("3", note="soon")
    rig.run()
    assert rig.states() == {"1": "sent", "2": "stopped", "3": "stopped"}
    said = str(rig.transfer("3").message)
    assert "Rule 2" in said
    assert "“Terms”" in said
    assert "“soon” is no number" in said
    assert rig.transfer("3").acts == Transfer.Acts.MERCHANT


def test_a_stopped_order_goes_when_the_rule_is_put_right(rig: Rig) -> None:
    mapped(rig, ("terms", "order.note | required"))
    rig.world.place("1")
    rig.run()
    mapped(rig, ("terms", "order.note | default 30"))
    services.retry(Transfer.objects.filter(flow=rig.flow), actor="anna")
    rig.run()
    assert rig.states() == {"1": "sent"}


def test_what_is_in_doubt_is_found_by_the_same_reference_whatever_the_rules_say(rig: Rig) -> None:
    order = rig.world.place("1")

    def cut_off(reference: str) -> None:
        rig.world.after_write = lambda _: None
        raise ServerFailed(outcome_unknown=True)

    rig.world.after_write = cut_off
    rig.run()
    mapped(rig, ("heading", "order.note | required"))
    rig.make_due()
    rig.run()
    assert rig.states() == {"1": "sent"}
    assert [document.total for document in rig.world.documents] == [order.total]


def test_a_flow_without_rules_asks_the_database_nothing_and_changes_nothing(rig: Rig) -> None:
    order = rig.world.place("1")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert Mapper(rig.flow).of(order) is order
    assert len(queries) == 0


def test_a_flow_whose_package_lost_field_mapping_stops_with_the_package_named(rig: Rig) -> None:
    mapped(rig, ("heading", "order.number"))
    subscription = Subscription.objects.get(customer=rig.flow.connection.customer)
    features = [feature for feature in Feature.values if feature != Feature.FIELD_MAPPING]
    Term.objects.filter(subscription=subscription).update(features=features, begins_on=date(2020, 1, 1))
    rig.world.place("1")
    assert rig.run() is None
    rig.flow.refresh_from_db()
    assert "Field mapping is not part of" in str(rig.flow.hindrance)
    assert rig.flow.hindrance.values["needed"]
    with pytest.raises(Refused, match="not part of"):
        mapping_changes.edit(rig.flow, rows(("heading", "order.number")), actor="anna")


def test_a_rule_that_is_not_understood_is_refused_with_its_number_and_changes_nothing(rig: Rig) -> None:
    with pytest.raises(Refused, match=r"Rule 2.*no field “order\.nothing”"):
        mapping_changes.edit(rig.flow, rows(("heading", "order.number"), ("terms", "order.nothing")), actor="anna")
    with pytest.raises(Refused, match="There is no field “reference”"):
        mapping_changes.edit(rig.flow, rows(("reference", "order.number")), actor="anna")
    assert not MappingDraft.objects.exists()


def test_a_trial_tells_what_would_come_out_otherwise_and_what_would_stop_or_go(rig: Rig) -> None:
    mapped(rig, ("terms", "order.note | default 30"))
    rig.world.place("same")
    rig.world.place("was stopped", note="soon")
    rig.world.place("other", note="14")
    rig.world.place("channel", channel="de")
    rig.run()
    states, writes = rig.states(), list(rig.world.writes)
    report = tried(
        rig,
        ("terms", 'order.note | equals "soon" | yes_no "10" "30"'),
        ("heading", 'order.note | equals "14" | yes_no "Fourteen" ""'),
        ("line_text", "order.channel"),
    )
    outcomes = {entry["source_id"]: entry["outcome"] for entry in report["entries"]}
    assert report["tried"] == 4
    assert outcomes == {"was stopped": "goes", "other": "changed", "channel": "changed"}
    fields = {entry["source_id"]: entry["fields"] for entry in report["entries"]}
    assert ["terms", "14", "30"] in fields["other"]
    assert ["heading", "", "Fourteen"] in fields["other"]
    assert ["lines 1.line_text", "", "de"] in fields["channel"]
    assert (rig.states(), rig.world.writes) == (states, writes)
    assert report["seconds"]["before"] > 0


def test_a_trial_tells_which_orders_would_stop_and_why(rig: Rig) -> None:
    rig.world.place("1", note="14")
    rig.world.place("2", note="soon")
    rig.run()
    report = tried(rig, ("terms", "order.note"))
    entries = {entry["source_id"]: entry for entry in report["entries"]}
    assert {key: entry["outcome"] for key, entry in entries.items()} == {"1": "changed", "2": "stops"}
    assert "no number" in str(entries["2"]["text"])
    assert report["counts"] == {"changed": 1, "stops": 1}


def test_what_comes_out_the_same_is_only_counted(rig: Rig) -> None:
    rig.world.place("1")
    rig.run()
    report = tried(rig, ("heading", "order.channel"))
    assert (report["counts"], report["entries"]) == ({"same": 1}, [])


def test_only_what_was_tried_can_be_used(rig: Rig) -> None:
    LookUpTable.objects.all().delete()
    terms = table(rig, "Terms", klarna="14")
    rules = ("terms", 'order.payment_method | table "Terms" empty')
    seen = tried(rig, rules)["hash"]
    terms.rows = [["klarna", "30"]]
    terms.save()
    with pytest.raises(Refused, match="Try it again"):
        mapping_changes.use(rig.flow, seen, actor="anna")
    seen = tried(rig, rules)["hash"]
    mapping_changes.edit(rig.flow, rows(("heading", "order.number")), actor="per")
    with pytest.raises(Refused, match="Try it again"):
        mapping_changes.use(rig.flow, seen, actor="anna")
    with pytest.raises(Refused, match="Try it again"):
        mapping_changes.use(rig.flow, "", actor="anna")
    assert not FieldMapping.objects.exists()
    seen = tried(rig, rules)["hash"]
    assert mapping_changes.use(rig.flow, seen, actor="anna") == 1
    with pytest.raises(Refused, match="no change"):
        mapping_changes.use(rig.flow, seen, actor="anna")


def test_the_history_of_a_rule_says_who_saved_it_and_nothing_of_what_stayed_the_same(rig: Rig) -> None:
    mapped(rig, ("heading", "order.number"), ("terms", "30"))
    mapped(rig, ("heading", "order.number"), ("terms", "14"))
    first, second = FieldMapping.objects.order_by("position")
    assert first.history.count() == 1
    assert [h.expression for h in second.history.all()] == ["14", "30"]
    assert second.history.first().history_change_reason == "saved (anna)"
    mapped(rig)
    assert not FieldMapping.objects.exists()
    rig.flow.refresh_from_db()
    assert rig.flow.mapped is False


def test_a_rule_that_is_not_in_use_does_nothing(rig: Rig) -> None:
    mapping_changes.edit(
        rig.flow, [*rows(("heading", "order.number")), {"target": "terms", "expression": "30", "active": False}], actor="anna"
    )
    mapping_changes.try_out(rig.flow, actor="anna")
    run = rig.run(kind=Run.Kind.TRIAL)
    assert run is not None
    report: Any = run.report
    mapping_changes.use(rig.flow, report["hash"], actor="anna")
    rig.flow.refresh_from_db()
    seen = prepared(rig)
    rig.world.place("1")
    rig.run()
    assert seen[0].mapped == (("heading", "1"),)


def test_the_extra_fields_that_the_rules_read_are_fetched_from_then_on(rig: Rig) -> None:
    rig.flow.source_options = {"extra_fields": "colour"}
    rig.flow.save()
    mapped(rig, ("heading", 'extra.po + extra."my field" + extra.colour'))
    rig.flow.refresh_from_db()
    assert rig.flow.source_options == {"extra_fields": "colour\nmy field\npo"}


def test_a_mapping_whose_look_up_table_is_gone_stops_orders_instead_of_sending_them_half_filled(rig: Rig) -> None:
    terms = table(rig, "Terms", klarna="14")
    mapped(rig, ("terms", "order.payment_method | table Terms empty"))
    assert mapping_rules.using(terms) == [rig.flow]
    LookUpTable.objects.all().delete()
    rig.world.place("1")
    rig.run()
    assert rig.states() == {"1": "stopped"}
    assert "no look-up table “Terms”" in str(rig.transfer("1").message)


def test_a_preview_and_a_dry_run_show_what_the_rules_make(rig: Rig) -> None:
    mapped(rig, ("heading", "order.number"))
    rig.world.place("1")
    dry = rig.run(kind=Run.Kind.DRY)
    assert dry is not None
    report: Any = dry.report
    assert report[0]["steps"][0]["body"]["heading"] == "1"
    rig.run()
    assert services.preview(rig.transfer("1")).steps[0].body["heading"] == "1"


def test_articles_are_filled_before_it_is_decided_what_to_write(rig: Rig) -> None:
    products = rig.another(Register.PRODUCTS)
    rig.world.in_erp.add("A-1", name="ullstrumpa")
    products.run()
    assert rig.world.in_shop.of("A-1").product.name == "ullstrumpa"
    mapped(products, ("name", "product.name | upper"))
    products.run()
    assert rig.world.in_shop.of("A-1").product.name == "ULLSTRUMPA"


def test_a_trial_of_articles_tells_what_they_would_be(rig: Rig) -> None:
    products = rig.another(Register.PRODUCTS)
    rig.world.in_erp.add("A-1", name="ullstrumpa")
    products.run()
    report = tried(products, ("name", "product.name | upper"))
    assert report["entries"][0]["fields"] == [["name", "ullstrumpa", "ULLSTRUMPA"]]


def test_a_trial_of_a_system_that_is_down_says_so_and_cannot_be_saved(rig: Rig) -> None:
    rig.world.place("1")
    rig.run()

    def down(order: Order) -> None:
        raise ServerFailed

    rig.world.on_prepare = down
    mapping_changes.edit(rig.flow, rows(("heading", "order.number")), actor="anna")
    mapping_changes.try_out(rig.flow, actor="anna")
    run = rig.run(kind=Run.Kind.TRIAL)
    assert run is not None
    assert run.state == Run.State.FAILED
    assert run.error_code == "ServerFailed"
    report: Any = run.report
    with pytest.raises(Refused, match="Try it again"):
        mapping_changes.use(rig.flow, report["hash"], actor="anna")


def test_a_trial_counts_orders_that_the_erp_refuses_both_ways_as_stopped(rig: Rig) -> None:
    rig.world.place("1")
    rig.run()

    def refuse(order: Order) -> None:
        raise InvalidRecord("No.")

    rig.world.on_prepare = refuse
    assert tried(rig, ("heading", "order.number"))["counts"] == {"stopped": 1}


def test_a_paused_flow_can_be_tried(rig: Rig) -> None:
    rig.world.place("1")
    rig.run()
    Flow.objects.update(state=Flow.State.PAUSED)
    assert tried(rig, ("heading", "order.number"))["counts"] == {"changed": 1}


def test_a_trial_waits_for_the_run_that_is_under_way(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    mapping_changes.edit(rig.flow, rows(("heading", "order.number")), actor="anna")
    other = runs.begin(rig.flow, kind=Run.Kind.POLL, owner="other")
    assert other is not None
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        runs.finish(other)

    monkeypatch.setattr("flows.tasks.time.sleep", nap)
    tasks.run_flow(rig.flow.pk, Run.Kind.TRIAL, "anna")
    assert naps == [1]
    assert Run.objects.get(kind=Run.Kind.TRIAL).state == Run.State.DONE


def test_the_rules_of_a_run_may_be_used_by_several_threads_at_once(rig: Rig) -> None:
    mapped(rig, ("heading", "order.number"))
    shaping = Shaping(rig.flow)
    orders = [rig.world.place(str(number)) for number in range(50)]
    found: list[Order] = []
    threads = [threading.Thread(target=lambda: found.extend(map(shaping.of, orders))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(order.mapped[0][1] for order in found) == sorted(4 * [order.number for order in orders])
    assert engine.READ_ONLY == (Run.Kind.DRY, Run.Kind.TRIAL)
