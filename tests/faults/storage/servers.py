"""A PostgreSQL of a test's own, on a disk of its own if need be: to stop, to kill and to fill up."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

#: Small enough for a disk of a few megabytes, and careless: a test's data may be lost with the machine.
OPTIONS = (
    "-c listen_addresses= -c fsync=off -c shared_buffers=8MB -c min_wal_size=2MB -c max_wal_size=4MB -c max_connections=40"
)


@cache
def programs() -> Path | None:
    """Where `initdb` and `pg_ctl` lie, or None. Debian keeps them off the path."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


@cache
def may_mount() -> bool:
    """Whether this process can make small disks: root outside of a sandbox."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder), megabytes=1):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


@contextlib.contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """A disk of its own at `folder`."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def full(folder: Path) -> Iterator[None]:
    """The disk at `folder` is full until the end of the block."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1_000_000, 4096):
            # Others may write meanwhile: whatever they leave is taken.
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass
    try:
        yield
    finally:
        ballast.unlink()


@dataclass
class Server:
    """A PostgreSQL that listens on a socket in `folder` only, with its data there too."""

    folder: Path

    @property
    def address(self) -> str:
        return f"postgres://sharespine@/postgres?host={self.folder}"

    def start(self) -> None:
        self._control("start", "-w", "-l", str(self.folder / "log"), "-o", f"-k {self.folder} {OPTIONS}")

    def stop(self, mode: str) -> None:
        """`fast` ends every session and shuts down; `immediate` is a crash."""
        self._control("stop", "-w", "-m", mode)

    @property
    def is_running(self) -> bool:
        return (self.folder / "data" / "postmaster.pid").exists()

    def end_sessions(self) -> int:
        """End every session but this one, as a failing proxy does. Returns how many there were."""
        others = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = %s"
        )
        with psycopg.connect(self.address, autocommit=True) as connection:
            row = connection.execute(others, ["client backend"]).fetchone()
        assert row is not None
        return int(row[0])

    def _control(self, *arguments: str) -> None:
        _run("pg_ctl", "-D", str(self.folder / "data"), *arguments)


@contextlib.contextmanager
def server(*, megabytes: int = 0) -> Iterator[Server]:
    """A new PostgreSQL, gone afterwards; on a disk of so many megabytes, if any are given."""
    with contextlib.ExitStack() as stack:
        # A short path: that of a socket may have 107 characters.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True)))
        if megabytes:
            stack.enter_context(small_disk(folder, megabytes=megabytes))
        if as_somebody := _somebody():
            shutil.chown(folder, as_somebody["user"], as_somebody["group"])
        initdb = ["-D", str(folder / "data"), "-A", "trust", "-U", "sharespine", "-E", "UTF8", "--locale=C", "--wal-segsize=1"]
        _run("initdb", *initdb, "--no-sync")
        made = Server(folder)
        made.start()
        try:
            yield made
        finally:
            if made.is_running:
                made.stop("immediate")


def _run(program: str, *arguments: str) -> None:
    binaries = programs()
    assert binaries is not None
    # Files and not pipes: the server keeps what it inherits open.
    subprocess.run([binaries / program, *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=120, **_somebody())


def _somebody() -> dict[str, Any]:
    """PostgreSQL refuses to be run by root."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
