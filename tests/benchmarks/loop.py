"""The yardstick: the calls that the engine made, sent again by a bare loop that keeps no ledger and works nothing out."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from tests.benchmarks.wire import obey

#: Headers that a client works out for itself.
OWN = ("host", "content-length", "connection")
_EMAIL = re.compile(r"kund(\d+)@kund\.example", re.IGNORECASE)

Call = dict[str, Any]


def numbered(calls: list[Call]) -> list[Call]:
    """The same calls, with customers that are created under the number that the ERP gave them then.

    In a loop that is faster or slower they come into being in another order, and the documents name their numbers.
    """
    return [_numbered(call) if call["method"] == "POST" and call["made"] else call for call in calls]


def _numbered(call: Call) -> Call:
    return {**call, "body": json.dumps({**json.loads(call["body"]), "customerNumber": call["made"]}, ensure_ascii=False)}


def by_order(calls: list[Call], codes: Iterable[str], buyers: dict[str, str]) -> list[list[Call]]:
    """The calls in groups, in the order in which the groups began. Within a group they follow each other.

    A group is what concerns the orders of one buyer: the customer must be there before its documents. `buyers` is order id →
    buyer. A call that concerns nobody, or several at once, stands alone.
    """
    reference = re.compile(rf"(?:{'|'.join(codes)})-(\d+)")
    groups: dict[str, list[Call]] = {}
    alone = count()
    for call in calls:
        text = json.dumps([call["path"], call["query"], call["headers"], call["body"]])
        names = set(_EMAIL.findall(text)) | {buyers[number] for number in reference.findall(text) if number in buyers}
        groups.setdefault(names.pop() if len(names) == 1 else f"alone {next(alone)}", []).append(call)
    return list(groups.values())


class Plan:
    """What to send, as a file says: calls `before` the measuring, reading calls, then `groups`, `threads` of them at a time."""

    def __init__(self, path: Path) -> None:
        self._plan = json.loads(path.read_text())

    def prepare(self) -> int:
        """Bring the ERP into the state in which the engine found it. Returns how many calls that took."""
        with requests.Session() as session:
            _send_all(session, self._plan["erp"], self._plan["before"])
        return len(self._plan["before"])

    def send(self) -> dict[str, float]:
        """Read, then send. Returns the seconds, and those of CPU time."""
        threads = self._plan["threads"]
        started, cpu = time.perf_counter(), time.process_time()
        with requests.Session() as session, ThreadPoolExecutor(threads) as pool:
            session.mount("http://", HTTPAdapter(pool_maxsize=threads))
            _send_all(session, self._plan["shop"], self._plan["reading"])
            groups = [pool.submit(_send_all, session, self._plan["erp"], calls) for calls in self._plan["groups"]]
            for group in groups:
                group.result()
        return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}


def _send_all(session: requests.Session, address: str, calls: list[Call]) -> None:
    for call in calls:
        _send(session, address, call)


def _send(session: requests.Session, address: str, call: Call) -> None:
    answer = session.request(
        call["method"],
        address + call["path"],
        params=call["query"],
        data=call["body"].encode() or None,
        headers={name: value for name, value in call["headers"].items() if name.lower() not in OWN},
    )
    if answer.status_code != call["status"]:
        raise RuntimeError(f"{call['method']} {call['path']} gave {answer.status_code} {answer.text}, not {call['status']}")


if __name__ == "__main__":
    plan = Plan(Path(sys.argv[1]))
    obey({"prepare": plan.prepare, "send": plan.send})
