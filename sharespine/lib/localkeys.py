"""Keys for an installation on one machine that nobody configured: made once, kept in a file that only its owner reads."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.fernet import Fernet


def local_key(path: Path, *, allowed: bool) -> str:
    """The key in `path`, made on first use. Empty when not `allowed`: then the environment must give it (`doctor` says so)."""
    if not allowed:
        return ""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        # Another process was faster: its key counts.
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(Fernet.generate_key().decode())
    return path.read_text().strip()
