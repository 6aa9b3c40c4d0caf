"""One message is sent once: over the transport of the connectors, with its deadlines and its judgement of addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.errors import AddressRefused, ConnectorError, TimedOut, TooLarge, Unreachable, Untrusted
from connectors.http import Limits, Transport
from flows.outgoing.addresses import trouble_with
from flows.outgoing.signing import Signed
from sharespine.lib.text import N_, Text

#: Seconds, and bytes of the answer, of which nobody needs more than the status.
LIMITS = Limits(connect=5, read=10, total=10, max_bytes=64 * 1024, retries=0)
#: Any answer is one: its status says what to make of it.
ANY = range(100, 1000)
GONE = 410
NOTHING = Text("")
#: It asks for time, or what stands before it says that it cannot be reached.
ASKS_FOR_TIME = (429, 502, 503, 504)

_FAILED: Mapping[type[ConnectorError], str] = {
    Unreachable: N_("No connection to the receiver could be made."),
    TimedOut: N_("The receiver did not answer within %(seconds)s seconds."),
    AddressRefused: N_("The address leads into a network that is not called from here, so nothing was sent. Change it."),
    Untrusted: N_("The certificate of the receiver cannot be trusted, so nothing was sent. Have it mended."),
}
_BROKEN = N_("The receiver broke off before its answer was complete, or answered with something that cannot be read.")
_SENT_ON = N_(
    "The receiver sent us on to another address (%(status)s) instead of taking the message. Change the address to the one that "
    "answers."
)
_WANTS_NO_MORE = N_("The receiver answered %(status)s: it wants no more messages.")
_REFUSED = N_("The receiver answered %(status)s instead of 2xx.")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one attempt. `status` is 0 where there was no answer; `trouble` is empty where it arrived."""

    status: int = 0
    trouble: Text = NOTHING
    retry_after: float | None = None

    @property
    def arrived(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == GONE

    @property
    def not_reached(self) -> bool:
        """Whether this says something about the receiver rather than about the message."""
        return not self.status or self.status in ASKS_FOR_TIME


def send(address: str, secrets: Mapping[str, str], uid: str, payload: dict[str, Any], *, at: datetime) -> Result:
    """Send a message once. Never raises what the other side causes."""
    if (trouble := trouble_with(address)) is not None:
        # It was allowed when it was entered, and the installation has changed since.
        return Result(trouble=trouble)
    parts = urlsplit(address)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    transport = Transport(
        f"{parts.scheme}://{parts.netloc}", auth=Signed(secrets, uid, at=at), secrets=secrets.values(), limits=LIMITS
    )
    try:
        answer = transport.request("POST", path, json=payload, ok=ANY)
    except TooLarge as error:
        # Its status came first, and says it all.
        return _answered(error.evidence.status, None)
    except ConnectorError as error:
        text = next((text for kind, text in _FAILED.items() if isinstance(error, kind)), _BROKEN)
        return Result(trouble=Text(text, {"seconds": f"{LIMITS.total:g}"}))
    finally:
        transport.close()
    return _answered(answer.status, answer.retry_after)


def _answered(status: int, retry_after: float | None) -> Result:
    if 200 <= status < 300:
        return Result(status)
    text = _SENT_ON if 300 <= status < 400 else _WANTS_NO_MORE if status == GONE else _REFUSED
    return Result(status, Text(text, {"status": str(status)}), retry_after)
