"""Says at the end of a run how many cases of the contract each system went through."""

from __future__ import annotations

import re

import pytest

from connectors.registry import SYSTEMS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    cases = [set(re.split(r"[\[\]-]", report.nodeid)) for report in reports if "/contract/" in report.nodeid]
    for key in SYSTEMS:
        count = sum(key in words for words in cases)
        if count:
            terminalreporter.write_line(f"figure contract_cases_{key} {count}")
