from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from connectors.sandbox import Fault, Request, Response
from connectors.sandbox_history import Journal
from sharespine.lib.clock import utcnow
from tests.connectors.echo import Echo


@pytest.fixture
def echo() -> Iterator[Echo]:
    sandbox = Echo()
    with sandbox.serve():
        yield sandbox


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


class TestServing:
    def test_answers_are_json_with_exact_numbers(self, echo: Echo, http: requests.Session) -> None:
        echo.responses = [Response(201, {"total": Decimal("0.10")}, {"Location": "/1"})]
        answer = http.post(echo.address, timeout=2)
        assert (answer.status_code, answer.text, answer.headers["Location"]) == (201, '{"total": 0.10}', "/1")
        assert answer.headers["Content-Type"].startswith("application/json")

    def test_a_connection_is_kept_alive_over_answers_with_and_without_body(self, echo: Echo) -> None:
        echo.responses = [Response(204), Response(200, "hej"), Response(304), Response(200, None)]
        with socket.create_connection(("127.0.0.1", int(echo.address.rpartition(":")[2])), timeout=2) as connection:
            for expected in (b"204", b"200", b"304", b"200"):
                connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                time.sleep(0.02)
                assert expected in connection.recv(4096).split(b"\r\n")[0]

    def test_head_has_the_length_and_no_body(self, echo: Echo, http: requests.Session) -> None:
        echo.responses = [Response(200, "hej")]
        answer = http.head(echo.address, timeout=2)
        assert (answer.headers["Content-Length"], answer.content) == ("3", b"")

    def test_stopping_ends_all_threads_at_once_even_while_an_answer_is_delayed(self) -> None:
        sandbox = Echo()
        before = threading.active_count()
        with sandbox.serve() as address, ThreadPoolExecutor(1) as pool:
            sandbox.faults.add(Fault("delay", seconds=30))
            call = pool.submit(requests.get, address, timeout=30)
            while not sandbox.history.calls():
                time.sleep(0.01)
            started = time.monotonic()
            sandbox._stopping.set()
            call.result()
        assert time.monotonic() - started < 2
        assert threading.active_count() == before
        assert sandbox.address == ""

    def test_a_simulator_can_be_served_again(self, http: requests.Session) -> None:
        sandbox = Echo()
        for expected in (1, 2):
            with sandbox.serve() as address:
                http.post(address, timeout=2)
            assert sandbox.count == expected

    def test_a_bug_in_a_simulator_is_a_500_and_in_the_log(
        self, echo: Echo, http: requests.Session, caplog: pytest.LogCaptureFixture
    ) -> None:
        echo.responses = [Response(200, {"x": 1})]
        answer = http.post(echo.address, data=b"\xff", timeout=2)
        assert answer.status_code == 200
        answer = http.post(echo.address, data=b"\xff", timeout=2)
        assert answer.status_code == 500
        assert "UnicodeDecodeError" in caplog.text

    def test_one_call_is_handled_at_a_time(self, echo: Echo) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: requests.post(echo.address, timeout=5), range(40)))
        assert echo.count == 40
        assert [call.number for call in echo.history.calls()] == list(range(1, 41))

    def test_latency_is_added_to_each_answer(self, echo: Echo, http: requests.Session) -> None:
        echo.latency = 0.1
        started = time.monotonic()
        http.get(echo.address, timeout=2)
        http.get(echo.address, timeout=2)
        assert time.monotonic() - started >= 0.2


class TestRequest:
    def test_the_path_is_raw_and_the_query_decoded(self) -> None:
        request = Request.parse("GET", "/a%2Fb?x=1&x=2&y=%C3%A5&z=", {"X-Key": "1"})
        assert request.path == "/a%2Fb"
        assert request.query == [("x", "1"), ("x", "2"), ("y", "å"), ("z", "")]
        assert (request.param("x"), request.param("z", "d"), request.param("q", "d")) == ("2", "", "d")
        assert request.headers.get("x-KEY") == "1"

    def test_json_has_exact_numbers(self) -> None:
        assert Request("POST", "/", body=b'{"a": 0.10}').json() == {"a": Decimal("0.10")}
        with pytest.raises(ValueError):
            Request("POST", "/", body=b"{").json()


class TestHistory:
    def test_calls_are_kept_with_body_answer_and_fault(self, echo: Echo, http: requests.Session) -> None:
        echo.faults.add(Fault("status_after", status=503, path="^/orders"))
        http.post(f"{echo.address}/orders?page=2", json={"a": 1}, timeout=2)
        http.get(f"{echo.address}/self", timeout=2)
        (call,) = echo.history.calls("POST")
        assert (call.path, call.query, call.body, call.status, call.fault) == (
            "/orders", [("page", "2")], {"a": 1}, 503, "status_after",
        )  # fmt: skip
        assert [c.path for c in echo.history.calls(path="^/self$")] == ["/self"]
        assert len(echo.history) == 2

    def test_a_call_that_got_no_answer_says_so(self, echo: Echo, http: requests.Session) -> None:
        echo.faults.add(Fault("drop_after"))
        with pytest.raises(requests.ConnectionError):
            http.post(echo.address, timeout=2)
        (call,) = echo.history.calls()
        assert (call.status, call.answer, call.fault) == (0, None, "drop_after")
        assert echo.count == 1

    def test_no_credentials_are_kept(self, echo: Echo, http: requests.Session) -> None:
        http.get(f"{echo.address}/?consumer_secret=hemlig&oauth_signature=hemlig2", auth=("ck", "hemlig3"), timeout=2)
        assert "hemlig" not in repr(echo.history.calls()[0].query)
        assert not hasattr(echo.history.calls()[0], "headers")


class TestFaults:
    def test_a_fault_hits_as_often_as_told_and_only_what_matches(self, echo: Echo, http: requests.Session) -> None:
        echo.faults.add(Fault("status", method="POST", path="/orders", times=2, status=503))
        calls = [("GET", "/orders"), ("POST", "/other"), ("POST", "/orders"), ("POST", "/orders"), ("POST", "/orders")]
        answers = [http.request(method, echo.address + path, timeout=2).status_code for method, path in calls]
        assert answers == [200, 200, 503, 503, 200]

    def test_a_fault_that_is_not_handled_changes_nothing(self, echo: Echo, http: requests.Session) -> None:
        echo.faults.add(Fault("html"))
        echo.faults.add(Fault("drop_before"))
        assert "<h1>" in http.post(echo.address, timeout=2).text
        with pytest.raises(requests.ConnectionError):
            http.post(echo.address, timeout=2)
        assert echo.count == 0

    @pytest.mark.parametrize(("kind", "handled"), [("reset_early", 0), ("reset_before", 0), ("reset_after", 1)])
    def test_a_reset_connection_ends_in_the_middle_of_the_call(self, echo: Echo, kind: str, handled: int) -> None:
        echo.faults.add(Fault(kind))
        with socket.create_connection(("127.0.0.1", int(echo.address.rpartition(":")[2])), timeout=2) as connection:
            connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n" + (b"" if kind == "reset_early" else b"{}"))
            with pytest.raises(ConnectionResetError):
                connection.recv(100)
        assert echo.count == handled
        assert [(call.status, call.answer, call.fault) for call in echo.history.calls()] == [(0, None, kind)]

    def test_delay_handles_at_once_and_delay_before_late(self, echo: Echo) -> None:
        for kind, handled in (("delay", 1), ("delay_before", 0)):
            echo.count = 0
            echo.faults.add(Fault(kind, seconds=0.4))
            with ThreadPoolExecutor(1) as pool:
                call = pool.submit(requests.post, echo.address, timeout=5)
                time.sleep(0.2)
                assert echo.count == handled
                assert call.result().status_code == 200
            assert echo.count == 1

    def test_a_share_of_the_calls_is_drawn_from_the_seed(self) -> None:
        def hits(seed: int) -> list[bool]:
            sandbox = Echo(seed=seed)
            sandbox.faults.add(Fault("status", share=0.3, times=None))
            return [sandbox.faults.pick(Request("GET", "/")) is not None for _ in range(200)]

        assert hits(1) == hits(1)
        assert hits(1) != hits(2)
        assert 35 < sum(hits(1)) < 85

    def test_faults_can_be_taken_back_and_unknown_kinds_are_refused(self, echo: Echo, http: requests.Session) -> None:
        echo.faults.add(Fault("status", times=None))
        echo.faults.clear()
        assert http.get(echo.address, timeout=2).status_code == 200
        with pytest.raises(ValueError, match="earthquake"):
            Fault("earthquake")


class TestJournal:
    def test_what_was_accepted_survives_a_restart_with_its_times(self, tmp_path: Path, http: requests.Session) -> None:
        path = tmp_path / "journal.jsonl"
        first = Echo(journal=path)
        with first.serve() as address:
            first.responses = [Response(422), Response(200, {})]
            http.post(f"{address}/refused", timeout=2)
            http.get(f"{address}/read", timeout=2)
            http.put(f"{address}/b?x=å", data="hej", timeout=2)
        later = Echo(journal=path, clock=lambda: utcnow() + timedelta(days=1))
        assert later.count == 1
        assert later.times == [first.times[1]]
        assert later.now() > utcnow() + timedelta(hours=23)
        assert len(later.history) == 0

    def test_a_write_whose_answer_was_lost_survives_too(self, tmp_path: Path, http: requests.Session) -> None:
        path = tmp_path / "journal.jsonl"
        first = Echo(journal=path)
        first.faults.add(Fault("drop_after"))
        first.faults.add(Fault("drop_before"))
        with first.serve() as address:
            for _ in range(2):
                with pytest.raises(requests.ConnectionError):
                    http.post(address, timeout=2)
        assert Echo(journal=path).count == 1

    @pytest.mark.parametrize("torn", [b'{"at": "2026-11-2', b"\x00\x00\x00", b"{"])
    def test_a_last_line_cut_by_a_power_loss_is_dropped_and_later_entries_are_whole(self, tmp_path: Path, torn: bytes) -> None:
        path = tmp_path / "journal.jsonl"
        Echo(journal=path).answer(Request("POST", "/1"))
        with path.open("ab") as file:
            file.write(torn)
        second = Echo(journal=path)
        assert second.count == 1
        second.answer(Request("POST", "/2"))
        assert Echo(journal=path).count == 2

    def test_a_body_of_any_bytes_is_replayed_as_it_was(self, tmp_path: Path) -> None:
        first = Echo(journal=tmp_path / "j")
        first.responses = [Response(201)]
        first.answer(Request("POST", "/1", body=b"\x00\xff\n"))
        (entry,) = Journal(tmp_path / "j").entries()
        assert entry[1].body == b"\x00\xff\n"

    def test_time_stands_still_while_a_call_is_handled(self, tmp_path: Path) -> None:
        moments = iter(datetime(2026, 10, 25, 0, minute, tzinfo=UTC) for minute in range(60))
        clocked = Echo(journal=tmp_path / "j", clock=lambda: next(moments))
        clocked.answer(Request("POST", "/"))
        clocked.answer(Request("POST", "/"))
        assert Echo(journal=tmp_path / "j").times == clocked.times == [datetime(2026, 10, 25, 0, m, tzinfo=UTC) for m in (0, 1)]

    def test_a_call_that_is_refused_when_replayed_is_warned_of(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        first = Echo(journal=tmp_path / "j")
        first.responses = [Response(201)]
        first.answer(Request("POST", "/orders", body=b"\xff"))
        Echo(journal=tmp_path / "j")
        assert "POST /orders was accepted once and now gives 500" in caplog.text
