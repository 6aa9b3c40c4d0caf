"""The pages of field mappings: rules are edited, tried, used, exported and imported; look-up tables, too."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from billing.models import Subscription, Term
from billing.models.packages import Feature
from flows import mapping_changes, tasks
from flows.models import FieldMapping, LookUpTable, MappingDraft, Run
from tests.flows.conftest import Rig
from tests.flows.test_admin_pages import member

pytestmark = pytest.mark.django_db
TABLES = "/admin/flows/lookuptable/"


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []
    monkeypatch.setattr(tasks, "wake_for", lambda flow_id, *, kind, actor: asked.append(kind))
    return asked


@pytest.fixture
def chief() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(User.objects.create_superuser("sara"))
    return client


def address(rig: Rig) -> str:
    return f"/admin/flows/flow/{rig.flow.pk}/mapping/"


def sent(client: Client, rig: Rig, do: str, *rules: tuple[str, str], **more: Any) -> Any:
    """Press the button `do` with these rules in the form, all in use."""
    data: dict[str, Any] = {"do": do, "target": [rule[0] for rule in rules], "expression": [rule[1] for rule in rules]}
    return client.post(address(rig), {"active": [str(n) for n in range(len(rules))], **data, **more}, follow=True)


def words(page: Any) -> str:
    assert page.status_code == 200
    return " ".join(page.content.decode().split())


def test_rules_are_tried_and_then_used_from_the_page(chief: Client, rig: Rig, woken: list[str]) -> None:
    rig.world.place("1")
    rig.run()
    assert "There are no rules yet." in words(chief.get(address(rig)))
    trying = words(sent(chief, rig, "try", ("heading", '"Order " + order.number')))
    assert woken == [Run.Kind.TRIAL]
    assert "It is being tried." in trying
    assert "hx-get" in trying
    assert chief.get(f"{address(rig)}progress/").headers.get("HX-Refresh") is None
    run = rig.run(kind=Run.Kind.TRIAL)
    assert run is not None
    assert chief.get(f"{address(rig)}progress/").headers["HX-Refresh"] == "true"
    page = words(chief.get(address(rig)))
    assert "comes out otherwise" in page
    assert "<code>heading</code>" in page
    assert "<del>–</del> → <ins>Order 1</ins>" in page
    report: Any = run.report
    assert "The field mapping is in use." in words(sent(chief, rig, "use", tried=report["hash"]))
    assert [rule.expression for rule in FieldMapping.objects.all()] == ['"Order " + order.number']
    flow = words(chief.get(f"/admin/flows/flow/{rig.flow.pk}/change/"))
    assert "1 rule is in use." in flow
    assert address(rig) in flow
    assert "The field mapping of this flow" in words(chief.get(f"/admin/flows/run/{run.pk}/change/"))


def test_a_rule_that_is_not_understood_stays_in_the_form_with_its_place_marked(chief: Client, rig: Rig) -> None:
    page = words(sent(chief, rig, "try", ("heading", "order.number"), ("terms", "30 | rund 2")))
    assert "There is no conversion “rund”." in page
    assert "<code>30 | <mark>rund 2</mark></code>" in page
    assert 'aria-invalid="true"' in page
    assert not MappingDraft.objects.exists()


def test_markup_in_a_rule_is_shown_as_it_was_written(chief: Client, rig: Rig) -> None:
    page = sent(chief, rig, "add", ("heading", '"<script>alert(1)</script>" | oops')).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_rules_are_added_moved_and_removed_before_anything_is_kept(chief: Client, rig: Rig) -> None:
    two = (("heading", '"one"'), ("terms", "2"))

    def shown(do: str) -> list[str]:
        return [rule["expression"] for rule in sent(chief, rig, do, *two).context["rules"]]

    assert shown("add") == ['"one"', "2", ""]
    assert shown("down-0") == shown("up-1") == ["2", '"one"']
    assert shown("up-0") == ['"one"', "2"]
    assert shown("remove-0") == ["2"]
    assert shown("remove-7") == ['"one"', "2"]
    assert not MappingDraft.objects.exists()


def test_a_change_is_kept_and_discarded(chief: Client, rig: Rig) -> None:
    sent(chief, rig, "keep", ("heading", "order.number"), active=[])
    draft = MappingDraft.objects.get()
    assert (draft.rules, draft.changed_by) == ([{"target": "heading", "expression": "order.number", "active": False}], "sara")
    assert "There is a change that is not used yet" in words(chief.get(address(rig)))
    sent(chief, rig, "discard")
    assert not MappingDraft.objects.exists()


def test_without_the_feature_the_package_that_has_it_is_named(chief: Client, rig: Rig) -> None:
    subscription = Subscription.objects.get(customer=rig.flow.connection.customer)
    Term.objects.filter(subscription=subscription).update(features=[f for f in Feature.values if f != Feature.FIELD_MAPPING])
    assert "Field mapping is not part of" in words(sent(chief, rig, "keep", ("heading", "order.number")))
    assert not MappingDraft.objects.exists()
    page = chief.post(f"{TABLES}add/", {"customer": rig.flow.connection.customer_id, "name": "Terms", "rows": "a => b"})
    assert "Field mapping is not part of" in words(page)
    assert not LookUpTable.objects.exists()


def test_whoever_may_only_look_changes_nothing(rig: Rig) -> None:
    client = member("view_flow")
    page = words(client.get(address(rig)))
    assert "Add a rule" not in page
    assert client.post(address(rig), {"do": "discard"}).status_code == 403
    stranger = Client()
    stranger.force_login(User.objects.create_user("per", is_staff=True))
    for path in ("", "progress/", "csv/"):
        assert stranger.get(f"{address(rig)}{path}").status_code == 403
    assert client.get("/admin/flows/flow/999999/mapping/").status_code == 404


def exported(client: Client, rig: Rig, kind: str) -> bytes:
    response: Any = client.get(f"{address(rig)}{kind}/")
    assert response.status_code == 200
    assert f'.{kind}"' in response.headers["Content-Disposition"]
    return b"".join(response) if response.streaming else response.content


RULES = (("heading", '"-=" + order.note | replace ";" ","'), ("terms", "30"), ("line_text", 'line.name + "\\n" + extra."å ä"'))


@pytest.mark.parametrize("kind", ["csv", "xlsx", "json"])
def test_what_was_exported_can_be_imported_as_it_was(chief: Client, rig: Rig, kind: str) -> None:
    sent(chief, rig, "keep", *RULES, active=["0", "2"])
    before = MappingDraft.objects.get().rules
    file = exported(chief, rig, kind)
    MappingDraft.objects.all().delete()
    page = chief.post(address(rig), {"do": "import", "file": SimpleUploadedFile(f"rules.{kind}", file)})
    assert "3 rules were read from the file." in words(page)
    assert [{key: rule[key] for key in ("target", "expression", "active")} for rule in page.context["rules"]] == before
    assert not MappingDraft.objects.exists()


def test_a_spreadsheet_cannot_be_made_to_carry_out_a_rule(chief: Client, rig: Rig) -> None:
    sent(chief, rig, "keep", ("heading", '"=cmd|x"'))
    assert load_workbook(io.BytesIO(exported(chief, rig, "xlsx"))).active["B2"].value == '\'"=cmd|x"'


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        (
            "a.csv",
            b"target,expression\nheading,order.number\nterms,order.nothing\n",
            "Row 2: There is no field “order.nothing”",
        ),
        ("a.csv", b"target;expression;active\nother;order.number;1\n", "There is no field “other” to be filled here."),
        ("a.csv", b"target\nheading\n", "lacks the column expression"),
        ("a.csv", b"\xff\xfe\x00", "cannot be read"),
        ("a.xlsx", b"no workbook", "cannot be read"),
        ("a.json", b"{", "cannot be read"),
        ("a.pdf", b"x", "csv, xlsx or json"),
        ("a.csv", b"x" * 2_000_001, "larger than 2 MB"),
    ],
)
def test_a_file_that_is_not_right_is_refused_with_the_reason(
    chief: Client, rig: Rig, name: str, content: bytes, why: str
) -> None:
    page = words(chief.post(address(rig), {"do": "import", "file": SimpleUploadedFile(name, content)}))
    assert "Nothing of the file was taken over" in page
    assert why in page


def test_importing_nothing_says_so(chief: Client, rig: Rig) -> None:
    assert "Choose a file." in words(chief.post(address(rig), {"do": "import"}))


def test_a_look_up_table_is_written_line_by_line(chief: Client, rig: Rig) -> None:
    data = {"customer": rig.flow.connection.customer_id, "name": "Terms", "rows": "klarna => 14\r\n\r\nFaktura=>30"}
    assert "Saved. Use it in a rule" in words(chief.post(f"{TABLES}add/", data, follow=True))
    made = LookUpTable.objects.get()
    assert made.rows == [["klarna", "14"], ["Faktura", "30"]]
    assert made.history.count() == 1
    page = f"{TABLES}{made.pk}/change/"
    assert "klarna =&gt; 14" in words(chief.get(page))
    assert "has no =&gt; in it" in words(chief.post(page, {"name": "Terms", "rows": "klarna 14"}))
    assert "is there twice" in words(chief.post(page, {"name": "Terms", "rows": "a => 1\nA => 2"}))


def test_a_look_up_table_comes_from_a_file_and_goes_to_one(chief: Client, rig: Rig) -> None:
    made = LookUpTable.objects.create(customer=rig.flow.connection.customer, name="Terms", rows=[["old", "1"]])
    page = f"{TABLES}{made.pk}/change/"
    file = SimpleUploadedFile("rows.csv", "before;after\nKlarna;14\n'=1;åäö\n".encode())
    chief.post(page, {"name": "Terms", "rows": "old => 1", "file": file})
    made.refresh_from_db()
    assert made.rows == [["Klarna", "14"], ["=1", "åäö"]]
    exported: Any = chief.get(f"{TABLES}{made.pk}/export/json/")
    assert json.loads(exported.content) == [{"before": "Klarna", "after": "14"}, {"before": "=1", "after": "åäö"}]
    wrong = SimpleUploadedFile("rows.csv", b"before,after\na,1\nA,2\n")
    assert "is there twice" in words(chief.post(page, {"name": "Terms", "rows": "old => 1", "file": wrong}))


def test_a_look_up_table_that_a_rule_uses_keeps_its_name_and_stays(chief: Client, rig: Rig) -> None:
    made = LookUpTable.objects.create(customer=rig.flow.connection.customer, name="Terms", rows=[["klarna", "14"]])
    row = {"target": "terms", "expression": "order.payment_method | table Terms empty", "active": True}
    mapping_changes.edit(rig.flow, [row], actor="sara")
    page = f"{TABLES}{made.pk}/change/"
    assert address(rig) in words(chief.get(page))
    assert "A rule uses the table by its name" in words(chief.post(page, {"name": "Other", "rows": "klarna => 14"}))
    assert chief.post(f"{TABLES}{made.pk}/delete/", {"post": "yes"}).status_code == 403
    MappingDraft.objects.all().delete()
    chief.post(f"{TABLES}{made.pk}/delete/", {"post": "yes"})
    assert not LookUpTable.objects.exists()
