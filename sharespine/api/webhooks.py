"""Incoming webhooks, one address per endpoint: kept, answered at once, and taken as a hint that something changed."""

from __future__ import annotations

import hashlib

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from connectors.errors import ConnectorError
from flows import services
from flows.models import Delivery, Endpoint

#: The longest body that is looked at: an order of 2,000 rows is about a megabyte.
LONGEST = 5_000_000


@csrf_exempt
@require_POST
def receive(request: HttpRequest, code: str) -> HttpResponse:
    """Take a webhook for the endpoint `code`. 200 when it is genuine, 401 when its signature is wrong, 413 when too long."""
    endpoint = get_object_or_404(Endpoint, code=code)
    if not endpoint.takes_webhooks:
        raise Http404
    if int(request.headers.get("Content-Length") or 0) > LONGEST:
        return HttpResponse(status=413)
    body = request.body
    try:
        with endpoint.connect() as connector:
            hint = connector.receive(request.headers, body)
    except ConnectorError as error:
        _keep(endpoint, body, state=Delivery.State.REFUSED, topic=error.code)
        return HttpResponse(status=401)
    if hint is None:
        _keep(endpoint, body, state=Delivery.State.IGNORED)
        return HttpResponse()
    with transaction.atomic():
        _keep(endpoint, body, state=Delivery.State.ACCEPTED, topic=hint.register, source_ids=list(hint.source_ids))
        services.hint(endpoint, hint.register)
    return HttpResponse()


def _keep(endpoint: Endpoint, body: bytes, *, state: str, topic: str = "", source_ids: list[str] | None = None) -> None:
    Delivery.objects.create(
        endpoint=endpoint, state=state, topic=topic, source_ids=source_ids or [], body_hash=hashlib.sha256(body).hexdigest()
    )
