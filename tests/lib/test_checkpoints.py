from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sharespine.lib import checkpoints

PROGRAM = (
    "from sharespine.lib.checkpoints import reach\nfor name in ('a', 'b', 'b'):\n    print(name, flush=True)\n    reach(name)"
)


@pytest.mark.parametrize(
    ("crash_at", "seen", "code"),
    [("", "a b b", 0), ("a", "a", -9), ("b", "a b", -9), ("b:2", "a b b", -9), ("b:3", "a b b", 0), ("c", "a b b", 0)],
)
def test_a_process_ends_at_the_named_place_and_nowhere_else(crash_at: str, seen: str, code: int) -> None:
    environment = {**os.environ, "SHARESPINE_CRASH_AT": crash_at}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.returncode) == (seen.split(), code)


def test_whoever_listens_is_called_at_each_pass_until_somebody_arms_anew() -> None:
    passed: list[str] = []
    checkpoints.listen("a", lambda: passed.append("a"))
    for name in ("a", "b", "a"):
        checkpoints.reach(name)
    checkpoints.arm("")
    checkpoints.reach("a")
    assert passed == ["a", "a"]
