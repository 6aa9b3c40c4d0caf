"""Further flows between the simulated shop and the simulated ERP of a rig, and what both sides show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.utils import timezone

from connectors.base import Register
from connectors.sandbox import SeenArticle
from flows.models import Endpoint, Flow, Item, Run
from tests.acceptance.conftest import Rig

READS = ("GET", "HEAD")


class Beside(Rig):
    """A flow of another register between the same two systems."""

    def runs(self, times: int = 1) -> Run:
        """So many runs, with all waiting times over before each. Returns the last."""
        assert times > 0
        for _ in range(times):
            Item.objects.filter(flow=self.flow, due_at__isnull=False).update(due_at=timezone.now())
            Endpoint.objects.update(open_until=None)
            run = self.run()
            assert (run.state, str(run.error)) == (Run.State.DONE, "")
        return Run.objects.filter(flow=self.flow).latest("pk")

    def items(self) -> dict[str, str]:
        return dict(Item.objects.filter(flow=self.flow).values_list("number", "state"))

    def said(self) -> dict[str, str]:
        return {item.number: str(item.message) for item in Item.objects.filter(flow=self.flow) if item.message.message}

    def in_shop(self) -> dict[str, SeenArticle]:
        return {article.article_number: article for article in self.shop.articles()}

    def in_erp(self) -> dict[str, SeenArticle]:
        return {article.article_number: article for article in self.erp.articles()}

    def calls(self, simulator: Any) -> int:
        return len(simulator.history.calls())

    def writes(self, simulator: Any) -> int:
        return sum(call.method not in READS for call in simulator.history.calls())


def beside(rig: Rig, register: Register, direction: str = Flow.Direction.TO_SHOP, **columns: Any) -> Beside:
    """A flow of `register` beside the one of `rig`, active, with the options that the simulators are used to."""
    source, target = (rig.erp, rig.shop) if direction == Flow.Direction.TO_SHOP else (rig.shop, rig.erp)
    options = {"source_options": source.flow_options(register), "target_options": target.flow_options(register)}
    flow = Flow.objects.create(
        connection=rig.connection,
        shop=Endpoint.objects.get(pk=rig.flow.shop_id),
        register=register,
        direction=direction,
        state=Flow.State.ACTIVE,
        **{**options, **columns},
    )
    return Beside(**{**{name: getattr(rig, name) for name in Rig.__dataclass_fields__}, "flow": flow, "age": timedelta(0)})


def known(articles: dict[str, SeenArticle], *numbers: str) -> dict[str, SeenArticle]:
    """Those articles, without the ids that the system gave them."""
    return {number: replace(articles[number], target_id="", part_of="") for number in numbers}
