from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = (
    "from sharespine.lib.checkpoints import reach\nfor name in ('a', 'b', 'b'):\n    print(name, flush=True)\n    reach(name)"
)


@pytest.mark.parametrize(
    ("crash_at", "seen", "code"),
    [("", "a b b", 0), ("a", "a", 137), ("b", "a b", 137), ("b:2", "a b b", 137), ("b:3", "a b b", 0), ("c", "a b b", 0)],
)
def test_a_process_ends_at_the_named_place_and_nowhere_else(crash_at: str, seen: str, code: int) -> None:
    environment = {**os.environ, "SHARESPINE_CRASH_AT": crash_at}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.returncode) == (seen.split(), code)
