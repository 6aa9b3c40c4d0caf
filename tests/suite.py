"""`python -m tests.suite`: the tests of every day on SQLite, then those that touch the database on PostgreSQL, if there is one.

With `--thorough` those that show the same in more ways: both together are what must hold before a change lands.
PostgreSQL is taken from `DATABASE_URL`, else looked for on this machine. `TEST_DATABASE=sqlite|postgresql` runs one half only.
"""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
from cryptography.fernet import Fernet

from tests import migrated

#: Where a server usually is: a local socket, or loopback with the password that images ship with.
USUAL = ("postgresql:///postgres", "postgresql://postgres:postgres@127.0.0.1:5432/postgres", "postgresql://127.0.0.1/postgres")
#: Tests that touch the database: the others have nothing to learn from a second one.
DATABASE_TESTS = [
    "tests/flows",
    "tests/faults",
    "tests/stateful",
    "tests/billing",
    "tests/api",
    "tests/portal/test_users.py",
    "tests/portal/test_orders.py",
    "tests/portal/test_items.py",
    "tests/portal/test_overview.py",
    "tests/portal/test_runs.py",
    "tests/portal/test_log_growth.py",
    "tests/acceptance",
    "tests/security/test_poison.py",
    "tests/lib/test_secrets.py",
    "tests/project/test_commands.py",
]
#: What is the same on every database: how processes are watched over, how remote systems and plugins misbehave, how pages look,
#: and what is reckoned rather than stored. `make faults` kills on both.
NOTHING_NEW = [
    f"--ignore=tests/{path}"
    for path in (
        "faults/test_worker.py",
        "faults/remote/test_storms.py",
        "faults/remote/test_unknown_outcomes.py",
        "acceptance/test_bad_answers.py",
        "acceptance/test_to_the_ore.py",
        "acceptance/test_bad_access.py",
        "acceptance/test_bad_records.py",
        "acceptance/test_orders_as_they_are.py",
        "acceptance/test_the_edge_of_a_poll.py",
        "api/test_any_request.py",
        "api/test_catalogue.py",
        "api/test_docs.py",
        "api/test_key_pages.py",
        "api/test_limits.py",
        "api/test_problems.py",
        "api/test_registers.py",
        "api/test_tags.py",
        "billing/test_any_contract.py",
        "billing/test_contract_pages.py",
        "billing/test_dates.py",
        "billing/test_hours_pages.py",
        "billing/test_invoice_pages.py",
        "billing/test_matrix.py",
        "flows/test_admin_actions.py",
        "flows/test_admin_forms.py",
        "flows/test_admin_groups.py",
        "flows/test_admin_pages.py",
        "flows/test_admin_outgoing.py",
        "flows/test_admin_plugins.py",
        "flows/test_admin_registers.py",
        "flows/test_mapping_language.py",
        "flows/test_admin_initial.py",
        "flows/test_admin_mapping.py",
        "flows/test_admin_schedule.py",
        "flows/test_planner.py",
        "flows/test_plugins.py",
        "flows/test_schedule.py",
        "flows/test_startpage.py",
        "flows/test_rules_by_chance.py",
        "stateful/test_any_article.py",
        "stateful/test_any_status.py",
        "stateful/test_found_articles.py",
    )
]


def find_postgresql() -> str:
    """The address of a PostgreSQL on which databases can be created, or the empty string."""
    given = os.environ.get("DATABASE_URL", "")
    for address in [given] if given.startswith("postgres") else USUAL:
        try:
            with psycopg.connect(address, connect_timeout=2) as connection:
                row = connection.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        except psycopg.Error:
            continue
        if row and row[0]:
            return address.replace("postgresql:///", "postgres:///")
    return ""


def run(arguments: list[str], environment: dict[str, str]) -> int:
    # More than the two cores that the suite is made for: tests wait for processes, browsers and locks.
    command = [sys.executable, "-m", "pytest", "-n", os.environ.get("TEST_PROCESSES", "3"), "--dist", "worksteal", *arguments]
    # Hundreds of processes are started: what one has compiled, the others take, whatever the shell says.
    compiled = {"PYTHONDONTWRITEBYTECODE": ""}
    with migrated.made(environment) as copied:
        return subprocess.run(command, env={**os.environ, **compiled, **environment, **copied}, check=False).returncode


def main(arguments: list[str]) -> int:
    thorough = "--thorough" in arguments
    # Paths and options of pytest go after it: one that chooses marks of its own is heard.
    chosen = ["-m", "thorough and not deep" if thorough else "not thorough and not deep"]
    arguments = [argument for argument in arguments if argument != "--thorough"]
    failed = _on_both(chosen, arguments)
    if not thorough:
        print("— these were the tests of every day; others: `make thorough` (minutes), `make faults` (an hour) —", flush=True)
    return failed


def _on_both(chosen: list[str], arguments: list[str]) -> int:
    wanted = os.environ.get("TEST_DATABASE", "")
    failed = 0
    if wanted != "postgresql":
        environment = {**os.environ}
        os.environ.pop("DATABASE_URL", None)
        print("— on SQLite —", flush=True)
        failed |= run([*chosen, *arguments], {})
        os.environ.update(environment)
    if wanted == "sqlite":
        return failed
    address = find_postgresql()
    if not address:
        print("— on PostgreSQL: SKIPPED, no server found. Set DATABASE_URL, or start one on this machine. —", flush=True)
        return failed
    print("— on PostgreSQL —", flush=True)
    keys = {"DATABASE_URL": address, "SECRET_KEY": "only-for-tests", "SHARESPINE_KEYS": Fernet.generate_key().decode()}
    return failed | run(
        [*chosen, *(arguments or [*DATABASE_TESTS, *NOTHING_NEW])],
        {
            **keys,
            "SANDBOX": "true",
            "SECURE_SSL_REDIRECT": "false",
            "COOKIES_SECURE": "false",
            "SITE_URL": "http://127.0.0.1:8800",
        },
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
