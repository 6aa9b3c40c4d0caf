"""The worker command and the web server as they run in production, and what they cost."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.wire import ROOT

_TICKS = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def worker(environment: dict[str, str], processes: int) -> Iterator[int]:
    """`manage.py worker` with so many processes; its process id."""
    command = [sys.executable, "manage.py", "worker"]
    settings = {**environment, "WORKERS": str(processes)}
    with subprocess.Popen(command, cwd=ROOT, env=settings, start_new_session=True) as process:
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(timeout=150)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def web(environment: dict[str, str]) -> Iterator[str]:
    """The web server of production on a free port; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
    Path(environment["SHARESPINE_VAR"], "static").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "waitress", f"--listen={host}:{port}", "--threads=8", "sharespine.wsgi:application"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            _await((host, port))
            yield f"http://{host}:{port}"
        finally:
            process.terminate()


def _await(address: tuple[str, int], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(address).close()
        except ConnectionRefusedError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
        else:
            return


def cpu(pid: int) -> float:
    """Seconds of CPU time that the process, its living descendants and those that ended under them have used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS + sum(cpu(int(child)) for child in children)
