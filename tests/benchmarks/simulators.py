"""Simulated shops and ERPs in a process of their own, served on loopback, each answer delayed by a fixed time."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from requests.structures import CaseInsensitiveDict

from connectors.base import Register, Role
from connectors.registry import sandbox_class, systems
from connectors.sandbox import History, Request
from connectors.woocommerce.simulator.cart import Cart, Item
from connectors.woocommerce.simulator.people import person
from sharespine.lib.clock import utcnow
from tests.benchmarks.wire import Helper, obey

#: So many tokens that a benchmark never has to wait for new ones: with the usual 10,000 a minute it would measure the limit.
PLENTY = 10_000_000


def simulators(*, shops: int = 0, erps: int = 0, latency: float = 0) -> Helper:
    """A helper that serves so many of each. `latency` is in seconds, added to every answer."""
    return Helper("tests.benchmarks.simulators", json.dumps({"shops": shops, "erps": erps, "latency": latency}))


@dataclass(frozen=True, slots=True)
class Kept:
    """A request as it came, headers included, so that it can be sent again. `at` is in seconds since 1970."""

    at: float
    request: Request
    status: int
    answer: Any


class Recorder(History):
    """A history that also keeps each request whole."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Kept] = []

    def append(self, *, request: Request, status: int, answer: Any, **kept: Any) -> None:
        self.requests.append(Kept(time.time(), request, status, answer))
        super().append(request=request, status=status, answer=answer, **kept)


class Ground:
    """The simulators of this process; its public methods are what can be asked of it."""

    def __init__(self, *, shops: int, erps: int, latency: float) -> None:
        self._shops: list[Any] = [_made(Role.SHOP) for _ in range(shops)]
        self._erps: list[Any] = [_made(Role.ERP) for _ in range(erps)]
        for shop in self._shops:
            # Basic sign-in, so that recorded calls can be sent again as they are: a signature is good for one call.
            shop.is_tls = True
        for erp in self._erps:
            erp.bucket.limit = PLENTY
        self._all = [*self._shops, *self._erps]
        self._latency = latency
        self._stack = contextlib.ExitStack()

    def serve(self) -> contextlib.ExitStack:
        for simulator in self._all:
            self._stack.enter_context(simulator.serve())
            simulator.latency = self._latency
        return self._stack

    def about(self) -> dict[str, Any]:
        """How to reach each of them: system, options of the endpoint, of a flow of orders and of flows of other registers."""
        told = [
            {
                "system": made.key,
                "options": made.endpoint_options(made.address),
                "flow": made.flow_options(),
                "flows": {register: made.flow_options(register) for register in Register},
            }
            for made in self._all
        ]
        return {"shops": told[: len(self._shops)], "erps": told[len(self._shops) :]}

    def set_latency(self, seconds: float) -> None:
        for simulator in self._all:
            simulator.latency = seconds

    def seed(self, shop: int, count: int, buyers: int, until: str = "", first_buyer: int = 0) -> list[str]:
        """Place `count` orders of three rows by `buyers` people, one every three seconds. Returns their ids.

        The last one is placed at `until` (with offset; now). The same arguments give the same orders.
        """
        place, random, last = self._shops[shop], Random(count), datetime.fromisoformat(until) if until else utcnow()
        articles = [article for article in place.catalogue if article.sku and article.price > 1 and not article.deleted]
        return [
            place.place_order(
                Cart(items=tuple(Item(article, random.choice((1, 1, 2, 3))) for article in random.sample(articles, 3))),
                at=last - timedelta(seconds=3 * (count - 1 - number)),
                **person(random, first_buyer + number % buyers),
            )
            for number in range(count)
        ]

    def stock(self, shop: int) -> list[str]:
        """Place orders, two hours ago, which between them hold every article that `seed` uses."""
        place = self._shops[shop]
        articles = [article for article in place.catalogue if article.sku and article.price > 1 and not article.deleted]
        threes = [articles[start : start + 3] for start in range(0, len(articles), 3)]
        random, at = Random(1), utcnow() - timedelta(hours=2)
        return [
            place.place_order(Cart(items=tuple(map(Item, three))), at=at, **person(random, 100_000 + number))
            for number, three in enumerate(threes)
        ]

    def fill(self, number: int, articles: int, quantity: int = 0, variants: int = 0) -> None:
        """Give the simulator `number` (shops first) so many articles, of which every `variants` together are one product."""
        simulator = self._all[number]
        parent = ""
        options: tuple[tuple[str, str], ...] = ()
        for n in range(articles):
            if variants and n % variants == 0:
                parent = simulator.add_article(f"P-{n:06}", name=f"Tröja {n}", vat_rate=Decimal(25))
            options = (("Storlek", str(n % variants)),) if variants else ()
            simulator.add_article(
                f"A-{n:06}",
                name=f"Vara {n}",
                quantity=Decimal(quantity),
                vat_rate=Decimal(25),
                **({"part_of": parent, "options": options} if variants else {}),
            )

    def held(self, number: int) -> dict[str, int]:
        """How many articles the simulator `number` holds, and how many quantities there are of them."""
        articles = [article for article in self._all[number].articles() if article.article_number.startswith("A-")]
        return {"articles": len(articles), "quantities": len({article.quantity for article in articles})}

    def doubles(self, number: int) -> int:
        """How many articles the simulator `number` holds whose number another one has too."""
        numbers = [article.article_number for article in self._all[number].articles()]
        return len(numbers) - len(set(numbers))

    def writes(self, number: int) -> int:
        """How often the simulator `number` was called so far to change something."""
        return sum(kept.request.method not in ("GET", "HEAD") for kept in self._all[number].history.requests)

    def hook(self, shop: int, address: str) -> None:
        """Have a webhook of new orders go to `address`; none any more when it is empty."""
        simulator = self._shops[shop]
        simulator.hooks.clear()
        if address:
            hook = {"topic": "order.created", "delivery_url": address, "secret": simulator.webhook_secret}
            headers = CaseInsensitiveDict({"Content-Type": "application/json", "Authorization": _basic(simulator.access)})
            body = json.dumps(hook).encode()
            made = simulator.answer(Request("POST", "/wp-json/wc/v3/webhooks", headers=headers, body=body))
            assert made.status == 201, made.body
            simulator.run_cron()

    def place(self, shop: int, buyer: int) -> dict[str, Any]:
        """One new order now, and the webhook that it causes. Returns its id, when it was placed, and seconds to the answer."""
        [source_id] = self.seed(shop, 1, 1, first_buyer=buyer)
        at, started = time.time(), time.perf_counter()
        taken = self._shops[shop].run_cron()
        assert taken == len(self._shops[shop].hooks), "the webhook was refused"
        return {"id": source_id, "at": at, "answered": time.perf_counter() - started}

    def wait_for(self, erp: int, reference: str, patience: float) -> float:
        """When the document with `reference` was made: seconds since 1970. Raises when that takes longer than `patience`."""
        requests, looked, ends = self._erps[erp].history.requests, 0, time.monotonic() + patience
        while time.monotonic() < ends:
            for kept in requests[looked:]:
                looked += 1
                if kept.status == 201 and f'"{reference}"'.encode() in kept.request.body:
                    return float(kept.at)
            time.sleep(0.005)
        raise TimeoutError(f"{reference} is not there after {patience} s")

    def counts(self) -> list[int]:
        """How many documents each ERP holds."""
        return [len(erp.documents()) for erp in self._erps]

    def calls(self) -> list[int]:
        """How often each simulator was called so far, shops first."""
        return [len(simulator.history.requests) for simulator in self._all]

    def write_calls(self, path: str, since: list[int]) -> None:
        """Write what each simulator was asked, from the call number `since` on, as JSON."""
        Path(path).write_text(json.dumps([_told(s, start) for s, start in zip(self._all, since, strict=True)]))

    def cpu(self) -> float:
        """Seconds of CPU time that this process has used."""
        return time.process_time()


def _made(role: Role) -> Any:
    simulator: Any = sandbox_class(systems(role)[0].manifest.key)()
    simulator.history = Recorder()
    return simulator


def _told(simulator: Any, start: int) -> list[dict[str, Any]]:
    """The calls from number `start` on. `made` is the number of a customer that was created."""
    return [
        {
            "method": kept.request.method,
            "path": kept.request.path,
            "query": kept.request.query,
            "headers": dict(kept.request.headers),
            "body": kept.request.body.decode(),
            "status": kept.status,
            "made": kept.answer.get("customerNumber") if isinstance(kept.answer, dict) and kept.status == 201 else None,
        }
        for kept in simulator.history.requests[start:]
    ]


def _basic(access: Any) -> str:
    return f"Basic {b64encode(f'{access.key}:{access.secret}'.encode()).decode()}"


def main() -> None:
    ground = Ground(**json.loads(sys.argv[1]))
    with ground.serve():
        obey({name: getattr(ground, name) for name in dir(ground) if not name.startswith("_") and name != "serve"})


if __name__ == "__main__":
    main()
