"""What a fault test does in a process of its own, on the database of its environment: `set_up` or `run`."""

from __future__ import annotations

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sharespine.settings")
django.setup()

from billing.models import Customer  # noqa: E402 - after django.setup()
from flows import engine, services  # noqa: E402
from flows.models import Connection, Endpoint, Flow, Run, Transfer  # noqa: E402


def set_up(given: dict[str, dict[str, object]]) -> dict[str, object]:
    """A flow between two simulators, given as {"shop": {"system", "options"}, "erp": {…}, "source": {}, "target": {}}."""
    customer = Customer.objects.create(name="Ullbutiken AB")
    made = {}
    for role in ("shop", "erp"):
        options = given[role]["options"]
        assert isinstance(options, dict)
        endpoint = Endpoint.objects.create(customer=customer, system=str(given[role]["system"]), name=role, secrets=options)
        made[role] = services.check_endpoint(endpoint, actor="test")
        assert made[role].health == Endpoint.Health.WORKING, str(made[role].trouble)
    connection = Connection.objects.create(customer=customer, name="c", erp=made["erp"], state=Connection.State.ACTIVE)
    flow = Flow.objects.create(
        connection=connection,
        shop=made["shop"],
        state=Flow.State.ACTIVE,
        trigger_statuses=["processing", "completed"],
        source_options=given["source"],
        target_options=given["target"],
    )
    return {"flow": flow.pk, "code": made["shop"].code}


def run(flow: int) -> dict[str, object]:
    """One run of the flow, and where its transfers are then."""
    this = engine.run(flow)
    return {
        "run": this.state if this else None,
        "live": Run.objects.filter(flow=flow, state=Run.State.RUNNING).count(),
        "states": dict(Transfer.objects.filter(flow=flow).values_list("source_id", "state")),
        "messages": {t.source_id: str(t.message) for t in Transfer.objects.filter(flow=flow) if t.message.message},
        "due": Transfer.objects.filter(flow=flow, due_at__isnull=False).count(),
    }


if __name__ == "__main__":
    argument = json.loads(sys.argv[2])
    print(json.dumps(set_up(argument) if sys.argv[1] == "set_up" else run(argument)))
