"""The commands of an installation."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection
from pytest_django.fixtures import Settings

from flows.models import Endpoint
from flows.workers import Presence
from tests.customers import subscribed
from tests.migrated import migrate

ROOT = Path(__file__).resolve().parents[2]


def doctor() -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("doctor", stdout=out, no_color=True)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.django_db
def test_the_doctor_finds_nothing_wrong_with_a_fresh_installation(settings: Settings) -> None:
    settings.SANDBOX = False
    Presence().beat()
    code, out = doctor()
    # The tests' database lies in memory, where no journal can be kept beside it.
    wrong = [line for line in out.splitlines() if line.startswith("WRONG") and "journal mode memory" not in line]
    assert wrong == [], out
    assert code in (0, 1)


@pytest.mark.django_db
def test_the_doctor_says_when_no_worker_lives() -> None:
    def workers() -> str:
        return next(line for line in doctor()[1].splitlines() if line.split()[1] == "workers")

    assert workers().startswith("WRONG")
    presence = Presence()
    presence.beat()
    assert workers().startswith("ok")
    assert "1 live" in workers()
    presence.leave()
    assert workers().startswith("WRONG")


@pytest.mark.django_db
def test_the_doctor_says_in_words_what_is_wrong_with_an_endpoint() -> None:
    customer = subscribed("Ullbutiken AB")
    options = {"address": "http://127.0.0.1:9", "consumer_key": "ck"}
    Endpoint.objects.create(
        customer=customer, system="woocommerce", name="Shop", options=options, secrets={"consumer_secret": "x"}
    )
    code, out = doctor()
    assert code == 1
    line = next(line for line in out.splitlines() if "Ullbutiken" in line)
    assert line.startswith("WRONG")


def test_the_doctor_of_an_empty_database_says_to_migrate_and_does_not_stumble(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"} | {"SHARESPINE_VAR": str(tmp_path)}
    command = [sys.executable, "manage.py", "doctor"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "not applied: run `manage.py migrate`" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.django_db
def test_the_doctor_says_when_credentials_cannot_be_read(settings: Settings) -> None:
    settings.SHARESPINE_KEYS = ["nonsense"]
    code, out = doctor()
    assert code == 1
    assert "new_key" in out


def test_a_new_key_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("new_key")
    Fernet(capsys.readouterr().out.strip())


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.skipif(connection.vendor != "sqlite", reason="the demo stands on the embedded database")
def test_the_demo_proves_itself_and_transfers_nothing_twice(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    environment["SHARESPINE_VAR"] = str(tmp_path)
    migrate(environment)
    command = [sys.executable, "manage.py", "demo", "--no-serve", "--orders", "40"]
    first, second = (
        subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
        for _ in "12"
    )
    assert first.returncode == 0, first.stdout + first.stderr
    assert second.returncode == 0, second.stdout + second.stderr
    figures = [line for line in first.stdout.splitlines() if line.startswith("figure ")]
    assert figures == first.stdout.splitlines()[-7:]
    assert figures == [line for line in second.stdout.splitlines() if line.startswith("figure ")]
    assert "figure orders_double 0" in figures
    assert "figure difference_sek 0.00" in figures
    included, arrived = (int(figures[place].split()[-1]) for place in (0, 1))
    assert included >= arrived >= 30


def test_the_demo_refuses_where_the_simulators_are_switched_off(settings: Settings) -> None:
    from django.core.management.base import CommandError

    settings.SANDBOX = False
    with pytest.raises(CommandError, match="SANDBOX"):
        call_command("demo")


def test_the_page_of_the_matrix_is_what_the_connectors_declare() -> None:
    out = io.StringIO()
    call_command("matrix", "--check", stdout=out)
    assert out.getvalue() == ""


def test_an_old_page_of_the_matrix_is_found_out_and_written_anew(settings: Settings, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "matrix.md").write_text("old")
    with pytest.raises(SystemExit):
        call_command("matrix", "--check", stdout=io.StringIO())
    call_command("matrix", stdout=io.StringIO())
    call_command("matrix", "--check", stdout=io.StringIO())
    assert (tmp_path / "docs" / "matrix.md").read_text("utf-8") == (ROOT / "docs" / "matrix.md").read_text("utf-8")
