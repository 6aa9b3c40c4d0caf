"""Initial product syncs, with both systems in memory: everything is created once, and its time is drawn once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing import hours
from billing.models import Entry, Pause, Subscription
from billing.refusals import Refused
from connectors.articles import Product
from connectors.base import Register
from connectors.errors import InvalidRecord, ServerFailed
from flows import engine, initial, services, turns
from flows.article_reading import ArticleReading
from flows.initial_run import InitialSyncing
from flows.models import Connection, Endpoint, Flow, InitialArticle, InitialSync, Item, Run
from sharespine.lib.text import Text
from tests.flows.conftest import Rig
from tests.flows.test_engine import raising

pytestmark = pytest.mark.django_db
State = InitialSync.State


@pytest.fixture
def products(rig: Rig) -> Rig:
    """Products from the ERP to the shop, in a flow that is paused."""
    made = rig.another(Register.PRODUCTS)
    Flow.objects.update(state=Flow.State.PAUSED)
    hours.start_package(rig.flow.connection.customer, 240, day=date(2026, 1, 1), by="siv")
    return made


def fill(rig: Rig, count: int) -> list[str]:
    return [f"A-{rig.world.in_erp.add(f'A-{n}')}" for n in range(1, count + 1)]


def started(rig: Rig, *, dry_run: bool = False, reason: str = "") -> InitialSync:
    rig.flow.refresh_from_db()
    return initial.start(rig.flow, dry_run=dry_run, actor="siv", reason=reason)


def work(_: Rig) -> None:
    """What workers do until nothing is due."""
    number = 0
    while (flow := turns.next_flow()) is not None:
        engine.run(flow)
        number += 1
        assert number < 50
        unfinished = Flow.objects.filter(initial_syncs__state=State.RUNNING, next_run_at__gt=timezone.now())
        Flow.objects.filter(pk__in=list(unfinished.values_list("pk", flat=True))).update(next_run_at=timezone.now())
        Item.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
        Endpoint.objects.update(open_until=None)


def done(rig: Rig, **how: Any) -> InitialSync:
    sync = started(rig, **how)
    work(rig)
    return latest(sync)


def latest(sync: InitialSync) -> InitialSync:
    return InitialSync.objects.get(pk=sync.pk)


def counts(sync: InitialSync) -> tuple[int, int, int, int, int, int]:
    return (sync.seen, sync.created, sync.updated, sync.same, sync.skipped, sync.refused)


def outcomes(sync: InitialSync) -> dict[str, str]:
    return dict(InitialArticle.objects.filter(sync=sync).values_list("number", "outcome"))


def balance(rig: Rig) -> int:
    return hours.balance(rig.flow.connection.customer)


# --- what it does -------------------------------------------------------------------------------------------------------------


def test_the_whole_range_is_created_with_its_numbers_by_a_flow_that_is_paused(products: Rig) -> None:
    numbers = fill(products, 10)
    sync = done(products)
    assert sorted(products.world.in_shop.numbers()) == sorted(numbers)
    assert (sync.state, counts(sync), sync.left) == (State.DONE, (10, 10, 0, 0, 0, 0), 0)
    assert products.flow.state == Flow.State.PAUSED
    assert set(Run.objects.values_list("kind", "started_by")) == {("initial", "siv")}


def test_it_goes_from_the_shop_to_the_erp_too(rig: Rig) -> None:
    to_erp = rig.another(Register.PRODUCTS, Flow.Direction.TO_ERP)
    for number in ("B-1", "B-2"):
        rig.world.in_shop.add(number)
    sync = done(to_erp, reason="agreed")
    assert rig.world.in_erp.numbers() == ["B-1", "B-2"]
    assert (sync.state, sync.created) == (State.DONE, 2)


@pytest.mark.parametrize(("mode", "outcome", "name"), [("create", "skipped", "Gammal"), ("update", "updated", "Ny")])
def test_what_the_target_lacks_is_created_whatever_the_flow_does_otherwise(
    products: Rig, mode: str, outcome: str, name: str
) -> None:
    Flow.objects.update(rules={"mode": mode})
    products.world.in_erp.add("A-1", name="Ny")
    products.world.in_erp.add("A-2")
    products.world.in_shop.add("A-1", name="Gammal")
    sync = done(products)
    assert outcomes(sync) == {"A-1": outcome, "A-2": "created"}
    assert products.world.in_shop.of("A-1").product.name == name


def test_what_the_target_has_already_is_told_so(products: Rig) -> None:
    products.world.in_erp.add("A-1")
    products.world.in_shop.add("a-1", name="Artikel A-1")
    sync = done(products)
    assert counts(sync) == (1, 0, 0, 1, 0, 0)
    assert products.world.in_shop.numbers() == ["a-1"]


def test_what_cannot_be_used_or_is_refused_is_told_with_the_reason_and_the_rest_goes(products: Rig) -> None:
    fill(products, 3)
    products.world.in_erp.add("", name="Utan nummer")
    products.world.in_erp.add("A-1", name="Dubblett")
    products.world.in_shop.refused["A-2"] = InvalidRecord(Text("The shop takes no %(sku)s.", {"sku": "A-2"}))
    sync = done(products)
    assert counts(sync) == (5, 2, 0, 0, 0, 3)
    refused = {each.name: str(each.message) for each in sync.articles.filter(outcome="refused")}
    assert "takes no A-2" in refused["Artikel A-2"]
    assert "has the number A-1 too" in refused["Dubblett"]
    assert "no article number" in refused["Utan nummer"]
    assert products.world.in_shop.numbers() == ["A-1", "A-3"]


def test_a_target_that_fails_for_a_while_is_asked_again(products: Rig) -> None:
    fill(products, 6)
    products.world.in_shop.before_put = raising(ServerFailed(), times=2)
    sync = done(products)
    assert (sync.state, sync.created, len(products.world.in_shop.numbers())) == (State.DONE, 6, 6)


def test_a_source_that_fails_for_a_while_is_read_again(products: Rig) -> None:
    fill(products, 6)
    products.world.in_erp.on_read = raising(ServerFailed(), times=2)
    assert done(products).created == 6


def test_what_the_flow_had_created_and_somebody_deleted_is_created_anew(products: Rig) -> None:
    fill(products, 2)
    done(products)
    products.world.in_shop.remove("A-1")
    sync = done(products)
    assert outcomes(sync) == {"A-1": "created", "A-2": "same"}


def test_afterwards_the_flow_goes_on_from_there_and_writes_nothing_twice(products: Rig) -> None:
    fill(products, 5)
    done(products)
    Flow.objects.filter(pk=products.flow.pk).update(state=Flow.State.ACTIVE)
    before = len(products.world.in_shop.puts)
    run = products.run()
    assert run is not None
    assert (run.kind, run.written, len(products.world.in_shop.puts)) == ("poll", 0, before)


def test_a_flow_that_is_active_polls_again_only_when_it_is_done(products: Rig) -> None:
    Flow.objects.filter(pk=products.flow.pk).update(state=Flow.State.ACTIVE)
    fill(products, 3)
    sync = started(products)
    run = products.run()
    assert run is not None
    assert run.kind == Run.Kind.INITIAL
    assert latest(sync).state == State.DONE
    again = products.run()
    assert again is not None
    assert again.kind == Run.Kind.POLL


# --- a dry run ----------------------------------------------------------------------------------------------------------------


def test_a_dry_run_tells_of_every_article_and_writes_and_keeps_nothing(products: Rig) -> None:
    fill(products, 120)
    products.world.in_erp.add("A-1", name="Dubblett")
    products.world.in_erp.add("", name="Utan nummer")
    products.world.in_shop.add("A-2", name="Annat namn")
    sync = done(products, dry_run=True)
    assert counts(sync) == (122, 119, 1, 0, 0, 2)
    assert (sync.state, sync.entry, balance(products)) == (State.DONE, None, 240)
    assert products.world.in_shop.puts == []
    assert Item.objects.count() == 0
    assert Flow.objects.get(pk=products.flow.pk).cursor is None


def test_a_dry_run_goes_on_after_a_target_that_did_not_answer(products: Rig) -> None:
    fill(products, 7)
    products.world.in_shop.on_read = raising(ServerFailed(), times=2)
    sync = done(products, dry_run=True)
    assert (sync.state, sync.created) == (State.DONE, 7)


def test_a_dry_run_is_followed_by_a_real_one(products: Rig) -> None:
    fill(products, 4)
    done(products, dry_run=True)
    sync = done(products)
    assert (sync.created, len(products.world.in_shop.numbers())) == (4, 4)


# --- stopped, resumed, ended --------------------------------------------------------------------------------------------------


def test_it_stops_between_batches_and_goes_on_where_it_was(products: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(products, 30)
    sync = started(products)
    save = InitialSyncing._save

    def stop_then(self: InitialSyncing, *batch: Any) -> None:
        save(self, *batch)
        if latest(sync).state == State.RUNNING:
            initial.stop(sync)

    with monkeypatch.context() as watched:
        watched.setattr(InitialSyncing, "_save", stop_then)
        work(products)
    assert latest(sync).state == State.STOPPED
    there = len(products.world.in_shop.numbers())
    assert 0 < there < 30
    assert latest(sync).created == there
    assert balance(products) == 240
    initial.resume(latest(sync))
    work(products)
    assert (latest(sync).state, latest(sync).created) == (State.DONE, 30)
    assert sorted(products.world.in_shop.written()) == sorted(products.world.in_shop.numbers())


def test_it_stops_while_it_reads(products: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(products, 30)
    sync = started(products)
    told = ArticleReading.told

    def stop_then(self: ArticleReading, page: Any) -> Any:
        if latest(sync).state == State.RUNNING:
            initial.stop(sync)
        return told(self, page)

    with monkeypatch.context() as watched:
        watched.setattr(ArticleReading, "told", stop_then)
        work(products)
    stopped = latest(sync)
    assert (stopped.state, stopped.read_at, stopped.seen) == (State.STOPPED, None, 3)
    initial.resume(stopped)
    work(products)
    assert (latest(sync).state, latest(sync).created) == (State.DONE, 30)


def test_one_that_nobody_carries_on_is_stopped_by_the_next_worker_also_where_the_connection_is_paused(products: Rig) -> None:
    sync = started(products)
    Connection.objects.update(state=Connection.State.PAUSED)
    assert turns.next_flow() is None
    initial.stop(sync)
    work(products)
    assert latest(sync).state == State.STOPPED


def test_one_that_is_ended_keeps_what_was_done_and_its_time_is_drawn(products: Rig) -> None:
    fill(products, 3)
    sync = started(products)
    initial.stop(sync)
    work(products)
    initial.end(latest(sync))
    assert (latest(sync).state, balance(products)) == (State.DONE, 225)
    with pytest.raises(Refused, match="not stopped"):
        initial.end(latest(sync))
    assert started(products).pk != sync.pk


def test_a_bug_of_ours_ends_a_slice_is_told_and_can_be_resumed(products: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(products, 3)
    sync = started(products)
    with monkeypatch.context() as broken:
        broken.setattr("flows.article_reading.ArticleReading.told", raising(ZeroDivisionError()))
        work(products)
    assert latest(sync).state == State.FAILED
    assert "our developers" in str(latest(sync).error).lower()
    initial.resume(latest(sync))
    work(products)
    assert (latest(sync).state, latest(sync).created) == (State.DONE, 3)


@pytest.mark.parametrize("verb", [initial.stop, initial.resume, initial.end])
def test_one_that_is_done_is_neither_stopped_nor_resumed(products: Rig, verb: Any) -> None:
    sync = done(products)
    with pytest.raises(Refused):
        verb(sync)


def test_of_one_flow_there_is_one_at_a_time(products: Rig) -> None:
    started(products)
    with pytest.raises(Refused, match="not finished"):
        started(products, dry_run=True)


def test_time_that_is_up_ends_a_slice_and_another_worker_goes_on(products: Rig, settings: Any) -> None:
    settings.RUN_BUDGET_SECONDS, settings.TURN_SECONDS = 0, 0.2
    fill(products, 40)
    sync = done(products)
    assert (sync.state, sync.created) == (State.DONE, 40)
    assert Run.objects.count() > 3
    assert sorted(products.world.in_shop.written()) == products.world.in_shop.numbers()


# --- what it costs ------------------------------------------------------------------------------------------------------------


def test_its_time_is_drawn_once_in_quarters_of_an_hour_that_were_begun(products: Rig) -> None:
    fill(products, 3)
    sync = done(products)
    assert sync.entry is not None
    assert (sync.entry.minutes, sync.entry.change, balance(products)) == (15, -15, 225)
    assert sync.entry.connection_id == products.flow.connection_id
    assert str(sync.entry.category and sync.entry.category.key) == "initial-sync"
    for _ in range(3):
        initial.carried_on(sync, bug=None)
    assert Entry.objects.filter(kind=Entry.Kind.WORK).count() == 1


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 15), (1, 15), (900, 15), (901, 30), (3600, 60), (3601, 75)])
def test_every_quarter_that_was_begun_counts(seconds: int, minutes: int) -> None:
    assert initial.charged(seconds) == minutes


def test_the_time_of_all_its_runs_is_summed_and_of_one_that_vanished_until_it_was_last_heard_of(
    products: Rig, settings: Any
) -> None:
    sync = started(products)
    began = sync.started_at
    lease = timedelta(seconds=settings.LEASE_SECONDS)

    def ran(start: int, end: int, state: str, heard_of: int, kind: str = Run.Kind.INITIAL) -> None:
        Run.objects.create(
            flow=products.flow,
            kind=kind,
            state=state,
            started_at=began + timedelta(seconds=start),
            ended_at=began + timedelta(seconds=end),
            lease_until=began + timedelta(seconds=heard_of) + lease,
        )

    ran(0, 600, "done", 590)
    ran(600, 5000, "lost", 700)
    ran(5000, 5400, "failed", 5390)
    ran(5400, 9999, "done", 9999, kind=Run.Kind.DRY)
    InitialSync.objects.update(state=State.STOPPED)
    initial.end(sync)
    assert (latest(sync).seconds, balance(products)) == (1100, 210)


def test_with_too_few_hours_left_a_reason_is_asked_for_and_goes_with_the_entry(products: Rig) -> None:
    hours.adjust(products.flow.connection.customer, -230, day=date(2026, 1, 2), by="siv", reason="x")
    with pytest.raises(Refused, match="Only 10 minutes are left"):
        started(products)
    assert started(products, dry_run=True).state == State.RUNNING
    work(products)
    sync = done(products, reason="Agreed with Eva")
    assert sync.entry is not None
    assert (sync.entry.reason, balance(products)) == ("Agreed with Eva", -5)


# --- what it needs ------------------------------------------------------------------------------------------------------------


def test_without_a_running_subscription_it_is_refused(products: Rig) -> None:
    subscription = Subscription.objects.get()
    Pause.objects.create(subscription=subscription, begins_on=date(2026, 1, 1), reason="x")
    with pytest.raises(Refused, match="paused"):
        started(products)
    Pause.objects.all().delete()
    Subscription.objects.update(ends_on=date(2025, 1, 1))
    with pytest.raises(Refused, match="no subscription"):
        started(products, dry_run=True)


def test_only_products_have_one(rig: Rig) -> None:
    with pytest.raises(Refused, match="Only a flow of products"):
        started(rig)


def test_it_is_refused_while_the_same_goes_the_other_way(products: Rig) -> None:
    products.another(Register.PRODUCTS, Flow.Direction.TO_ERP)
    with pytest.raises(Refused, match="the other way"):
        started(products)


def test_a_subscription_that_ends_on_the_way_holds_it_until_there_is_one_again(products: Rig) -> None:
    fill(products, 3)
    sync = started(products)
    Subscription.objects.update(ends_on=date(2025, 1, 1))
    assert products.run() is None
    assert turns.next_flow() is None
    assert (latest(sync).state, products.world.in_shop.numbers()) == (State.RUNNING, [])
    Subscription.objects.update(ends_on=None)
    services.rights_changed(products.flow.connection.customer_id)
    work(products)
    assert latest(sync).state == State.DONE


def test_quiet_hours_do_not_hold_what_a_person_started(products: Rig) -> None:
    now = timezone.localtime()
    Flow.objects.update(quiet_from=(now - timedelta(hours=1)).time(), quiet_to=(now + timedelta(hours=1)).time())
    fill(products, 2)
    assert done(products).created == 2


def test_products_are_what_is_asked_of_the_source(products: Rig) -> None:
    products.world.in_erp.add("A-1")
    done(products)
    item = products.item("A-1")
    assert (item.state, item.payload["article_number"]) == ("done", "A-1")
    assert isinstance(products.world.in_shop.of("A-1").product, Product)
