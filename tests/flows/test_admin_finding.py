"""Finding orders in the back office, and taking them along."""

from __future__ import annotations

import pytest
import tablib
from django.test import Client

from flows.models import Transfer
from tests.browser import seed
from tests.flows.test_admin_pages import member

TRANSFERS = "/admin/flows/transfer/"


@pytest.mark.parametrize("term", ["2000", "200", "Eva <b>"])
def test_the_list_is_searched_by_number_and_buyer(chief: Client, term: str) -> None:
    found = {t.number for t in chief.get(TRANSFERS, {"q": term}).context["cl"].result_list}
    expected = {"2000": {"2000"}, "200": {f"200{n}" for n in range(10)}}.get(
        term, set(Transfer.objects.filter(buyer__startswith=term).values_list("number", flat=True))
    )
    assert found == expected


def test_ctrl_k_is_capped_and_fresh(chief: Client, seeded: seed.Seeded) -> None:
    for index in range(25):
        seed.transfer(seeded.flows[0], 90_000 + index)
    found = chief.get("/admin/search/", {"s": "900", "extended": "1"}).context["results"]
    assert len(found) == 20
    before = chief.get("/admin/search/", {"s": "2000", "extended": "1"}).context["results"]
    Transfer.objects.filter(number="2000").update(state=Transfer.State.SENT)
    after = chief.get("/admin/search/", {"s": "2000", "extended": "1"}).context["results"]
    assert before[0].title != after[0].title
    assert "Ullbutiken i Lund AB" in after[0].title


def test_ctrl_k_shows_the_order_itself_and_not_those_that_begin_like_it(chief: Client, seeded: seed.Seeded) -> None:
    seed.transfer(seeded.flows[0], 20_001)
    found = chief.get("/admin/search/", {"s": "2000", "extended": "1"}).context["results"]
    assert [result.title.split(" ")[0] for result in found] == ["2000"]


def test_ctrl_k_shows_nobody_what_they_may_not_see(seeded: seed.Seeded) -> None:
    client = member("view_customer")
    found = client.get("/admin/search/", {"s": "2000", "extended": "1"}).context["results"]
    assert list(found) == []
    assert len(client.get("/admin/search/", {"s": "ullbutiken", "extended": "1"}).context["results"]) == 1


def test_an_export_follows_the_filters_and_disarms_formulae(chief: Client) -> None:
    Transfer.objects.filter(number="2000").update(buyer='=HYPERLINK("http://evil")')
    assert f"{TRANSFERS}export/?view=stopped" in chief.get(f"{TRANSFERS}?view=stopped").content.decode()
    form = chief.get(f"{TRANSFERS}export/?view=stopped").context["form"]
    formats = {label: value for value, label in form.fields["format"].choices}
    answer = chief.post(f"{TRANSFERS}export/?view=stopped", {"format": formats["xlsx"], "resource": ""})
    rows = list(tablib.Dataset().load(answer.getvalue(), format="xlsx"))
    assert len(rows) == 17
    assert not [cell for row in rows for cell in row if isinstance(cell, str) and cell.startswith("=")]
    assert any("is barred in e-conomic" in str(cell) for row in rows for cell in row)
