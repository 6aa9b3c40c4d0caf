"""Several workers on the same flows, and several flows into one ERP, at the same time. The ERP's own history is what counts."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from connectors.base import Role
from connectors.registry import sandbox_class, systems
from connectors.sandbox import Request
from tests.faults.conftest import Stage

pytestmark = [pytest.mark.thorough, pytest.mark.slow]


def once_each(stage: Stage, path: str, key: str) -> Counter[str]:
    """How many cards each buyer has, or how many times each article was made."""
    made = [call.body[key].casefold() for call in stage.erp.history.calls("POST", path) if call.status == 201]
    return Counter(made)


def test_several_workers_on_one_flow_send_every_order_once(stage: Stage) -> None:
    # Fifteen buyers of three orders each.
    orders = sorted(buy(stage.shop, number % 15) for number in range(45))
    stage.crowd([stage.flow], workers=4)
    assert stage.references() == orders
    assert set(once_each(stage, "^/customers$", "email").values()) == {1}
    assert len(once_each(stage, "^/customers$", "email")) == 15
    assert set(once_each(stage, "^/products$", "productNumber").values()) == {1}


def test_several_flows_into_one_erp_share_its_customers_and_articles(stage: Stage) -> None:
    """The same people buy the same things in two shops, for the first time in both and at the same time."""
    other = sandbox_class(systems(Role.SHOP)[0].manifest.key)()
    with other.serve() as address:
        flow, code = stage.add_shop(other, address)
        stage.erp.latency = 0.02
        orders = sorted(buy(stage.shop, number) for number in range(25))
        others = sorted(buy(other, number) for number in range(25))
        stage.crowd([stage.flow, flow], workers=3)
    there = Counter(document.reference for document in stage.erp.documents())
    assert there == Counter([f"{stage.code}-{number}" for number in orders] + [f"{code}-{number}" for number in others])
    assert once_each(stage, "^/customers$", "email") == Counter(f"kund{number}@kund.example" for number in range(25))
    assert set(once_each(stage, "^/products$", "productNumber").values()) == {1}


def test_an_order_changed_in_the_shop_while_it_is_sent_arrives_once_and_asks_for_attention(stage: Stage) -> None:
    order = stage.shop.place_order()
    handle = stage.erp.handle
    changed: list[str] = []

    def change(request: Request) -> Any:
        if request.method == "POST" and request.path.endswith("/drafts") and not changed:
            changed.append(order)
            stage.shop.change_order(order, billing={"address_1": "Nygatan 2"})
        return handle(request)

    stage.erp.handle = change
    stage.until_settled()
    stage.run()
    assert changed
    assert stage.references() == [order]
    assert stage.last["attention"] == [order]


def buy(shop: Any, number: int) -> str:
    source_id: str = shop.place_order(customer_id=100 + number, billing={"email": f"kund{number}@kund.example"})
    return source_id
