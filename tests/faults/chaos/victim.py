"""`python -m tests.faults.chaos.victim …` is `manage.py …` in processes that walk into ambushes.

Nothing else differs: the command, its cluster, settings and database are the real ones.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from tests.faults.chaos import ambush


def bear(name: str) -> None:
    """Show this process as `name` among those of the machine, as the processes of a worker do themselves."""
    Path("/proc/self/comm").write_text(name)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sharespine.settings")
    bear("command")
    ambush.listen(os.environ[ambush.FOLDER])
    execute_from_command_line(["manage.py", *sys.argv[1:]])
