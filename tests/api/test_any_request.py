"""Whatever is sent is answered as the schema says: schemathesis makes the requests, right ones and wrong ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi import checks

from tests.api import documented
from tests.conftest import EXAMPLES

#: Each day the same few examples of each operation; with `EXAMPLES=500` a hundred others.
FEW = settings(
    max_examples=EXAMPLES // 5,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def ways_in(db: None, settings: Any) -> Iterator[dict[str, Any]]:
    """What goes with a request to come in, by security scheme."""
    settings.API_LIMITS = dict.fromkeys(settings.API_LIMITS, "1000000/second")
    settings.ALLOWED_HOSTS = ["*"]
    shop = documented.world()
    session = documented.clients(shop)["cookieAuth"].cookies["sessionid"].value
    for signal in (request_started, request_finished):
        # As the test client does for each request: it would close the connection that holds the transaction of the test.
        signal.disconnect(close_old_connections)
    yield {"key": {"headers": {"Authorization": f"Bearer {shop.key}"}}, "cookieAuth": {"cookies": {"sessionid": session}}}
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


#: What fits the schema and may be refused all the same: what one field may be depends on another, or on what there is.
RULES_BEYOND = {
    "main_flows": "one system of a pair by itself",
    "quote_create": "a VAT number whose check digit is wrong",
    "sign_up_create": "a quote that there is not, a company of Sweden without an organisation number",
}


any_request = schemathesis.openapi.from_dict(documented.schema(), config=SchemathesisConfig(seed=7))
any_request.app = get_wsgi_application()


needing_a_key = any_request.exclude(lambda context: {} in context.operation.definition.raw["security"])


@pytest.mark.timeout(1800)
@needing_a_key.parametrize()
@FEW
def test_with_a_key(case: schemathesis.Case[Any], ways_in: Any) -> None:
    send(case, ways_in[way(case)])


@pytest.mark.timeout(1800)
@any_request.parametrize()
@FEW
def test_without_a_key(case: schemathesis.Case[Any], ways_in: Any) -> None:
    send(case, {})


def way(case: schemathesis.Case[Any]) -> str:
    """How one comes in. Where no key is needed one may have one all the same."""
    ways = case.operation.definition.raw["security"]
    return str(next(name for name in ("key", "cookieAuth") if any(name in way for way in ways)))


def send(case: schemathesis.Case[Any], more: dict[str, Any]) -> None:
    left_out: list[Any] = []
    if case.operation.definition.raw["operationId"] in RULES_BEYOND:
        left_out.append(checks.positive_data_acceptance)
    locations = (ParameterLocation.HEADER, ParameterLocation.COOKIE)
    if more and case.meta and any(case.meta.is_negative_at(location) for location in locations):
        # What was wrong may have been that there was no key: here there is one.
        left_out.append(checks.negative_data_rejection)
    if "cookies" in more:
        # It takes every cookie for one that it made up itself. Without one it looks.
        left_out.append(checks.ignored_auth)
    headers = {"Accept-Language": "en", **more.get("headers", {})}
    case.call_and_validate(headers=headers, cookies=more.get("cookies"), excluded_checks=left_out)
