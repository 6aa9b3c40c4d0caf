"""How an endpoint feels: the circuit that leaves a dead system alone, and the pause when it does not let us in."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F, Q

from connectors.errors import AccessError, ConnectorError, RateLimited, TemporaryError
from flows import dbclock, retry
from flows.models import Connection, Endpoint
from sharespine.lib.text import N_, Text


def worked(endpoint: Endpoint) -> None:
    """The endpoint answered as it should: the circuit closes. Writes only when that is news.

    What was still under way when the circuit opened does not close it.
    """
    if endpoint.is_open:
        return
    if endpoint.failures or endpoint.open_until or endpoint.health != Endpoint.Health.WORKING:
        endpoint.failures, endpoint.open_until = 0, None
        endpoint.health, endpoint.trouble = Endpoint.Health.WORKING, Text("")
        Endpoint.objects.filter(pk=endpoint.pk).update(
            failures=0, open_until=None, health=Endpoint.Health.WORKING, trouble=Text("")
        )


def failed(endpoint: Endpoint, error: ConnectorError) -> bool:
    """The endpoint failed with `error`. Returns whether it is to be left alone now."""
    if isinstance(error, AccessError):
        endpoint.health, endpoint.trouble = Endpoint.Health.DENIED, error.text
        Endpoint.objects.filter(pk=endpoint.pk).update(health=endpoint.health, trouble=error.text)
        return True
    if not isinstance(error, TemporaryError):
        return False
    if isinstance(error, RateLimited):
        # It works, it is only busy: the pause is what it asked for.
        Endpoint.objects.filter(pk=endpoint.pk).update(trouble=error.text)
        _leave_alone(endpoint, retry.backoff(1, retry_after=error.retry_after))
        return True
    Endpoint.objects.filter(pk=endpoint.pk).update(failures=F("failures") + 1, trouble=error.text)
    endpoint.refresh_from_db(fields=["failures"])
    pause_for = retry.open_circuit(endpoint.failures)
    if pause_for is None:
        return False
    endpoint.health = Endpoint.Health.DOWN
    Endpoint.objects.filter(pk=endpoint.pk).update(health=endpoint.health)
    _leave_alone(endpoint, pause_for)
    return True


def _leave_alone(endpoint: Endpoint, pause: timedelta) -> None:
    """Leave `endpoint` alone for so long from now; a longer pause that it asked for before is not cut short."""
    sooner = Q(open_until__isnull=True) | Q(open_until__lt=dbclock.ahead(pause))
    Endpoint.objects.filter(sooner, pk=endpoint.pk).update(open_until=dbclock.ahead(pause))
    endpoint.refresh_from_db(fields=["open_until"])


def pause(connection: Connection, endpoint: Endpoint, error: AccessError) -> None:
    """Pause `connection`, since `endpoint` does not let us in. Its orders keep their places."""
    if connection.state == Connection.State.PAUSED:
        return
    connection.state = Connection.State.PAUSED
    connection.pause_reason = Text(
        N_("%(endpoint)s does not let us in: %(error)s"), {"endpoint": endpoint.name, "error": error.text}
    )
    connection.save(update_fields=["state", "pause_reason"])
