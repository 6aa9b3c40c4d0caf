"""The schedule of a flow in the back office: chosen, explained, and refused without the package that has it."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest
import time_machine
from django.test import Client

from flows import connecting
from flows.models import Connection, Flow
from tests.flows.pairs import connection, shop
from tests.flows.pairs import pairs as _pairs
from tests.flows.test_admin_forms import address_of, form, saved
from tests.flows.test_admin_registers import chief, text

__all__ = ["_pairs", "chief"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_pairs")]
NOW = datetime(2026, 10, 24, 10, 0, tzinfo=UTC)


def flow_with(package: str, edition: str = "client") -> Flow:
    made: Connection = connection(package, edition=edition)
    return connecting.add_shop(made, shop(made), actor="siv")[0]


def errors(client: Client, flow: Flow, **changes: Any) -> Any:
    answer = client.post(address_of(flow), {**form(client, address_of(flow)), **changes, "_save": ""})
    assert answer.status_code == 200
    return answer.context["adminform"].form.errors


def test_own_times_and_quiet_hours_are_saved_and_planned_anew(chief: Client) -> None:
    flow = flow_with("200")
    Flow.objects.update(next_run_at=NOW, slot_at=NOW)
    saved(chief, address_of(flow), cron="  0  6,18 * * 1-5 ", quiet_from="22:00", quiet_to="05:30")
    flow.refresh_from_db()
    assert (flow.cron, flow.quiet_from, flow.quiet_to) == ("0 6,18 * * 1-5", time(22), time(5, 30))
    assert (flow.next_run_at, flow.slot_at) == (None, None)


def test_the_next_five_runs_are_shown_in_the_customers_time_also_over_the_night_in_which_clocks_change(chief: Client) -> None:
    flow = flow_with("200")
    saved(chief, address_of(flow), cron="30 */6 * * *")
    with time_machine.travel(NOW, tick=False):
        page = chief.get(address_of(flow))
    assert [each[-16:] for each in page.context["timetable"].times] == [
        "2026-10-24 12:30", "2026-10-24 18:30", "2026-10-25 00:30", "2026-10-25 06:30", "2026-10-25 12:30",
    ]  # fmt: skip
    assert page.context["timetable"].zone == "Europe/Stockholm"
    assert "It reads at its own times: 30 */6 * * *" in page.content.decode()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cron": "whenever"}, "cron"),
        ({"cron": "0 0 31 2 *"}, "cron"),
        ({"quiet_from": "22:00"}, "quiet_to"),
        ({"quiet_from": "22:00", "quiet_to": "22:00"}, "quiet_to"),
        ({"interval_minutes": "0"}, "interval_minutes"),
        ({"interval_minutes": "99999999"}, "interval_minutes"),
    ],
)
def test_what_could_not_be_followed_is_refused(chief: Client, changes: dict[str, str], field: str) -> None:
    assert field in errors(chief, flow_with("200"), **changes)


@pytest.mark.parametrize(
    "changes", [{"cron": "0 6 * * *"}, {"interval_minutes": "7"}, {"quiet_from": "22:00", "quiet_to": "6:00"}]
)
def test_without_scheduling_a_schedule_is_refused_with_the_package_that_has_it(chief: Client, changes: dict[str, str]) -> None:
    found = errors(chief, flow_with("100"), **changes)
    assert "Scheduling is not part of Paket 100. Paket 200 has it." in str(found)


def test_in_the_cloud_edition_a_schedule_has_to_be_granted(chief: Client) -> None:
    assert "belongs to the Client edition" in str(errors(chief, flow_with("800", "cloud"), cron="0 6 * * *"))


def test_who_lost_scheduling_reads_what_holds_instead_and_may_go_back_to_the_standard(chief: Client) -> None:
    flow = flow_with("100")
    Flow.objects.update(cron="0 6 * * *", interval_minutes=30)
    page = text(chief, address_of(flow))
    assert "Its own times do not hold now." in page
    assert "200 has it" in page
    assert "It runs at the standard interval: every 5 minutes." in page
    saved(chief, address_of(flow), cron="", interval_minutes=5)
    assert "Its own times do not hold now." not in text(chief, address_of(flow))
