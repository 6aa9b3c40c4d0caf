"""A small sample of the kill storm runs with the other tests; `make faults` runs all of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.faults.chaos.processes import ROOT

KIND = "postgresql" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "sqlite"
#: The sample is taken where several machines can be; `make faults` storms both databases.
pytestmark = [pytest.mark.slow, pytest.mark.deep if KIND == "sqlite" else pytest.mark.thorough]
KILLS = os.environ.get("FAULT_KILLS", "5")


def test_kills_at_any_place_lose_no_order_and_double_none() -> None:
    command = [
        sys.executable,
        "-m",
        "tests.faults.chaos",
        "--seed",
        "12",
        "--kills",
        KILLS,
        "--database",
        KIND,
        "--only",
        "forks",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    figures = dict(line.split()[1:] for line in done.stdout.splitlines() if line.startswith("figure "))
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(figures["kills"]) >= int(KILLS)
    assert int(figures["orders"]) == int(figures["documents"]) > 5
